package serve

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"plumbline/labeling"
)

// Why somebody was refused, as the metrics say it.
const (
	refusedStartups  = "startups"  // too many connections without a session
	refusedAddress   = "address"   // too many connections of one address
	refusedHandshake = "handshake" // it broke, or was none
	refusedTimeout   = "timeout"   // it took too long
	refusedKey       = "key"       // no key that is enrolled for the user
	refusedStatus    = "status"    // paused or blocked
	refusedFull      = "full"      // too many sessions
)

// metrics are the figures of a server.
type metrics struct {
	registry    *prometheus.Registry
	sessions    *prometheus.GaugeVec
	handshakes  prometheus.Gauge
	logins      prometheus.Counter
	refusals    *prometheus.CounterVec
	judgements  prometheus.Counter
	skips       prometheus.Counter
	submit      prometheus.Histogram
	storeErrors *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry:    prometheus.NewRegistry(),
		sessions:    prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "plumb_label_sessions", Help: "Sessions open now, by view."}, []string{"view"}),
		handshakes:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "plumb_label_handshakes", Help: "Connections that have no session yet."}),
		logins:      prometheus.NewCounter(prometheus.CounterOpts{Name: "plumb_label_logins_total", Help: "Sessions that began."}),
		refusals:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "plumb_label_refusals_total", Help: "Connections and sessions refused, by reason."}, []string{"reason"}),
		judgements:  prometheus.NewCounter(prometheus.CounterOpts{Name: "plumb_label_judgements_total", Help: "Answers stored, corrections included."}),
		skips:       prometheus.NewCounter(prometheus.CounterOpts{Name: "plumb_label_skips_total", Help: "Items skipped."}),
		submit:      prometheus.NewHistogram(prometheus.HistogramOpts{Name: "plumb_label_submit_seconds", Help: "Time until an answer was on the disk.", Buckets: prometheus.ExponentialBuckets(.001, 2, 14)}),
		storeErrors: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "plumb_label_store_errors_total", Help: "Operations of the store that failed."}, []string{"operation"}),
	}
	m.registry.MustRegister(m.sessions, m.handshakes, m.logins, m.refusals, m.judgements, m.skips, m.submit, m.storeErrors,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) refuse(reason string) { m.refusals.WithLabelValues(reason).Inc() }

// slots tells the queue by state. It reads the store when asked, but spends no more than
// a hundredth of the time on it.
type slots struct {
	store   labeling.Archive
	project string
	desc    *prometheus.Desc

	mu    sync.Mutex
	good  time.Time // until then the count is good
	count map[labeling.SlotState]int
}

// slotsFor is how long a count is good for at least.
const slotsFor = 10 * time.Second

func newSlots(s labeling.Archive, project string) *slots {
	return &slots{store: s, project: project, desc: prometheus.NewDesc("plumb_label_slots", "Judgements wanted, by state.", []string{"state"}, nil)}
}

// Describe implements prometheus.Collector.
func (s *slots) Describe(to chan<- *prometheus.Desc) { to <- s.desc }

// Collect implements prometheus.Collector.
func (s *slots) Collect(to chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if begin := time.Now(); begin.After(s.good) {
		ctx, cancel := context.WithTimeout(context.Background(), healthTime)
		defer cancel()
		all, err := s.store.Slots(ctx, s.project)
		if err != nil {
			to <- prometheus.NewInvalidMetric(s.desc, err)
			return
		}
		s.good = time.Now().Add(max(slotsFor, 100*time.Since(begin)))
		s.count = map[labeling.SlotState]int{labeling.SlotOpen: 0, labeling.SlotLeased: 0, labeling.SlotDone: 0}
		for _, slot := range all {
			s.count[slot.State]++
		}
	}
	for state, n := range s.count {
		to <- prometheus.MustNewConstMetric(s.desc, prometheus.GaugeValue, float64(n), string(state))
	}
}

// healthTime is how long the store may take to answer.
const healthTime = 2 * time.Second

// machines answers /metrics and /healthz.
func (s *Server) machines() *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), healthTime)
		defer cancel()
		_, err := s.store.Project(ctx, s.project.Name)
		if err == nil {
			err = s.running.Err() // it ends
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte("ok\n")) //nolint:errcheck // whoever asked is gone
	})
	return &http.Server{Handler: mux, ReadHeaderTimeout: healthTime, ReadTimeout: healthTime, WriteTimeout: 10 * healthTime, MaxHeaderBytes: 1 << 14}
}

package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/charmbracelet/ssh"
	"github.com/charmbracelet/wish"
	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/time/rate"

	"plumbline/labeling"
	"plumbline/labeling/manage"
)

// Server is a store that people judge from over SSH.
type Server struct {
	c       Config
	store   labeling.Store
	project labeling.Project
	metrics *metrics
	gate    *gate
	crowd   *crowd
	bench   *manage.Bench
	now     func() time.Time
	paces   sync.Map // annotator -> *rate.Limiter

	ssh      *ssh.Server
	listener net.Listener
	http     *http.Server
	watchers net.Listener // of machines, or nil

	running  context.Context // until the server ends
	stop     context.CancelCauseFunc
	mu       sync.Mutex // held while a session begins, so that none begins after the end
	sessions sync.WaitGroup
}

// begin notes a session that begins, unless the server ends.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running.Err() != nil {
		return false
	}
	s.sessions.Add(1)
	return true
}

// Run serves until ctx is done; see Server.Run.
func Run(ctx context.Context, s labeling.Store, c Config) error {
	server, err := New(ctx, s, c)
	if err != nil {
		return err
	}
	return server.Run(ctx)
}

// New is a server that listens already, and serves nobody yet.
func New(ctx context.Context, store labeling.Store, c Config) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("labeling/serve: %w", err)
	}
	p, err := store.Project(ctx, c.Project)
	if err != nil {
		return nil, fmt.Errorf("labeling/serve: %w", err)
	}
	key, err := hostKey(c.HostKey)
	if err != nil {
		return nil, err
	}
	m := newMetrics()
	m.registry.MustRegister(newSlots(store, p.Name))
	s := &Server{c: c, store: store, project: p, metrics: m, gate: newGate(c, m), crowd: newCrowd(c.Sessions, c.PerAnnotator), bench: manage.NewBench(store, p.Name), now: time.Now}
	s.running, s.stop = context.WithCancelCause(context.WithoutCancel(ctx))
	if s.ssh, err = wish.NewServer(s.options(key)...); err != nil {
		return nil, fmt.Errorf("labeling/serve: %w", err)
	}
	return s, s.listen(ctx)
}

// options are the SSH server's: public keys only, sessions only.
func (s *Server) options(key gossh.Signer) []ssh.Option {
	return []ssh.Option{
		wish.WithVersion("label"),
		wish.WithPublicKeyAuth(s.proves),
		func(o *ssh.Server) error {
			o.AddHostKey(key)
			o.ConnCallback = s.gate.admit
			o.ConnectionFailedCallback = s.failed
			o.ServerConfigCallback = func(ssh.Context) *gossh.ServerConfig {
				return &gossh.ServerConfig{MaxAuthTries: s.c.AuthTries}
			}
			o.ChannelHandlers = map[string]ssh.ChannelHandler{"session": s.channel}
			o.RequestHandlers = map[string]ssh.RequestHandler{}
			o.SubsystemHandlers = map[string]ssh.SubsystemHandler{}
			return nil
		},
	}
}

func (s *Server) listen(ctx context.Context) (err error) {
	var l net.ListenConfig
	if s.listener, err = l.Listen(ctx, "tcp", s.c.Listen); err != nil {
		return fmt.Errorf("labeling/serve: %w", err)
	}
	if s.c.Metrics == "" {
		return nil
	}
	if s.watchers, err = l.Listen(ctx, "tcp", s.c.Metrics); err != nil {
		return errors.Join(fmt.Errorf("labeling/serve: metrics: %w", err), s.listener.Close())
	}
	return nil
}

// Addr is where annotators come in.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// MetricsAddr is where machines look, or nil.
func (s *Server) MetricsAddr() net.Addr {
	if s.watchers == nil {
		return nil
	}
	return s.watchers.Addr()
}

// Run serves until ctx is done. Then nobody new gets in, and every session keeps its
// draft and its lease, tells its annotator so, and ends: a server that starts on the same
// store goes on with each where they were. Run returns nil after such an end.
func (s *Server) Run(ctx context.Context) error {
	broken := make(chan error, 2)
	go func() { broken <- ended(s.ssh.Serve(s.listener)) }()
	if s.watchers != nil {
		s.http = s.machines()
		go func() { broken <- ended(s.http.Serve(s.watchers)) }()
	}
	s.c.Log.Info("listening", "address", s.Addr().String(), "metrics", s.c.Metrics, "project", s.project.Name)
	var err error
	select {
	case <-ctx.Done():
	case err = <-broken:
	}
	return errors.Join(err, s.end())
}

// ended drops the news that a server was asked to end.
func ended(err error) error {
	if err == nil || errors.Is(err, net.ErrClosed) || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("labeling/serve: %w", err)
}

// end lets sessions settle, cuts those that do not, and returns when all is in the store.
func (s *Server) end() error {
	s.c.Log.Info("ending")
	err := s.listener.Close()
	s.mu.Lock()
	s.stop(errRestart)
	s.mu.Unlock()
	settled := make(chan struct{})
	go func() { s.sessions.Wait(); close(settled) }()
	select {
	case <-settled:
	case <-time.After(s.c.Grace):
		s.c.Log.Warn("cutting sessions that do not settle")
	}
	s.gate.close()
	<-settled
	if s.http != nil {
		err = errors.Join(err, s.http.Close())
	}
	s.c.Log.Info("ended")
	return ended(err)
}

// pace is how fast an annotator may submit, whatever their session.
func (s *Server) pace(annotator int64) *rate.Limiter {
	perMinute := s.c.PerMinute
	l, _ := s.paces.LoadOrStore(annotator, rate.NewLimiter(rate.Limit(float64(perMinute)/60), max(1, perMinute/4)))
	return l.(*rate.Limiter)
}

package run

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"plumbline/internal/dataset"
	"plumbline/internal/engine"
	"plumbline/internal/random"
	"plumbline/models/generate"
)

// maxRedraws keeps the number of a draw below the bits of its place.
const maxRedraws = 1000

// drawing is the making of candidates under way.
type drawing struct {
	Candidates
	rt      *engine.Runtime
	prompts []dataset.Prompt
	journal *journal
	pools   [][]answered // [prompts][pool]

	sum         Drawn
	done, total int // answers
}

// answered is an answer to a prompt.
type answered struct {
	arm    int
	text   string
	scores []float64 // by reward model
	best   bool      // of its pool
}

// place is where an answer belongs: at a slot of a prompt's pool.
type place struct{ prompt, slot int }

// draw fills the pools, and draws anew what repeats another answer.
func (d *drawing) draw(ctx context.Context) error {
	began := time.Now()
	d.pools = deal(len(d.prompts), d.pool(), len(d.Arms), d.Seed)
	var wanted []place
	for i, pool := range d.pools {
		for slot := range pool {
			wanted = append(wanted, place{i, slot})
		}
	}
	for attempt := 0; len(wanted) > 0; attempt++ {
		d.total += len(wanted)
		if err := d.ask(ctx, wanted, attempt); err != nil {
			return err
		}
		if attempt == d.Redraws {
			break
		}
		wanted = d.repeats()
		d.sum.Redrawn += len(wanted)
	}
	if s := time.Since(began).Seconds(); s > 0 {
		d.sum.TokensPer = float64(d.sum.Tokens) / s
	}
	return nil
}

// deal gives each answer of each pool an arm: in a pool every arm before any a second
// time, over all pools each as often as any other, less or more by one. Which arms meet
// is random.
func deal(pools, size, arms int, seed uint64) [][]answered {
	used := make([]int, arms)
	all := make([][]answered, pools)
	for i := range all {
		order := random.New(seed, random.Key("sample.arms"), uint64(i)).Perm(arms)
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(used[a], used[b]) })
		all[i] = make([]answered, size)
		for slot := range all[i] {
			arm := order[slot%arms]
			all[i][slot].arm = arm
			used[arm]++
		}
	}
	return all
}

// ask has the wanted places answered, a model in memory at a time.
func (d *drawing) ask(ctx context.Context, wanted []place, attempt int) error {
	for first, arm := range d.Arms {
		if slices.ContainsFunc(d.Arms[:first], func(b Arm) bool { return b.Model == arm.Model }) {
			continue // its turn was then
		}
		if err := d.askModel(ctx, arm.Model, wanted, attempt); err != nil {
			return err
		}
	}
	return nil
}

func (d *drawing) askModel(ctx context.Context, model string, wanted []place, attempt int) error {
	var speaker *Speaker
	for i, arm := range d.Arms {
		if arm.Model != model {
			continue
		}
		left := d.recall(i, wanted, attempt)
		if len(left) == 0 {
			continue
		}
		if speaker == nil {
			var err error
			if speaker, err = OpenSpeaker(d.rt, model, "", d.Batch); err != nil {
				return err
			}
		}
		if err := d.askArm(ctx, speaker, arm, left, attempt); err != nil {
			return err
		}
	}
	return nil
}

// recall fills in the places of an arm that the journal holds and returns the others.
func (d *drawing) recall(arm int, wanted []place, attempt int) (left []place) {
	for _, w := range wanted {
		if d.at(w).arm != arm {
			continue
		}
		text, ok := d.journal.drawn[d.number(w, attempt)]
		if !ok {
			left = append(left, w)
			continue
		}
		d.at(w).text = text
		d.sum.Kept++
		d.done++
	}
	return left
}

func (d *drawing) at(w place) *answered { return &d.pools[w.prompt][w.slot] }

// number is the sequence of the seed that a draw is.
func (d *drawing) number(w place, attempt int) uint64 {
	return uint64(attempt)<<48 | uint64(w.prompt*d.pool()+w.slot)
}

// askArm lets a model answer at one temperature. Each answer is journalled as it ends.
func (d *drawing) askArm(ctx context.Context, s *Speaker, arm Arm, places []place, attempt int) error {
	var prompts []dataset.Prompt
	var numbers []uint64
	for _, w := range places {
		prompts, numbers = append(prompts, d.prompts[w.prompt]), append(numbers, d.number(w, attempt))
	}
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	o := generate.Options{
		MaxNew: d.MaxTokens, Temperature: arm.Temperature, Stop: s.stop(), Sequence: numbers,
		Seed: random.New(d.Seed, random.Key(StageSample)).Uint64(),
	}
	o.Done = func(i int, r generate.Rollout) {
		text := s.text(prompts[i], r)
		d.at(places[i]).text = text
		if err := d.journal.add(numbers[i], text); err != nil {
			stop(err)
		}
		d.sum.Answers, d.sum.Tokens = d.sum.Answers+1, d.sum.Tokens+len(r.Response)
		if d.done++; d.Tell != nil {
			d.Tell(d.done, d.total)
		}
	}
	_, err := s.reply(working, prompts, o)
	return cmp.Or(context.Cause(working), err) // why it was cancelled, before that it was
}

// repeats lists the places whose answer another of the pool has too, up to white space
// around it. The likeliest answer stays, as drawing it anew would not change it; of
// others the first stays.
func (d *drawing) repeats() (again []place) {
	for i, pool := range d.pools {
		said := map[string]bool{}
		for _, a := range pool {
			if d.Arms[a.arm].Temperature == 0 {
				said[strings.TrimSpace(a.text)] = true
			}
		}
		for slot, a := range pool {
			if d.Arms[a.arm].Temperature == 0 {
				continue
			}
			text := strings.TrimSpace(a.text)
			if said[text] {
				again = append(again, place{i, slot})
			}
			said[text] = true
		}
	}
	return again
}

// dropRepeats leaves answers that differ in the pools.
func (d *drawing) dropRepeats() {
	for i, pool := range d.pools {
		said := map[string]bool{}
		d.pools[i] = slices.DeleteFunc(pool, func(a answered) bool {
			text := strings.TrimSpace(a.text)
			again := said[text]
			said[text] = true
			return again
		})
	}
}

package train_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"plumbline/internal/random"
	"plumbline/internal/shared"
	"plumbline/internal/train"
)

// walker is the smallest thing that trains: a random walk with momentum. Whoever
// resumes it wrongly ends elsewhere.
type walker struct {
	at float32
	momentum
	pause   time.Duration
	stepErr error // after step 5
	saveErr error // after the model is written
	asked   []int // steps that were asked for
}

func (w *walker) Step(_ context.Context, step int) (train.Metrics, error) {
	time.Sleep(w.pause)
	w.asked = append(w.asked, step)
	if step > 5 && w.stepErr != nil {
		return nil, w.stepErr
	}
	w.speed = .9*w.speed + random.New(1, uint64(step)).Float32() - .5
	w.at += w.speed
	w.steps++
	return train.Metrics{"loss": float64(w.at), "tokens": 10}, nil
}

// Evaluate is best at step 6 and has a second best at 9.
func (w *walker) Evaluate(_ context.Context, step int) (train.Metrics, error) {
	return train.Metrics{"eval_loss": math.Abs(float64(step) - 6.5)}, nil
}

func (w *walker) Samples() []train.Sample {
	return []train.Sample{{Model: "walk", ID: "1", Prompt: "go", Response: strings.Repeat("x", w.steps)}}
}

func (w *walker) Save(dir string, s *train.State) error {
	s.Values["steps"] = float64(w.steps)
	b := binary.LittleEndian.AppendUint32(nil, math.Float32bits(w.at))
	if err := os.WriteFile(filepath.Join(dir, "model.bin"), b, 0o600); err != nil {
		return err
	}
	if w.saveErr != nil {
		return w.saveErr
	}
	return train.SaveOptimizers(dir, map[string]train.Moments{"walk": &w.momentum})
}

func (w *walker) Load(dir string, s train.State) error {
	b, err := os.ReadFile(filepath.Join(dir, "model.bin"))
	if err != nil {
		return err
	}
	w.at = math.Float32frombits(binary.LittleEndian.Uint32(b))
	if err := train.LoadOptimizers(dir, map[string]train.Moments{"walk": &w.momentum}); err != nil {
		return err
	}
	if float64(w.steps) != s.Values["steps"] {
		return errors.New("steps of optimizer and state differ")
	}
	return nil
}

// momentum is what an optimiser has to remember.
type momentum struct {
	speed float32
	steps int
}

func (m *momentum) State() (int, map[string][]float32) {
	return m.steps, map[string][]float32{"m/speed": {m.speed}}
}

func (m *momentum) Load(step int, moments map[string][]float32) error {
	if len(moments["m/speed"]) != 1 {
		return errors.New("no speed")
	}
	m.steps, m.speed = step, moments["m/speed"][0]
	return nil
}

func loop(dir string) train.Loop {
	return train.Loop{RunDir: dir, Stage: "walk", Seed: 1, Steps: 20, SaveEvery: 4, EvalEvery: 3, BestBy: "eval_loss"}
}

// same fails unless two run directories hold the same checkpoints and logs.
func same(t *testing.T, got, want string) {
	t.Helper()
	shared.SameFiles(t, filepath.Join(got, "walk"), filepath.Join(want, "walk"))
	sameText(t, recorded(t, got), recorded(t, want))
}

func undisturbed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := loop(dir).Run(t.Context(), &walker{}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestLoop_Directory(t *testing.T) {
	dir := undisturbed(t)
	got := shared.Files(t, filepath.Join(dir, "walk"))
	if got["last"] != "step-000020" || got["best"] != "step-000006" {
		t.Errorf("last -> %s, best -> %s, want step-000020 and step-000006", got["last"], got["best"])
	}
	if len(got) != 2+2*3 {
		t.Errorf("got %d files %v, want two checkpoints of three files and two links", len(got), got)
	}
	want := `{
  "stage": "walk",
  "seed": 1,
  "step": 6,
  "best": {
    "step": 6,
    "metric": "eval_loss",
    "value": 0.5
  },
  "values": {
    "steps": 6
  }
}
`
	if got := got["step-000006/state.json"]; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestLoop_InterruptAnywhere(t *testing.T) {
	want := undisturbed(t)
	for stop := range 20 {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		l := loop(dir)
		l.Emit = func(e train.Event) {
			if e.Step == stop && (e.Kind == train.StepDone || e.Kind == train.StageBegan) {
				cancel()
			}
		}
		_, err := l.Run(ctx, &walker{})
		var e *train.Interrupted
		if !errors.As(err, &e) || e.Step != stop || !errors.Is(err, context.Canceled) {
			t.Fatalf("stop after %d: err = %v", stop, err)
		}
		w := &walker{}
		if _, err := loop(dir).Run(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		if w.asked[0] != stop+1 {
			t.Errorf("resumed at step %d, want %d", w.asked[0], stop+1)
		}
		same(t, dir, want)
	}
}

// TestMain lets the test program be the process that gets killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("WALK_IN"); dir != "" {
		if _, err := loop(dir).Run(context.Background(), &walker{pause: 3 * time.Millisecond}); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

func TestLoop_KillAnywhere(t *testing.T) {
	want := undisturbed(t)
	r := random.New(uint64(time.Now().UnixNano()))
	killed := 0
	for range 10 {
		dir := t.TempDir()
		for tries := 0; ; tries++ {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "WALK_IN="+dir)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if tries < 3 {
				time.Sleep(time.Duration(r.IntN(90)) * time.Millisecond)
				if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Fatal(err)
				}
			}
			if err := cmd.Wait(); err == nil {
				break
			} else if tries >= 3 {
				t.Fatal(err)
			}
			killed++
		}
		same(t, dir, want)
	}
	if killed == 0 {
		t.Error("nothing was killed")
	}
}

func TestLoop_FailuresLeaveTheLastCheckpoint(t *testing.T) {
	for _, tt := range []struct {
		name string
		w    walker
		want string
	}{
		{"a step fails", walker{stepErr: errors.New("loss: got NaN, want a finite number")}, "train: walk step 6: loss: got NaN"},
		{
			"disk full",
			walker{saveErr: &fs.PathError{Op: "write", Path: "runs/a/model.bin", Err: syscall.ENOSPC}},
			"train: save: durable: write runs/a/model.bin: no space left on device",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			l := loop(dir)
			l.Steps, l.EvalEvery = 4, 0
			if _, err := l.Run(t.Context(), &walker{}); err != nil {
				t.Fatal(err)
			}
			before := shared.Files(t, filepath.Join(dir, "walk"))
			l.Steps = 20
			if _, err := l.Run(t.Context(), &tt.w); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want %s", err, tt.want)
			}
			after := shared.Files(t, filepath.Join(dir, "walk"))
			for name, text := range before {
				if after[name] != text {
					t.Errorf("%s changed", name)
				}
			}
			if len(after) != len(before) {
				t.Errorf("left behind: %v", after)
			}
		})
	}
}

func TestLoop_RefusesAnotherRun(t *testing.T) {
	dir := undisturbed(t)
	for name, change := range map[string]func(*train.Loop){
		"seed 2":    func(l *train.Loop) { l.Seed = 2 },
		"step ≤ 12": func(l *train.Loop) { l.Steps = 12 },
	} {
		l := loop(dir)
		change(&l)
		if _, err := l.Run(t.Context(), &walker{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("err = %v, want %s in it", err, name)
		}
	}
}

func TestLoop_Events(t *testing.T) {
	var kinds []train.Kind
	l := loop(t.TempDir())
	l.Steps = 1
	l.Emit = func(e train.Event) { kinds = append(kinds, e.Kind) }
	if _, err := l.Run(t.Context(), &walker{}); err != nil {
		t.Fatal(err)
	}
	want := []train.Kind{train.StageBegan, train.StepDone, train.SampleDrawn, train.Saved, train.StageDone}
	if !slices.Equal(kinds, want) {
		t.Errorf("got %v, want %v", kinds, want)
	}
}

// A crash after the link last moved and before best did.
func TestLoop_MovesBestAfterACrash(t *testing.T) {
	want, dir := undisturbed(t), t.TempDir()
	l := loop(dir)
	l.Steps = 6
	if _, err := l.Run(t.Context(), &walker{}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "walk", train.BestLink)); err != nil {
		t.Fatal(err)
	}
	if _, err := loop(dir).Run(t.Context(), &walker{}); err != nil {
		t.Fatal(err)
	}
	same(t, dir, want)
}

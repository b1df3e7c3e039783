package scorers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Program is a scorer that somebody wrote: an external program that lives as long as
// the run. Line n of its standard input is
//
//	{"id": n, "prompt": "...", "response": "..."}
//
// with n = 1, 2, ...; before the next one it must write a line with the same id and a
// finite score, flushed, to its standard output; further keys do not count:
//
//	{"id": n, "score": 0.5}
//
// What it writes to standard error is shown where it fails. It is never restarted: after
// a line that is late, is no such answer or has another id, or after the program's end,
// this and every further Score is an error that names the program and the line, and the
// program with all its children is ended. So it is when ctx ends.
type Program struct {
	path    string
	timeout time.Duration
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	stderr  tail

	mu     sync.Mutex // one Score at a time
	line   int        // sent so far
	broken error      // why it cannot be asked any more
}

// The longest answer that is read, and how long an ended program may keep its pipes.
const (
	longestAnswer = 64 << 10
	grace         = 2 * time.Second
)

// StartProgram starts command, its path and arguments, without a shell. timeout is for
// one line; 0 is DefaultTimeout. A command that is missing or cannot be run is an error.
func StartProgram(command []string, timeout time.Duration) (*Program, error) {
	if len(command) == 0 {
		return nil, errors.New("scorers: program: got no command, want a path and arguments")
	}
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	p := &Program{path: command[0], timeout: timeout, cmd: exec.Command(command[0], command[1:]...)}
	p.cmd.Stderr = &p.stderr
	p.cmd.WaitDelay = grace
	ownGroup(p.cmd)
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, p.errorf("%w", err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, p.errorf("%w", err)
	}
	p.out = bufio.NewReaderSize(out, longestAnswer)
	if err := p.cmd.Start(); err != nil {
		return nil, p.errorf("start: %w", err)
	}
	return p, nil
}

func (p *Program) errorf(format string, a ...any) error {
	return fmt.Errorf("scorers: program %s: %w", p.path, fmt.Errorf(format, a...))
}

// Name is the program's path.
func (p *Program) Name() string { return p.path }

// Score asks for the pairs one after the other.
func (p *Program) Score(ctx context.Context, prompts, responses []string) ([]float64, error) {
	if err := paired(p.path, prompts, responses); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	scores := make([]float64, len(responses))
	for i := range scores {
		if p.broken != nil {
			return nil, p.broken
		}
		p.line++
		var err error
		if scores[i], err = p.ask(ctx, prompts[i], responses[i]); err != nil {
			p.broken = p.end(fmt.Errorf("line %d: %w", p.line, err))
		}
	}
	return scores, p.broken
}

// end kills a program that failed and tells why, with its exit and its last words.
func (p *Program) end(cause error) error {
	kill(p.cmd)
	_ = p.in.Close()
	exit := p.cmd.Wait() // killed: its status says nothing, unless it ended by itself
	if errors.Is(cause, io.ErrUnexpectedEOF) {
		cause = fmt.Errorf("%w (%v)", cause, exited(exit))
	}
	if words := p.stderr.String(); words != "" {
		cause = fmt.Errorf("%w; it said: %s", cause, words)
	}
	return p.errorf("%w", cause)
}

func exited(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// ask sends one line and waits for its answer.
func (p *Program) ask(ctx context.Context, prompt, response string) (float64, error) {
	type reply struct {
		score float64
		err   error
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	done := make(chan reply, 1)
	line := p.line
	go func() {
		score, err := p.exchange(line, prompt, response)
		done <- reply{score, err}
	}()
	late := time.NewTimer(p.timeout)
	defer late.Stop()
	select {
	case r := <-done:
		return r.score, r.err
	case <-late.C:
		return 0, fmt.Errorf("got no answer in %v", p.timeout)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (p *Program) exchange(line int, prompt, response string) (float64, error) {
	question, err := json.Marshal(struct {
		ID       int    `json:"id"`
		Prompt   string `json:"prompt"`
		Response string `json:"response"`
	}{line, prompt, response})
	if err != nil {
		return 0, err
	}
	if _, err := p.in.Write(append(question, '\n')); err != nil {
		return 0, fmt.Errorf("cannot be asked: %w", io.ErrUnexpectedEOF) // a broken pipe: it is gone
	}
	answer, err := p.out.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return 0, fmt.Errorf("got an answer of more than %d bytes: %s", longestAnswer, quoted(answer))
	case err != nil && len(answer) > 0:
		return 0, fmt.Errorf("got an answer cut short, %s: %w", quoted(answer), io.ErrUnexpectedEOF)
	case err != nil:
		return 0, fmt.Errorf("ended without an answer: %w", io.ErrUnexpectedEOF)
	}
	return parse(answer, line)
}

// parse is the score of an answer to a line.
func parse(answer []byte, line int) (float64, error) {
	var got struct {
		ID    *json.Number `json:"id"`
		Score *float64     `json:"score"`
	}
	const want = `want {"id": %d, "score": a finite number}`
	if err := json.Unmarshal(answer, &got); err != nil {
		return 0, fmt.Errorf("got %s, "+want+": %w", quoted(answer), line, err)
	}
	if got.ID == nil || got.Score == nil {
		return 0, fmt.Errorf("got %s, "+want, quoted(answer), line)
	}
	if got.ID.String() != fmt.Sprint(line) {
		return 0, fmt.Errorf("got an answer to line %s, "+want, got.ID, line)
	}
	return *got.Score, nil
}

// quoted is the beginning of what a program wrote, for an error.
func quoted(b []byte) string {
	const most = 120
	s := strings.TrimRight(string(b), "\r\n")
	if len(s) > most {
		s = s[:most] + "…"
	}
	return fmt.Sprintf("%q", s)
}

// Close ends the program: its input is closed, and if it does not leave within 2 s it
// and its children are killed. A program that leaves with an error is an error.
func (p *Program) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken != nil {
		return nil // ended and told
	}
	p.broken = p.errorf("closed")
	_ = p.in.Close() // it may be gone already: Wait tells
	killer := time.AfterFunc(grace, func() { kill(p.cmd) })
	err := p.cmd.Wait()
	if !killer.Stop() {
		return p.errorf("did not end within %v of its input's end, so it was killed", grace)
	}
	if err != nil {
		return p.errorf("ended: %w; it said: %s", err, p.stderr.String())
	}
	return nil
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

const longestTail = 2 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - longestTail; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(strings.ToValidUTF8(string(t.kept), "�"))
}

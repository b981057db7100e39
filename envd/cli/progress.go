package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/report"
	"github.com/envd-dev/envd/envd/internal/runner"
)

// progress shows people what a run is doing: a line for every step and, on a terminal, a last line that is rewritten while
// the load goes on, or while something takes long.
type progress struct {
	out   io.Writer
	live  bool
	width func() int // of a terminal, which may be resized
	color bool
	begin time.Time

	mu       sync.Mutex
	status   bool                     // the live line is on the screen
	sampled  time.Time                // when it last told of the load
	underWay map[string]time.Time     // the operations, and when they started
	told     map[string]time.Duration // how long they had been under way when that was last told
}

func newProgress(f *os.File) *progress {
	return &progress{out: f, live: terminal(f), width: func() int { return width(f) }, color: colored(f), begin: time.Now()}
}

// notice prints one step of a run.
func (p *progress) notice(n runner.Notice) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n.Observation != nil {
		p.observation(n.Observation)
		return
	}
	p.operation(n)
	if n.Failed {
		p.line("✗", n.Step+": "+n.Text)
	}
}

func (p *progress) observation(o *envd.Observation) {
	switch {
	case o.Sample != nil:
		p.sample(o)
	case o.Run != nil:
		p.runEvent(o.Run)
	case o.Service != nil && o.Service.Name == envd.ServiceReady:
		p.line("✓", "service "+o.Service.Service+" ready "+o.Service.Detail)
	case o.Service != nil && o.Service.Name == envd.ServiceExited && o.Service.Restarting:
		p.line("!", "service "+o.Service.Service+" ended and is started again: "+o.Service.Detail)
	case o.Service != nil && o.Service.Name == envd.ServiceExited && !o.Service.Expected:
		p.line("✗", "service "+o.Service.Service+" ended: "+o.Service.Detail)
	case o.StageEvent != nil && o.StageEvent.Name == envd.StageStarted:
		p.line("▸", "stage "+o.Stage)
	case o.Functional != nil && o.Functional.ExitCode == 0 && o.Functional.Error == "":
		p.line("✓", "tests passed after "+o.Functional.Duration.Std().Round(time.Millisecond).String())
	case o.Functional != nil && o.Functional.Error != "":
		p.line("✗", "tests failed: "+o.Functional.Error)
	case o.Functional != nil:
		p.line("✗", fmt.Sprintf("tests failed: exit code %d", o.Functional.ExitCode))
	case o.Load != nil:
		p.line("✓", fmt.Sprintf("load ended: %d iterations, %d dropped", o.Load.Iterations, o.Load.Dropped))
	case o.Fault != nil:
		p.fault(o.Fault)
	case o.Leftover != nil:
		p.line("✗", fmt.Sprintf("left behind: %s %s %s", o.Leftover.Kind, o.Leftover.ID, o.Leftover.Detail))
	}
}

func (p *progress) runEvent(e *envd.RunEvent) {
	switch e.Name {
	case envd.RunProvisioned:
		p.line("✓", "environment up")
	case envd.RunExercised:
		p.line("✓", "exercised")
	case envd.RunTornDown:
		p.line("✓", "torn down")
	case envd.RunConnectionsUnseen:
	default:
		p.line("✗", strings.ReplaceAll(e.Name, "_", " ")+": "+e.Detail)
	}
}

func (p *progress) fault(e *envd.FaultEvent) {
	text := fmt.Sprintf("fault %s %s", e.Fault, e.Name)
	if e.Effect != nil {
		text += ": " + e.Effect.Summary
	}
	mark := "⚡"
	if e.Error != "" {
		mark, text = "✗", text+": "+e.Error
	}
	p.line(mark, text)
}

// sample rewrites the live line.
func (p *progress) sample(o *envd.Observation) {
	if !p.live {
		return
	}
	s := o.Sample
	p.sampled = time.Now()
	p.rewrite(fmt.Sprintf("%d req/s  p95 %.0f ms  %d failed  %s", s.Requests, s.Latency.Quantile(0.95), s.Failed, o.Stage))
}

// rewrite writes the live line.
func (p *progress) rewrite(text string) {
	line := []rune("  " + text)
	line = line[:min(len(line), max(0, p.width()-1))] // a line that wraps cannot be rewritten
	fmt.Fprintf(p.out, "\r\033[K%s", string(line))
	p.status = true
}

// clear takes the live line off the screen.
func (p *progress) clear() {
	if p.status {
		fmt.Fprint(p.out, "\r\033[K")
		p.status = false
	}
}

// line prints one finished step. The text may quote what services wrote, so control characters are removed.
func (p *progress) line(mark, text string) {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = report.CleanLine(lines[i])
	}
	p.clear()
	if p.color {
		color := map[string]string{"✓": "32", "✗": "31", "⚡": "33", "▸": "36"}[mark]
		mark = "\033[" + color + "m" + mark + "\033[0m"
	}
	fmt.Fprintf(p.out, "%7.2fs %s %s\n", time.Since(p.begin).Seconds(), mark, strings.Join(lines, "\n"))
}

func (p *progress) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

//go:build unix

package loadprofiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// RunOptions are what [K6.Run] may be given besides the configuration.
type RunOptions struct {
	Log     io.Writer     // gets k6's log, JSON lines
	Begun   func()        // called when the schedule begins
	Measure func(Measure) // gets every measure, from one goroutine
}

// stopGrace is how long k6 may take to end after it was interrupted. It exceeds the graceful stop of iterations.
const stopGrace = defaultGraceful + 10*time.Second

// abortInterval is how often k6 itself looks at thresholds that may abort a run.
const abortInterval = 2 * time.Second

// Run runs k6 as a child of this process until it ends. Cancelling the context interrupts k6, which then ends its
// iterations; the summary is then still returned, next to the context's error.
func (k K6) Run(ctx context.Context, cfg Config, opts RunOptions) (summary Summary, err error) {
	script, err := k.Inspect(ctx, cfg)
	if err != nil {
		return Summary{}, err
	}
	dir, err := os.MkdirTemp("", "envd-load-")
	if err != nil {
		return Summary{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	inv, err := Command(cfg, script, Layout{K6: k.Path, Dir: dir})
	if err != nil {
		return Summary{}, err
	}
	for _, f := range inv.Files {
		if err := os.WriteFile(f.Path, f.Data, 0o600); err != nil {
			return Summary{}, err
		}
	}
	return inv.run(ctx, opts)
}

func (inv Invocation) run(ctx context.Context, opts RunOptions) (Summary, error) {
	running, abort := context.WithCancel(ctx)
	defer abort()
	cmd := exec.CommandContext(running, inv.Args[0], inv.Args[1:]...)
	cmd.Dir, cmd.Env = inv.Dir, inv.Env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopGrace
	log, stderr := io.Pipe()
	cmd.Stderr = stderr
	measures, stream := io.Pipe()

	rec := NewRecorder(inv.Plan, opts.Begun)
	begin := time.Now()
	logged, read, ended := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	go func() {
		err := rec.ReadLog(log, opts.Log)
		_ = log.CloseWithError(err) // does not fail; k6 must not block on what nobody reads
		logged <- err
	}()
	go func() {
		err := rec.ReadMeasures(measures, opts.Measure)
		_ = measures.CloseWithError(err)
		read <- err
	}()
	go func() {
		err := Relay(cmd, stream)
		var exit *exec.ExitError
		if errors.As(err, &exit) || errors.Is(err, context.Canceled) {
			err = nil // the summary tells
		}
		ended <- errors.Join(err, stream.Close(), stderr.Close())
	}()
	watch := time.NewTicker(abortInterval)
	defer watch.Stop()
	for {
		select {
		case <-watch.C:
			if _, crossed := rec.Abort(time.Since(begin)); crossed {
				abort() // the summary tells which threshold
			}
		case err := <-ended:
			err = errors.Join(err, <-read, <-logged)
			if cmd.ProcessState == nil {
				return Summary{}, fmt.Errorf("start k6: %w", err)
			}
			state := cmd.ProcessState
			return rec.Summary(Exit{
				Code: state.ExitCode(), Wall: time.Since(begin), CPU: state.UserTime() + state.SystemTime(),
				CPUs: float64(runtime.NumCPU()),
			}), errors.Join(err, ctx.Err())
		}
	}
}

//go:build unix

package loadprofiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// RunOptions are what [K6.Run] may be given besides the configuration.
type RunOptions struct {
	Log   io.Writer   // gets k6's log, JSON lines
	Point func(Point) // gets every sample, from one goroutine
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
	pipe, err := NewPipe(filepath.Join(dir, "samples.csv"))
	if err != nil {
		return Summary{}, err
	}
	defer func() { err = errors.Join(err, pipe.Close()) }()
	return inv.run(ctx, pipe, opts)
}

func (inv Invocation) run(ctx context.Context, pipe *Pipe, opts RunOptions) (Summary, error) {
	running, abort := context.WithCancel(ctx)
	defer abort()
	cmd := exec.CommandContext(running, inv.Args[0], inv.Args[1:]...)
	cmd.Dir, cmd.Env = inv.Dir, inv.Env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopGrace
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return Summary{}, err
	}
	rec := NewRecorder(inv.Plan)
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return Summary{}, fmt.Errorf("start k6: %w", err)
	}
	watch := time.NewTicker(abortInterval)
	defer watch.Stop()
	log := io.Reader(stderr)
	if opts.Log != nil {
		log = io.TeeReader(stderr, opts.Log)
	}
	samples, ended := make(chan error, 1), make(chan error, 1)
	go func() { samples <- rec.ReadSamples(pipe, opts.Point) }()
	go func() {
		logged := rec.ReadLog(log) // before Wait, which closes the pipe
		waited := cmd.Wait()
		var exit *exec.ExitError
		if errors.As(waited, &exit) || errors.Is(waited, context.Canceled) {
			waited = nil // the summary tells
		}
		ended <- errors.Join(logged, waited)
	}()
	for {
		select {
		case <-watch.C:
			if _, crossed := rec.Abort(time.Since(begin)); crossed {
				abort() // the summary tells which threshold
			}
		case err := <-ended:
			err = errors.Join(err, pipe.Finish(), <-samples)
			state := cmd.ProcessState
			return rec.Summary(Exit{
				Code: state.ExitCode(), Wall: time.Since(begin), CPU: state.UserTime() + state.SystemTime(),
				CPUs: float64(runtime.NumCPU()),
			}), errors.Join(err, ctx.Err())
		}
	}
}

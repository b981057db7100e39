// Package launch starts runners as processes of their own, and finds the runs of this user.
package launch

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/envd-dev/envd/envd/internal/evidence"
)

// readyFD is the descriptor on which a detached runner reports to its starter that it is ready.
const readyFD = 3

// ReadyVariable is set for a runner whose starter waits on readyFD.
const ReadyVariable = "ENVD_READY_FD"

// Options say which runner to start.
type Options struct {
	Exe string   // the envd binary
	Arg []string // its arguments: up SPEC --foreground …, or run SPEC …
	Env []string // nil: this process's own
	Dir string   // the run directory, which the arguments name too

	// Stdout and Stderr get the runner's output until it calls Detach. If they are nil, it goes to runner.log in the run
	// directory.
	Stdout, Stderr *os.File
}

// Start starts a runner that outlives this process, in a session of its own, and returns its process. What it prints
// goes to runner.log in its run directory.
func Start(o Options) (*exec.Cmd, error) { return start(o, nil) }

func start(o Options, ready *os.File) (*exec.Cmd, error) {
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, err
	}
	log, err := openLog(o.Dir)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(o.Exe, o.Arg...)
	cmd.Env = o.Env
	cmd.Stdout, cmd.Stderr = cmp.Or(o.Stdout, log), cmp.Or(o.Stderr, log)
	cmd.SysProcAttr = ownSession()
	if ready != nil {
		cmd.ExtraFiles = []*os.File{ready}
		// Somebody is waiting for it to start: garbage collection is turned on later, in Inherited.
		cmd.Env = append(cmd.Environ(), fmt.Sprintf("%s=%d", ReadyVariable, readyFD), "GOGC=off")
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a runner: %w", err)
	}
	return cmd, nil
}

// Failure is a runner that ended before it was ready: its exit code and what it printed.
type Failure struct {
	ExitCode int
	Output   string
}

func (f *Failure) Error() string {
	if f.Output == "" {
		return fmt.Sprintf("the runner ended with exit code %d", f.ExitCode)
	}
	return f.Output
}

// Up starts a runner and waits until its environment is ready. If ctx ends first, it asks the runner to end and waits for
// that, so that nothing half-built stays behind.
func Up(ctx context.Context, o Options) (evidence.Meta, error) {
	var meta evidence.Meta
	reader, writer, err := os.Pipe()
	if err != nil {
		return meta, err
	}
	defer reader.Close()
	cmd, err := start(o, writer)
	writer.Close()
	if err != nil {
		return meta, err
	}
	stop := context.AfterFunc(ctx, func() {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended already
	})
	defer stop()
	err = json.NewDecoder(reader).Decode(&meta)
	if err == nil && ctx.Err() == nil {
		return meta, cmd.Process.Release()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return meta, errors.Join(err, cmd.Wait())
	}
	failed := &Failure{}
	if werr := cmd.Wait(); werr != nil {
		failed.ExitCode = cmd.ProcessState.ExitCode()
	}
	if ctx.Err() != nil {
		return meta, context.Cause(ctx)
	}
	out, err := os.ReadFile(filepath.Join(o.Dir, evidence.RunnerLog))
	if err != nil {
		return meta, err
	}
	failed.Output = strings.TrimRight(string(out), "\n")
	return meta, failed
}

func openLog(dir string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, evidence.RunnerLog), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}

// Detach redirects the output of this runner to runner.log in its run directory: the terminal belongs to its starter again.
func Detach(dir string) error {
	log, err := openLog(dir)
	if err != nil {
		return err
	}
	return errors.Join(redirect(log, 1), redirect(log, 2), log.Close())
}

// Ready tells the starter that waits in Up, if there is one, that the environment is ready.
func Ready(meta evidence.Meta) error {
	if os.Getenv(ReadyVariable) == "" {
		return nil
	}
	w := os.NewFile(readyFD, "ready")
	return errors.Join(json.NewEncoder(w).Encode(meta), w.Close())
}

// Inherited hides from this runner's own child processes what it got from its starter. A runner calls it first.
func Inherited() {
	if os.Getenv(ReadyVariable) == "" {
		return
	}
	closeOnExec(readyFD)
	debug.SetGCPercent(100)
	_ = os.Unsetenv("GOGC") // fails for malformed names alone
}

// NewID returns a new ID for a run of the spec of that name, which is shortened if the ID would be too long.
func NewID(name string) string {
	return name[:min(len(name), 56)] + "-" + strings.ToLower(rand.Text()[:6])
}

// StateDir is where envd keeps its runs: $ENVD_STATE_DIR, or envd in the user's XDG state directory.
func StateDir() (string, error) {
	if dir := os.Getenv("ENVD_STATE_DIR"); dir != "" {
		return filepath.Abs(dir)
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "envd"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("set ENVD_STATE_DIR: %w", err)
	}
	return filepath.Join(home, ".local", "state", "envd"), nil
}

// RunsDir returns the folder of all run directories that were not placed elsewhere by --out.
func RunsDir() (string, error) {
	dir, err := StateDir()
	return filepath.Join(dir, "runs"), err
}

// Alive reports whether a run's runner is alive: it has not finished, and its process exists. A process with the same PID
// that started after the run does not count.
func Alive(m evidence.Meta) bool {
	return m.Status != evidence.Finished && m.PID != 0 && processExists(m.PID, m.Started)
}

// Runs lists the runs below root, the newest first.
func Runs(root string) ([]evidence.Meta, error) {
	dirs, err := evidence.List(root)
	if err != nil {
		return nil, err
	}
	var runs []evidence.Meta
	for _, d := range dirs {
		if m, err := d.Meta(); err == nil {
			runs = append(runs, m)
		}
	}
	slices.SortFunc(runs, func(a, b evidence.Meta) int { return b.Started.Compare(a.Started) })
	return runs, nil
}

// Find returns the run of that ID, or the only one whose ID begins with it.
func Find(root, id string) (*evidence.Dir, evidence.Meta, error) {
	runs, err := Runs(root)
	if err != nil {
		return nil, evidence.Meta{}, err
	}
	var hits []string
	for _, m := range runs {
		if m.ID == id {
			hits = []string{id}
			break
		}
		if strings.HasPrefix(m.ID, id) && Alive(m) {
			hits = append(hits, m.ID)
		}
	}
	switch len(hits) {
	case 0:
		return nil, evidence.Meta{}, fmt.Errorf("no environment or run %q here; `envd ls --all` lists them", id)
	case 1:
		d, err := evidence.Open(filepath.Join(root, hits[0]))
		if err != nil {
			return nil, evidence.Meta{}, err
		}
		m, err := d.Meta()
		return d, m, err
	}
	return nil, evidence.Meta{}, fmt.Errorf("%q could be %s", id, strings.Join(hits, " or "))
}

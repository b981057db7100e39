// Package evidence is the run directory: everything from which a verdict can be recomputed offline.
package evidence

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/envd-dev/envd/envd"
)

// The files of a run directory.
const (
	MetaFile         = "run.json"
	SpecFile         = "spec.json"
	PlanFile         = "plan.txt"
	JournalFile      = "journal.ndjson"
	ObservationsFile = "observations.ndjson"
	VerdictFile      = "verdict.json"
	JUnitFile        = "junit.xml"
	HTMLFile         = "report.html"
	TextFile         = "report.txt"
	JSONFile         = "report.json" // what `envd run -o json` prints
	SumsFile         = "SHA256SUMS"  // of all other files, written last
	RunnerLog        = "runner.log"  // output of a detached runner; not evidence, because it goes on after the end of the run
	LogsDir          = "logs"
	StubsDir         = "stubs"
	StubMetricsFile  = StubsDir + "/metrics.prom" // of all stubs at the end, in Prometheus' text format
)

// Status is where a run stands.
type Status string

const (
	Provisioning Status = "provisioning"
	Ready        Status = "ready" // an environment that waits for its lease to end
	Exercising   Status = "exercising"
	TearingDown  Status = "tearing_down"
	Finished     Status = "finished"
)

// Meta is run.json: who runs it and where it stands. It is replaced as a whole, never half written.
type Meta struct {
	ID       string       `json:"id"` // of the run and of its environment
	Name     string       `json:"name"`
	Kind     string       `json:"kind"` // run or up
	Runtime  string       `json:"runtime"`
	SpecFile string       `json:"spec_file,omitempty"`
	PID      int          `json:"pid"`
	Control  string       `json:"control,omitempty"` // address of the runner's control API: unix:@name or unix:/path
	Status   Status       `json:"status"`
	Stage    string       `json:"stage,omitempty"`
	Started  time.Time    `json:"started"`
	Ended    time.Time    `json:"ended,omitzero"`
	Expires  time.Time    `json:"expires,omitzero"` // end of the lease
	Outcome  envd.Outcome `json:"outcome,omitempty"`
	ExitCode *int         `json:"exit_code,omitempty"`
	Message  string       `json:"message,omitempty"`
	// Seed is the seed of what stubs drew at random. Set as environment.seed in a spec it repeats their draws. 0: no stubs.
	Seed uint64 `json:"seed,omitempty"`
	// Images are those that services run from, each with its digests.
	Images []envd.ImageFact `json:"images,omitempty"`
	// Capabilities are the runtime's on the machine of the run, with the guarantee that it gave.
	Capabilities *envd.Capabilities `json:"capabilities,omitempty"`
	// Addresses maps "service:port" to the address on this host that leads there.
	Addresses map[string]string `json:"addresses,omitempty"`
	// Published are those that the spec asks for.
	Published []Outlet `json:"published,omitempty"`
}

// Outlet is an address of this host that leads to a service's port.
type Outlet struct {
	Address string `json:"address"` // host:port
	Service string `json:"service"`
	Port    int    `json:"port"`
}

func (o Outlet) String() string { return fmt.Sprintf("%s -> %s:%d", o.Address, o.Service, o.Port) }

// Dir is one run directory.
type Dir struct{ path string }

// Create makes the directory at path and claims it. A directory that already holds a run is refused, so that no evidence is
// overwritten. If several processes want it at once, only one gets it.
func Create(path string) (*Dir, error) {
	d := &Dir{path}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("run directory: %w", err)
	}
	claim, err := os.OpenFile(d.Path(JournalFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s already holds a run; name another directory or ID", path)
	}
	if err != nil {
		return nil, fmt.Errorf("run directory: %w", err)
	}
	if err := errors.Join(claim.Close(), d.alone()); err != nil {
		return nil, errors.Join(fmt.Errorf("run directory: %w", err), os.Remove(claim.Name()))
	}
	for _, sub := range []string{LogsDir, StubsDir} {
		if err := os.MkdirAll(d.Path(sub), 0o755); err != nil {
			return nil, fmt.Errorf("run directory: %w", err)
		}
	}
	return d, nil
}

// alone refuses a directory that is not empty, because everything in it becomes evidence. Hidden files, such as a .gitignore,
// do not count.
func (d *Dir) alone() error {
	entries, err := os.ReadDir(d.path)
	for _, e := range entries {
		if name := e.Name(); name != JournalFile && name != RunnerLog && !strings.HasPrefix(name, ".") {
			return fmt.Errorf("%s is not empty, it holds %s; name a directory of its own", d.path, name)
		}
	}
	return err
}

// Claimed returns a directory that another process has created for this one.
func Claimed(path string) *Dir { return &Dir{path} }

// Open returns an existing run directory.
func Open(path string) (*Dir, error) {
	d := &Dir{path}
	if _, err := os.Stat(d.Path(MetaFile)); err != nil {
		return nil, fmt.Errorf("%s is no run directory: %w", path, err)
	}
	return d, nil
}

// Path joins names to the directory's own path.
func (d *Dir) Path(names ...string) string {
	return filepath.Join(append([]string{d.path}, names...)...)
}

// WriteMeta replaces run.json.
func (d *Dir) WriteMeta(m Meta) error { return d.WriteJSON(MetaFile, m) }

// Meta reads run.json.
func (d *Dir) Meta() (Meta, error) {
	var m Meta
	return m, d.readJSON(MetaFile, &m)
}

// Spec reads the resolved spec.
func (d *Dir) Spec() (*envd.Spec, error) {
	var s envd.Spec
	if err := d.readJSON(SpecFile, &s); err != nil {
		return nil, err
	}
	return &s, nil
}

// Services returns the names of the run's services in order, replicas one by one.
func (d *Dir) Services() ([]string, error) {
	spec, err := d.Spec()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range spec.Environment.Expand().Services {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return names, nil
}

// Verdict reads verdict.json; an error that is fs.ErrNotExist means that the run has none yet.
func (d *Dir) Verdict() (envd.Verdict, error) {
	var v envd.Verdict
	return v, d.readJSON(VerdictFile, &v)
}

// WriteJSON replaces a file with v, indented.
func (d *Dir) WriteJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return d.WriteFile(name, append(b, '\n'))
}

// WriteFile replaces a file as a whole: readers see the old or the new content, never a part. If the disk has no room for
// both, the new content is written over the old.
func (d *Dir) WriteFile(name string, b []byte) error {
	err := d.replace(name, b)
	if errors.Is(err, syscall.ENOSPC) && d.overwrite(name, b) == nil {
		return nil
	}
	return err
}

// overwrite writes b into the blocks that a file already has. If they do not suffice, the old content stays.
func (d *Dir) overwrite(name string, b []byte) error {
	old, err := os.ReadFile(d.Path(name))
	if err != nil {
		return err
	}
	f, err := os.OpenFile(d.Path(name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	put := func(b []byte) error {
		_, err := f.WriteAt(b, 0)
		return errors.Join(err, f.Truncate(int64(len(b))))
	}
	if err = put(b); err != nil {
		err = errors.Join(err, put(old))
	}
	return errors.Join(err, f.Close())
}

func (d *Dir) replace(name string, b []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(d.Path(name)), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, werr := f.Write(b)
	if err := errors.Join(werr, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), d.Path(name))
}

func (d *Dir) readJSON(name string, v any) error {
	b, err := os.ReadFile(d.Path(name))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", d.Path(name), err)
	}
	return nil
}

// List returns the run directories directly below root, in name order; none if root does not exist.
func List(root string) ([]*Dir, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var dirs []*Dir
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if d, err := Open(filepath.Join(root, e.Name())); err == nil {
			dirs = append(dirs, d)
		}
	}
	return dirs, nil
}

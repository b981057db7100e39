package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/client"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/launch"
	"github.com/envd-dev/envd/envd/internal/runner"
)

// fleet gives access to environments, on this machine or behind a daemon. An empty ID means the only environment there is.
type fleet interface {
	List(ctx context.Context) ([]evidence.Meta, error)
	State(ctx context.Context, id string) (runner.State, error)
	// Services names the services of an environment, also of one that has ended.
	Services(ctx context.Context, id string) ([]string, error)
	Logs(ctx context.Context, id, service string, follow bool, w io.Writer) error
	Exec(ctx context.Context, id string, r v1.ExecRequest, stdin io.Reader, stdout, stderr io.Writer) (int, error)
	Renew(ctx context.Context, id string, ttl time.Duration) (time.Time, error)
	Admin(ctx context.Context, id, method, host, path string, body io.Reader) (*http.Response, error)
	// Down ends an environment, waits until it is gone, and returns how it ended.
	Down(ctx context.Context, id string) (evidence.Meta, error)
}

// fleet returns the daemon's environments if --server or ENVD_SERVER names one, and otherwise this machine's.
func (a *app) fleet() (fleet, error) {
	c, err := a.client()
	if err != nil {
		return nil, err
	}
	if c != nil {
		return remote{c}, nil
	}
	return local{}, nil
}

// client returns a client of the daemon that --server or ENVD_SERVER names; nil, nil if neither does.
func (a *app) client() (*client.Client, error) {
	server := a.server
	if server == "" {
		server = os.Getenv("ENVD_SERVER")
	}
	if server == "" {
		return nil, nil
	}
	return client.New(server, client.WithToken(a.tokenText()))
}

// tokenText returns the daemon's token: from the file that was named, or from the one that a daemon of this user wrote.
func (a *app) tokenText() string {
	path := a.token
	if path == "" {
		path = os.Getenv("ENVD_TOKEN_FILE")
	}
	if path == "" {
		path, _ = tokenFile() // without a home directory there is no token, and the daemon will refuse
	}
	if token := os.Getenv("ENVD_TOKEN"); token != "" && a.token == "" {
		return token
	}
	return readToken(path)
}

// local is the fleet of this user on this machine.
type local struct{}

// lost is the status of a run whose runner died without finishing.
const lost evidence.Status = "lost"

func (local) List(context.Context) ([]evidence.Meta, error) {
	root, err := launch.RunsDir()
	if err != nil {
		return nil, err
	}
	runs, err := launch.Runs(root)
	for i, m := range runs {
		if m.Status != evidence.Finished && !launch.Alive(m) {
			runs[i].Status = lost
		}
	}
	return runs, err
}

// errNotUp returns the error for an environment that is not up.
var errNotUp = errors.New("is not up (any more)")

// reach finds an environment and connects to its runner.
func (l local) reach(ctx context.Context, id string) (*runner.Client, evidence.Meta, error) {
	if id == "" {
		var err error
		if id, err = only(ctx, l); err != nil {
			return nil, evidence.Meta{}, err
		}
	}
	root, err := launch.RunsDir()
	if err != nil {
		return nil, evidence.Meta{}, err
	}
	_, meta, err := launch.Find(root, id)
	if err != nil {
		return nil, meta, err
	}
	if !launch.Alive(meta) {
		return nil, meta, fmt.Errorf("%s %w", meta.ID, errNotUp)
	}
	return runner.Connect(meta.Control), meta, nil
}

// only returns the ID of the one environment that is up.
func only(ctx context.Context, f fleet) (string, error) {
	runs, err := f.List(ctx)
	if err != nil {
		return "", err
	}
	var up []string
	for _, m := range runs {
		if isUp(m) {
			up = append(up, m.ID)
		}
	}
	switch len(up) {
	case 0:
		return "", fmt.Errorf("no environment is up")
	case 1:
		return up[0], nil
	}
	return "", fmt.Errorf("%d environments are up: name one; `envd ls` lists them", len(up))
}

// isUp reports whether somebody holds the environment or works on the run.
func isUp(m evidence.Meta) bool { return m.Status != evidence.Finished && m.Status != lost }

func (l local) State(ctx context.Context, id string) (runner.State, error) {
	c, _, err := l.reach(ctx, id)
	if err != nil {
		return runner.State{}, err
	}
	defer c.Close()
	return c.State(ctx)
}

func (l local) Services(ctx context.Context, id string) ([]string, error) {
	c, meta, err := l.reach(ctx, id)
	if errors.Is(err, errNotUp) {
		return l.hadServices(meta.ID)
	}
	if err != nil {
		return nil, err
	}
	defer c.Close()
	state, err := c.State(ctx)
	return slices.Sorted(maps.Keys(state.Services)), err
}

// hadServices returns the names of the services of a run that has ended.
func (l local) hadServices(id string) ([]string, error) {
	dir, err := l.evidence(id)
	if err != nil {
		return nil, err
	}
	return dir.Services()
}

// evidence opens the run directory of a run.
func (local) evidence(id string) (*evidence.Dir, error) {
	root, err := launch.RunsDir()
	if err != nil {
		return nil, err
	}
	dir, _, err := launch.Find(root, id)
	return dir, err
}

func (l local) Logs(ctx context.Context, id, service string, follow bool, w io.Writer) error {
	c, meta, err := l.reach(ctx, id)
	if errors.Is(err, errNotUp) {
		return l.keptLog(meta.ID, service, w)
	}
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Logs(ctx, service, follow, w)
}

// keptLog copies the log of a service of a run that has ended.
func (l local) keptLog(id, service string, w io.Writer) (err error) {
	dir, err := l.evidence(id)
	if err != nil {
		return err
	}
	log, err := os.Open(dir.Path(evidence.LogsDir, filepath.Base(service)+".log"))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has ended, and has no log of a service %s", id, service)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	_, err = io.Copy(w, log)
	return err
}

func (l local) Exec(ctx context.Context, id string, r v1.ExecRequest, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	c, _, err := l.reach(ctx, id)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	return c.Exec(ctx, r, stdin, stdout, stderr)
}

func (l local) Renew(ctx context.Context, id string, ttl time.Duration) (time.Time, error) {
	c, _, err := l.reach(ctx, id)
	if err != nil {
		return time.Time{}, err
	}
	defer c.Close()
	return c.Renew(ctx, ttl)
}

func (l local) Admin(ctx context.Context, id, method, host, path string, body io.Reader) (*http.Response, error) {
	c, _, err := l.reach(ctx, id)
	if err != nil {
		return nil, err
	}
	return c.Admin(ctx, method, host, path, body)
}

// Down ends an environment and waits for its runner's end.
func (l local) Down(ctx context.Context, id string) (evidence.Meta, error) {
	c, meta, err := l.reach(ctx, id)
	if err != nil {
		return meta, err
	}
	defer c.Close()
	if err := c.Down(ctx); err != nil {
		return meta, err
	}
	dir, err := l.evidence(meta.ID)
	if err != nil {
		return meta, err
	}
	err = launch.WaitGone(ctx, meta)
	if ctx.Err() != nil {
		return meta, notGone(meta.ID, ", as "+dir.Path(evidence.RunnerLog)+" tells")
	}
	if err != nil {
		return meta, err
	}
	return dir.Meta()
}

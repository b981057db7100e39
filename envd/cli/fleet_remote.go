package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/client"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/runner"
)

// remote is the fleet behind a daemon.
type remote struct{ c *client.Client }

func (r remote) List(ctx context.Context) ([]evidence.Meta, error) {
	environments, err := r.c.Environments(ctx)
	if err != nil {
		return nil, err
	}
	runs, err := r.c.Runs(ctx)
	if err != nil {
		return nil, err
	}
	var all []evidence.Meta
	for _, e := range environments {
		all = append(all, metaOf(e))
	}
	for _, run := range runs {
		all = append(all, evidence.Meta{
			ID: run.ID, Name: run.Name, Kind: "run", Runtime: run.Runtime, SpecFile: run.Spec, Status: evidence.Status(run.Status),
			Stage: run.Stage, Started: run.Created, Ended: run.Ended, Outcome: run.Outcome, ExitCode: run.ExitCode, Message: run.Message,
		})
	}
	return all, nil
}

func metaOf(e v1.Environment) evidence.Meta {
	return evidence.Meta{
		ID: e.ID, Name: e.Name, Kind: "up", Runtime: e.Runtime, SpecFile: e.Spec, Status: evidence.Status(e.Status),
		Started: e.Created, Ended: e.Ended, Expires: e.Expires, Outcome: e.Outcome, ExitCode: e.ExitCode, Message: e.Message,
		Addresses: e.Addresses,
	}
}

// pick resolves an empty ID to that of the only environment.
func (r remote) pick(ctx context.Context, id string) (string, error) {
	if id != "" {
		return id, nil
	}
	return only(ctx, r)
}

func (r remote) State(ctx context.Context, id string) (runner.State, error) {
	id, err := r.pick(ctx, id)
	if err != nil {
		return runner.State{}, err
	}
	e, err := r.c.Environment(ctx, id)
	return runner.State{Meta: metaOf(e), Services: e.Services, Stubs: e.Stubs}, err
}

func (r remote) Services(ctx context.Context, id string) ([]string, error) {
	state, err := r.State(ctx, id)
	if unknown(err) {
		if names, runErr := r.servicesOfRun(ctx, id); !unknown(runErr) {
			return names, runErr
		}
	}
	return slices.Sorted(maps.Keys(state.Services)), err
}

// servicesOfRun returns the names of a run's services, which the daemon knows by the run's files.
func (r remote) servicesOfRun(ctx context.Context, id string) ([]string, error) {
	file, err := r.c.File(ctx, id, evidence.SpecFile)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var spec envd.Spec
	if err := json.NewDecoder(file).Decode(&spec); err != nil {
		return nil, err
	}
	var names []string
	for _, s := range spec.Environment.Expand().Services {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return names, nil
}

func (r remote) Logs(ctx context.Context, id, service string, follow bool, w io.Writer) error {
	err := r.c.Logs(ctx, id, service, follow, w)
	if !unknown(err) {
		return err
	}
	run, runErr := r.c.Run(ctx, id)
	switch {
	case unknown(runErr):
		return err
	case runErr != nil:
		return runErr
	case follow && !run.Status.Ended():
		return fmt.Errorf("%s is a run, whose logs a daemon does not follow: leave -f out", id)
	}
	log, err := r.c.File(ctx, id, evidence.LogsDir+"/"+url.PathEscape(service)+".log")
	if unknown(err) {
		return fmt.Errorf("%s has no log of a service %s", id, service)
	}
	if err != nil {
		return err
	}
	defer log.Close()
	_, err = io.Copy(w, log)
	return err
}

// unknown reports whether the daemon knows nothing by the name that it was asked for.
func unknown(err error) bool {
	var e *v1.Error
	return errors.As(err, &e) && e.Code == v1.NotFound
}

func (r remote) Exec(ctx context.Context, id string, req v1.ExecRequest, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	return r.c.Exec(ctx, id, req, stdin, stdout, stderr)
}

func (r remote) Renew(ctx context.Context, id string, ttl time.Duration) (time.Time, error) {
	id, err := r.pick(ctx, id)
	if err != nil {
		return time.Time{}, err
	}
	return r.c.Renew(ctx, id, ttl)
}

func (r remote) Admin(ctx context.Context, id, method, host, path string, body io.Reader) (*http.Response, error) {
	return r.c.StubAdmin(ctx, id, method, host, path, body)
}

func (r remote) Down(ctx context.Context, id string) (evidence.Meta, error) {
	id, err := r.pick(ctx, id)
	if err != nil {
		return evidence.Meta{}, err
	}
	e, err := r.c.Down(ctx, id)
	if ctx.Err() != nil {
		return metaOf(e), notGone(id, "")
	}
	return metaOf(e), err
}

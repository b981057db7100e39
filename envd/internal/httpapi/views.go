package httpapi

import (
	"context"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/store"
)

func runView(r store.Record) v1.Run {
	return v1.Run{
		ID: r.ID, Name: r.Name, Spec: r.Spec, Runtime: r.Runtime, Status: r.Status, Stage: r.Stage, Created: r.Created,
		Started: r.Started, Ended: r.Ended, Outcome: r.Outcome, ExitCode: r.ExitCode, Message: r.Message, Dir: r.Dir,
	}
}

// environmentView adds the addresses of an environment that is up.
func (a *api) environmentView(r store.Record) v1.Environment {
	v := v1.Environment{
		ID: r.ID, Name: r.Name, Spec: r.Spec, Runtime: r.Runtime, Status: r.Status, Created: r.Created, Started: r.Started,
		Ended: r.Ended, Expires: r.Expires, Outcome: r.Outcome, ExitCode: r.ExitCode, Message: r.Message, Dir: r.Dir,
	}
	if !r.Status.Ended() {
		if meta, err := a.Dispatcher.Meta(r); err == nil { // there is none before it has begun
			v.Addresses = meta.Addresses
		}
	}
	return v
}

// environmentDetail adds the services and stubs that the runner reports. They are left out if it does not answer.
func (a *api) environmentDetail(ctx context.Context, r store.Record) v1.Environment {
	v := a.environmentView(r)
	if r.Status.Ended() {
		v.Services = a.hadServices(r)
		return v
	}
	control, err := a.Dispatcher.Control(r)
	if err != nil {
		return v
	}
	defer control.Close()
	ctx, cancel := context.WithTimeout(ctx, runnerTimeout)
	defer cancel()
	state, err := control.State(ctx)
	if err != nil {
		a.Log.Warn("a runner does not answer", "id", r.ID, "error", err)
		return v
	}
	v.Services, v.Stubs = state.Services, state.Stubs
	return v
}

// hadServices returns the services of an environment that has ended. One that never began has none.
func (a *api) hadServices(r store.Record) map[string]envd.ServiceState {
	dir, err := evidence.Open(r.Dir)
	if err != nil {
		return nil
	}
	names, err := dir.Services()
	if err != nil {
		return nil
	}
	ended := make(map[string]envd.ServiceState, len(names))
	for _, name := range names {
		ended[name] = envd.ServiceState{}
	}
	return ended
}

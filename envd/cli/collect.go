package cli

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/launch"
	"github.com/envd-dev/envd/envd/internal/plan"
	"github.com/envd-dev/envd/envd/internal/runner"
	"github.com/envd-dev/envd/envd/internal/runtime/docker"
)

// sweep removes what killed runners left in the Docker engine, concurrently with a run. It is a courtesy: if it fails, the run
// reports that and goes on; without an engine it will fail by itself. The returned function waits for the end of it.
func sweep(cfg *runner.Config) (wait func()) {
	if cfg.Runtime.Name() != docker.Name {
		return func() {}
	}
	ctx, created := context.WithCancel(context.Background())
	notify := cfg.Notify
	cfg.Notify = func(n runner.Notice) {
		if n.Step == string(envd.OpCreate) && n.Event != plan.Started {
			created()
		}
		notify(n)
	}
	var sweeping sync.WaitGroup
	sweeping.Go(func() {
		if err := collect(context.WithoutCancel(ctx), func(context.Context) { <-ctx.Done() }); err != nil {
			notify(runner.Notice{Step: "collect", Text: err.Error(), Failed: true})
		}
	})
	return func() {
		created() // or it never will be
		sweeping.Wait()
	}
}

// collect removes what nobody owns any more and what the engine still creates for killed runners; see docker.Settle for queued.
func collect(ctx context.Context, queued func(context.Context)) error {
	if err := collectAbandoned(ctx); err != nil {
		return err
	}
	return settle(ctx, queued)
}

// collectTimeout bounds one sweep of a Docker engine.
const collectTimeout = 30 * time.Second

// collectAbandoned removes what nobody owns any more from the Docker engine, if there is one.
func collectAbandoned(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, collectTimeout)
	defer cancel()
	if _, err := docker.Collect(ctx, false); err != nil && !errors.Is(err, docker.ErrNoEngine) {
		return err
	}
	return nil
}

// clearRun removes what a killed run left in the Docker engine, if there is one.
func clearRun(ctx context.Context, id string) error {
	return clearRuns(ctx, []string{id}, docker.QueueUp)
}

func clearRuns(ctx context.Context, ids []string, queued func(context.Context)) error {
	if err := docker.Settle(ctx, ids, queued); err != nil && !errors.Is(err, docker.ErrNoEngine) {
		return err
	}
	return nil
}

// fresh is how long after a run's last sign of life an engine may still be carrying out its runner's requests.
const fresh = 2 * time.Minute

// settle removes what an engine still creates for runs of this user that were killed a moment ago.
func settle(ctx context.Context, queued func(context.Context)) error {
	root, err := launch.RunsDir()
	if err != nil {
		return err
	}
	runs, err := launch.Runs(root)
	if err != nil {
		return err
	}
	var ids []string
	for _, m := range runs {
		dir, _, err := launch.Find(root, m.ID)
		if err != nil || m.Runtime != docker.Name || m.Status == evidence.Finished || launch.Alive(m) {
			continue
		}
		for _, sign := range []string{evidence.JournalFile, evidence.ObservationsFile, evidence.MetaFile} {
			if info, err := os.Stat(dir.Path(sign)); err == nil && time.Since(info.ModTime()) < fresh {
				ids = append(ids, m.ID)
				break
			}
		}
	}
	return clearRuns(ctx, ids, queued)
}

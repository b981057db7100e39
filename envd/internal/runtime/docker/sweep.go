package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moby/moby/client"
)

const (
	sweeps     = 4 // how many in a row must find nothing before it is believed that nothing more appears
	sweepPause = 500 * time.Millisecond

	removeTimeout = 10 * time.Second // of the network that only queues up
)

// Settle removes what the engine still creates for environments whose runners have just been killed: the effect of their
// last requests may appear only now. Objects of a runner that is alive stay. It returns once nothing was found for a while.
// queued returns when the engine has carried out what it was asked for before: QueueUp or, in a process that has the engine
// create a network anyway, what waits for that.
func Settle(ctx context.Context, ids []string, queued func(context.Context)) error {
	ctx, cancel := context.WithTimeout(ctx, leashTimeout)
	defer cancel()
	errs := make([]error, len(ids))
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() { errs[i] = sweep(ctx, id, ownerless, queued) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// sweep removes the doomed objects of an environment until nothing was found for a while, since the engine may still be
// working on the runner's last requests.
func sweep(ctx context.Context, id string, doomed func(objects) objects, queued func(context.Context)) error {
	cli, err := connect()
	if err != nil {
		return err
	}
	defer cli.Close()
	for clean := 0; clean < sweeps; {
		o, err := list(ctx, cli, of(id))
		o = doomed(o)
		switch {
		case err != nil:
			clean = 0
		case !o.any():
			if clean++; clean == 1 {
				queued(ctx)
			}
		default:
			clean = 0
			if len(removeAll(ctx, cli, o)) == 0 {
				continue
			}
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(sweepPause):
		}
	}
	return nil
}

// places numbers this process's places in the queue.
var places atomic.Int64

// QueueUp returns once the engine has carried out what it was asked for before, also by processes that were killed since; if
// there is no engine, at once. For that it makes one more request of the kind that takes an engine longest, and that it
// carries out one after the other: to create a network, and to remove it again. An engine with much to do, for which no
// fixed time would be enough, takes its time for both. One that cannot create networks is not creating any for others
// either, so failing is no error.
//
// If this process is killed meanwhile, the network stays until the next collection. So it is not for runners, after which
// nothing may stay.
func QueueUp(ctx context.Context) {
	cli, err := connect()
	if err != nil {
		return
	}
	defer cli.Close()
	if local(cli) != nil {
		return
	}
	id := fmt.Sprintf("last-%d-%d", os.Getpid(), places.Add(1))
	_, _, err = createNetwork(ctx, cli, networkName(id), (&Runtime{}).labels(id))
	if err == nil || ctx.Err() != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
		defer cancel()
		_, _ = cli.NetworkRemove(ctx, networkName(id), client.NetworkRemoveOptions{}) // else its labels say that nobody owns it
	}
}

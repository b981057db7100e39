package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
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
func Settle(ctx context.Context, ids []string) error {
	ctx, cancel := context.WithTimeout(ctx, leashTimeout)
	defer cancel()
	errs := make([]error, len(ids))
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() { errs[i] = sweep(ctx, id, ownerless) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// sweep removes the doomed objects of an environment until nothing was found for a while, since the engine may still be
// working on the runner's last requests.
func sweep(ctx context.Context, id string, doomed func(objects) objects) error {
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
				queueUp(ctx, cli, id)
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

// AwaitRequests returns once the engine has carried out what it was asked for before, also by processes that were killed
// since. If there is no engine, it returns at once.
func AwaitRequests(ctx context.Context) {
	cli, err := connect()
	if err != nil {
		return
	}
	defer cli.Close()
	if local(cli) == nil {
		queueUp(ctx, cli, fmt.Sprint("gc-", os.Getpid()))
	}
}

// queueUp waits for the engine's earlier requests by making one more of the kind that takes it longest, and that it carries
// out one after the other: to create a network, and to remove it again. An engine with much to do, for which no fixed time
// would be enough, takes its time for both. One that cannot create networks is not creating any for others either, so
// failing is no error. The network is not the environment's own, which another process may be sweeping, too.
func queueUp(ctx context.Context, cli *client.Client, id string) {
	id += "-last"
	_, _, err := createNetwork(ctx, cli, networkName(id), (&Runtime{}).labels(id))
	if err == nil || ctx.Err() != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
		defer cancel()
		_, _ = cli.NetworkRemove(ctx, networkName(id), client.NetworkRemoveOptions{}) // else its labels say that nobody owns it
	}
}

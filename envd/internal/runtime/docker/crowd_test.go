package docker

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Environments that begin at the same time, and would all begin to look for a subnet at the same place, each find one of
// their own, also where foreign networks have the places around it.
func TestCrowdOfSubnets(t *testing.T) {
	r, cli := New(Options{}), needClient(t)
	discard := func(id string) {
		_, err := cli.NetworkRemove(context.Background(), id, client.NetworkRemoveOptions{})
		assert.NoError(t, err)
	}

	const crowd = 25
	first := os.Getpid() % (subnets / 8) * 8 // another place for each process that tests
	wide := netip.PrefixFrom(subnetAt(first+4).Addr(), 22)
	var taken []netip.Prefix
	for i, subnet := range []netip.Prefix{subnetAt(first), subnetAt(first + 1), wide} {
		foreign, err := cli.NetworkCreate(t.Context(), fmt.Sprintf("foreign-%d-%d", os.Getpid(), i), client.NetworkCreateOptions{
			IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: subnet}}},
		})
		if err != nil && slices.ContainsFunc(mustSubnets(t, cli), subnet.Overlaps) {
			continue // somebody else has the place, which is as good
		}
		require.NoError(t, err)
		defer discard(foreign.ID)
		taken = append(taken, subnet)
	}
	require.NotEmpty(t, taken)

	ids := make(chan string)
	go func() {
		defer close(ids)
		for n, found := 0, 0; found < crowd; n++ {
			id := fmt.Sprintf("crowd-%d-%d", os.Getpid(), n)
			h := fnv.New32a()
			h.Write([]byte(id))
			if int(h.Sum32()%subnets) == first {
				found++
				ids <- id
			}
		}
	}()
	var mu sync.Mutex
	var all sync.WaitGroup
	for id := range ids {
		all.Go(func() {
			made, subnet, err := createNetwork(t.Context(), cli, id, r.labels(id))
			mu.Lock()
			defer mu.Unlock()
			if assert.NoError(t, err) {
				t.Cleanup(func() { discard(made) })
				assert.False(t, slices.ContainsFunc(taken, subnet.Overlaps), "%s has %s, of %s", id, subnet, taken)
				taken = append(taken, subnet)
			}
		})
	}
	all.Wait()
}

// needClient skips where there is no engine, which is an error where all tests must run.
func needClient(t *testing.T) *client.Client {
	t.Helper()
	cli, err := New(Options{}).usable(t.Context())
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("NOT TESTED: ", err)
	}
	require.NoError(t, err)
	return cli
}

func mustSubnets(t *testing.T, cli *client.Client) []netip.Prefix {
	t.Helper()
	taken, err := takenSubnets(t.Context(), cli)
	require.NoError(t, err)
	return taken
}

package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"
)

// stackFile is six services with healthchecks, in three layers.
const stackFile = `name: envd-bench-stack
x-service: &service
  image: ` + stackImage + `
  healthcheck: {test: [CMD, /stack, check, "localhost:80"], interval: 500ms, timeout: 5s, retries: 20}
services:
  db: *service
  cache: *service
  queue: *service
  api:
    <<: *service
    depends_on: {db: {condition: service_healthy}, cache: {condition: service_healthy}}
  worker:
    <<: *service
    depends_on: {db: {condition: service_healthy}, queue: {condition: service_healthy}}
  web:
    <<: *service
    depends_on: {api: {condition: service_healthy}}
`

// stackOrder is the same as the bare engine calls have it.
var stackOrder = map[string][]string{"db": nil, "cache": nil, "queue": nil, "api": {"db", "cache"}, "worker": {"db", "queue"}, "web": {"api"}}

// BenchmarkComposeStack brings six services up until all are healthy, and down: with envd, with Docker Compose on the
// same file, and with nothing but the calls to the engine that it takes. Bare, nothing ends gracefully or in order, and there is no
// gateway and no router to remove.
func BenchmarkComposeStack(b *testing.B) {
	needs(b, "engine")
	importStack(b)
	r := newBench(b, "")
	file := filepath.Join(r.dir, "compose.yaml")
	require.NoError(b, os.WriteFile(file, []byte(stackFile), 0o644))
	m := compareWithCompose(b, r, file, 5, func(timed func(string, func())) {
		bare := newBareStack(b)
		timed("bare up", bare.up)
		timed("bare down", bare.down)
	})
	b.ReportMetric(m("envd up")/m("bare up"), "up/bare")
	b.ReportMetric(m("envd down")/m("bare down"), "down/bare")
}

// BenchmarkComposeRealStack is BenchmarkComposeStack with real software, which takes its time to start and to end: podinfo
// goes on for three seconds after it was asked to end, and web ends before api does. Compose waits the ten seconds of grace for
// the worker, which does not notice that it was asked, and asks the queue only then.
func BenchmarkComposeRealStack(b *testing.B) {
	needs(b, "docker", "debian", "podinfo")
	r := newBench(b, "")
	compareWithCompose(b, r, realStack(b, r.dir, func(args ...string) []byte { return r.envd(b, args...) }), 3, nil)
}

// compareWithCompose brings a compose file up until all is healthy, and down, by envd, by Docker Compose and by whom else there
// is, in turn, as often as told, and returns the medians in milliseconds.
func compareWithCompose(b *testing.B, r bench, file string, rounds int, others func(timed func(what string, f func()))) func(what string) float64 {
	peer := repository("bin", "docker-compose")
	if _, err := os.Stat(peer); err != nil {
		b.Skip("NOT MEASURED: bin/docker-compose is missing; `make compose` builds it")
	}
	compose := func(args ...string) {
		out, err := exec.Command(peer, append([]string{"-f", file}, args...)...).CombinedOutput()
		require.NoError(b, err, "%s", out)
	}
	defer compose("down")
	times, order := map[string][]time.Duration{}, []string{}
	timed := func(what string, f func()) {
		begin := time.Now()
		f()
		if times[what] == nil {
			order = append(order, what)
		}
		times[what] = append(times[what], time.Since(begin))
	}
	for i := range rounds + 1 {
		if i == 1 { // the first round packs envd's image, and warms the engine's caches
			clear(times)
			order = nil
		}
		id := fmt.Sprintf("bench-compose-%d-%d", os.Getpid(), i)
		timed("envd up", func() { r.envd(b, "up", "-f", file, "--id", id) })
		timed("envd down", func() { r.envd(b, "down", id) })
		timed("compose up", func() { compose("up", "-d", "--wait") })
		timed("compose down", func() { compose("down") })
		if others != nil {
			others(timed)
		}
	}
	m := func(what string) float64 { return float64(median(times[what]).Milliseconds()) }
	for _, what := range order {
		b.Logf("%-13s median %5.0f ms of %v", what, m(what), times[what])
	}
	b.ReportMetric(m("envd up"), "up-ms")
	b.ReportMetric(m("envd up")/m("compose up"), "up/compose")
	b.ReportMetric(m("envd down"), "down-ms")
	b.ReportMetric(m("envd down")/m("compose down"), "down/compose")
	return m
}

// BenchmarkComposeFleet has 25 environments of one compose file at once: all are ready, each finds its own services, and
// one more costs no more than the first ones did.
func BenchmarkComposeFleet(b *testing.B) {
	needs(b, "engine")
	importStack(b)
	r := newBench(b, "")
	file := filepath.Join(r.dir, "compose.yaml")
	require.NoError(b, os.WriteFile(file, []byte(fleetFile), 0o644))
	const few, many = 5, 25
	round := 0
	cost := func(n int) time.Duration {
		round++
		id := func(i int) string { return fmt.Sprintf("bench-fleet-%d-%d-%d", os.Getpid(), round, i) }
		begin := time.Now()
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() { r.envd(b, "up", "-f", file, "--id", id(i)) })
		}
		all.Wait()
		spent := time.Since(begin)
		for i := range n { // each answers for itself
			out := r.envd(b, "exec", id(i), "--service", "web", "--", "/stack", "get", "http://db/env?of=ENVD_ENVIRONMENT")
			require.Equal(b, id(i), string(out), "an environment reaches its own services")
		}
		for i := range n {
			all.Go(func() { r.envd(b, "down", id(i)) })
		}
		all.Wait()
		return spent / time.Duration(n)
	}
	cost(few) // packs envd's image, and warms the engine's caches
	one, another := cost(few), cost(many)
	b.ReportMetric(float64(one.Milliseconds()), "ms/env-of-5")
	b.ReportMetric(float64(another.Milliseconds()), "ms/env-of-25")
	b.ReportMetric(float64(another)/float64(one), "25/5")
}

// fleetFile is small, so that 25 of it fit on one machine.
const fleetFile = `name: envd-bench-fleet
services:
  db: {image: ` + stackImage + `, healthcheck: {test: [CMD, /stack, check, "localhost:80"], interval: 500ms, timeout: 30s, retries: 20}}
  web: {image: ` + stackImage + `, depends_on: {db: {condition: service_healthy}}}
`

// bareStack is stackFile by engine calls alone: a network, and for each service, once what it waits for is healthy, its
// container created, started, and its healthcheck run until it passes.
type bareStack struct {
	b          *testing.B
	cli        *client.Client
	network    string
	mu         sync.Mutex
	containers []string
}

func newBareStack(b *testing.B) *bareStack {
	cli, err := client.New(client.FromEnv)
	require.NoError(b, err)
	return &bareStack{b: b, cli: cli}
}

func (s *bareStack) up() {
	ctx := context.Background()
	created, err := s.cli.NetworkCreate(ctx, fmt.Sprintf("envd-bare-%d", time.Now().UnixNano()), client.NetworkCreateOptions{Driver: "bridge"})
	require.NoError(s.b, err)
	s.network = created.ID
	healthy, failed := map[string]chan struct{}{}, make(chan error, len(stackOrder))
	for name := range stackOrder {
		healthy[name] = make(chan struct{})
	}
	var all sync.WaitGroup
	for name, waits := range stackOrder {
		all.Go(func() {
			for _, on := range waits {
				<-healthy[on]
			}
			if err := s.start(ctx, name); err != nil {
				failed <- err
			}
			close(healthy[name])
		})
	}
	all.Wait()
	close(failed)
	require.NoError(s.b, <-failed)
}

func (s *bareStack) start(ctx context.Context, name string) error {
	created, err := s.cli.ContainerCreate(ctx, client.ContainerCreateOptions{
		Config: &container.Config{Image: stackImage},
		NetworkingConfig: &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{
			s.network: {NetworkID: s.network, Aliases: []string{name}},
		}},
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.containers = append(s.containers, created.ID)
	s.mu.Unlock()
	if _, err := s.cli.ContainerStart(ctx, created.ID, client.ContainerStartOptions{}); err != nil {
		return err
	}
	for {
		if passed, err := s.check(ctx, created.ID); passed || err != nil {
			return err
		}
	}
}

func (s *bareStack) check(ctx context.Context, id string) (bool, error) {
	created, err := s.cli.ExecCreate(ctx, id, client.ExecCreateOptions{Cmd: []string{"/stack", "check", "localhost:80"}, AttachStdout: true})
	if err != nil {
		return false, err
	}
	attached, err := s.cli.ExecAttach(ctx, created.ID, client.ExecAttachOptions{})
	if err != nil {
		return false, err
	}
	_, err = io.Copy(io.Discard, attached.Reader)
	attached.Close()
	for err == nil {
		var state client.ExecInspectResult
		if state, err = s.cli.ExecInspect(ctx, created.ID, client.ExecInspectOptions{}); err == nil && !state.Running {
			return state.ExitCode == 0, nil
		}
	}
	return false, err
}

func (s *bareStack) down() {
	ctx := context.Background()
	var all sync.WaitGroup
	for _, id := range s.containers {
		all.Go(func() {
			_, _ = s.cli.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true}) // the network's removal tells
		})
	}
	all.Wait()
	_, err := s.cli.NetworkRemove(ctx, s.network, client.NetworkRemoveOptions{})
	require.NoError(s.b, err)
	require.NoError(s.b, s.cli.Close())
}

package plan_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with testdata/NAME.golden.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), text)
}

// isolated can do everything that the process runtime can in its strong form.
var isolated = envd.Capabilities{Commands: true, Isolated: true, Hostnames: true, SharedPorts: true, Egress: true}

func shop() *envd.Environment {
	seconds := func(n int) envd.Duration { return envd.Duration(time.Duration(n) * time.Second) }
	stop := envd.Stop{Signal: "TERM", Grace: seconds(10)}
	return &envd.Environment{
		Runtime: "process",
		Services: []envd.Service{
			{
				Name: "web", Command: []string{"/bin/web", "--title", "The Shop"}, DependsOn: []string{"db", "cache"},
				Ports: []envd.Port{{Number: 8080}}, Ready: envd.Readiness{HTTP: &envd.HTTPProbe{Port: 8080, Path: "/ready"}, Timeout: seconds(30)},
				Files: []envd.File{{Path: "/etc/web.yaml", Mode: 0o600}, {Path: "/etc/ca.pem", Source: "/src/ca.pem", Mode: 0o644}}, Stop: stop,
			},
			{
				Name: "db", Command: []string{"/bin/db"}, Ports: []envd.Port{{Number: 5432}},
				Ready: envd.Readiness{TCP: 5432, Timeout: seconds(5)}, Stop: stop,
			},
			{Name: "cache", Command: []string{"/bin/cache"}, Ready: envd.Readiness{Log: "ready to .*", Timeout: seconds(5)}, Stop: stop},
			{Name: "cron", Command: []string{"/bin/cron"}, DependsOn: []string{"web"}, Stop: stop},
		},
		Stubs: []envd.Stub{
			{Host: "payments.example.com", Dir: "/src/stubs/payments", Ports: []int{80}, TLSPorts: []int{443}, Engine: "builtin"},
			{Host: "mail.example.com", Mappings: []string{"{}", "{}"}, Ports: []int{8025}, Engine: "wiremock"},
		},
		Egress: []string{"api.example.org:443"},
	}
}

// imaged is given as images: pulled, built, of a module, replicated, with hooks, and in the network of another.
func imaged() *envd.Environment {
	return &envd.Environment{
		Runtime: "docker",
		Services: []envd.Service{
			{Name: "proxy", Image: "example.com/proxy:1", Pull: envd.PullAlways, DependsOn: []string{"web"}, Replicas: 1},
			{Name: "web", Build: &envd.Build{Context: "/src/web", Dockerfile: "web.dockerfile", Target: "prod"}, DependsOn: []string{"db"}, Replicas: 2},
			{Name: "db", Image: "postgres:18", Module: "postgres", Ready: envd.Readiness{Module: true, Timeout: envd.Duration(time.Minute)}, Replicas: 1},
			{Name: "job", Command: []string{"/bin/job"}, Replicas: 1},
			{
				Name: "beside", Build: &envd.Build{Context: "/src/beside", Inline: "FROM scratch"}, After: []string{"proxy"}, Replicas: 1,
				Container: &envd.Container{NetworkOf: "proxy"}, Ready: envd.Readiness{Image: &envd.Healthcheck{}, Healthy: true},
				AfterStart: []envd.Hook{{Command: []string{"/bin/fill", "the cache"}}},
			},
			{Name: "alone", Image: "alone:1", Container: &envd.Container{NoNetwork: true}, Ready: envd.Readiness{Image: &envd.Healthcheck{}}, Replicas: 1},
		},
	}
}

// conditions has each way in which one service waits for another.
func conditions() *envd.Environment {
	timeout := envd.Duration(5 * time.Second)
	return &envd.Environment{Runtime: "docker", Services: []envd.Service{
		{Name: "web", Image: "web:1", Args: []string{"--verbose", "two words"}, DependsOn: []string{"db", "migrate"}, After: []string{"log"}},
		{Name: "migrate", Image: "web:1", Command: []string{"migrate"}, DependsOn: []string{"db"}, Ready: envd.Readiness{Completed: true, Timeout: timeout}},
		{Name: "log", Image: "log:1", Ready: envd.Readiness{TCP: 514, Timeout: timeout}},
		{Name: "db", Image: "db:1", Ready: envd.Readiness{Exec: []string{"pg_isready"}, Timeout: timeout}},
	}}
}

// linked has links: of a service, and of the replicas of another one.
func linked() *envd.Environment {
	return &envd.Environment{
		Runtime: "docker",
		Services: []envd.Service{
			{Name: "web", Image: "web:1", Ports: []envd.Port{{Number: 8080}}, Replicas: 2},
			{Name: "db", Image: "db:1", Ports: []envd.Port{{Number: 5432}}, Replicas: 1},
		},
		Stubs: []envd.Stub{{Host: "payments.example.com", Ports: []int{80}, TLSPorts: []int{443}, Engine: "builtin"}},
		Links: []envd.Link{{From: "web", To: "db", Ports: []int{5432}}, {From: "db", To: "payments.example.com", Ports: []int{80, 443}}},
	}
}

func TestMake(t *testing.T) {
	running := envd.ServiceState{Running: true}
	code := 1
	tests := map[string]struct {
		env   *envd.Environment
		state envd.State
		caps  envd.Capabilities
	}{
		"fresh":      {env: shop(), caps: isolated},
		"images":     {env: imaged(), caps: envd.Capabilities{Commands: true, Images: true, Replicas: true, Isolated: true, Hostnames: true, Holds: 1}},
		"links":      {env: linked(), caps: envd.Capabilities{Images: true, Replicas: true, Isolated: true, Hostnames: true, Holds: 1, Links: true}},
		"no-network": {env: shop(), caps: envd.Capabilities{Commands: true, Hostnames: true, Egress: true}},
		"only-created": {
			env: shop(), caps: isolated, state: envd.State{Exists: true},
		},
		"half-built": {
			env: shop(), caps: isolated,
			state: envd.State{Exists: true, Gateway: true, Services: map[string]envd.ServiceState{"db": running, "cache": {ExitCode: &code}}},
		},
		"complete": {
			env: shop(), caps: isolated,
			state: envd.State{Exists: true, Gateway: true, Services: map[string]envd.ServiceState{"db": running, "cache": running, "web": running, "cron": running}},
		},
		"conditions": {env: conditions(), caps: envd.Capabilities{Images: true, Isolated: true, Hostnames: true}},
		"no-stubs":   {env: &envd.Environment{Runtime: "process", Services: []envd.Service{{Name: "one", Command: []string{"/bin/one"}}}}, caps: isolated},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := plan.Make(test.env, test.state, test.caps)
			require.NoError(t, err)
			topological(t, p)
			golden(t, name, p.String())
			again, err := plan.Make(test.env, test.state, test.caps)
			require.NoError(t, err)
			assert.Equal(t, p, again, "planning twice gives the same plan")
		})
	}
}

// A gate on undeclared connections wants all of them, from the first.
func TestGateOnUndeclaredConnections(t *testing.T) {
	caps := envd.Capabilities{Images: true, Replicas: true, Isolated: true, Hostnames: true, Holds: 1, Commands: true}
	waits := func(gate envd.Gate) bool {
		p, err := plan.Of(&envd.Spec{Environment: imaged(), Gate: gate}, caps)
		require.NoError(t, err)
		i := slices.IndexFunc(p.Operations, func(op envd.Operation) bool { return op.Kind == envd.OpStart })
		return slices.Contains(p.Operations[i].DependsOn, string(envd.OpGateway))
	}
	assert.False(t, waits(envd.Gate{}))
	assert.True(t, waits(envd.Gate{Conditions: []envd.Condition{{Kind: envd.NoUndeclared}}}))
}

func TestTeardown(t *testing.T) {
	running := envd.ServiceState{Running: true}
	p := plan.Teardown(shop(), envd.State{Exists: true, Services: map[string]envd.ServiceState{"db": running, "cache": running, "web": running, "cron": running}})
	topological(t, p)
	golden(t, "teardown", p.String())

	assert.Equal(t, "nothing to do\n", plan.Teardown(shop(), envd.State{}).String())
}

// topological wants IDs to be unique and every operation to stand behind those that it depends on.
func topological(t *testing.T, p *plan.Plan) {
	t.Helper()
	seen := map[string]bool{}
	for _, op := range p.Operations {
		for _, d := range op.DependsOn {
			assert.True(t, seen[d], "%s stands before %s", op.ID, d)
		}
		assert.False(t, seen[op.ID], "%s stands twice", op.ID)
		seen[op.ID] = true
		assert.NotNil(t, op.Environment, op.ID)
	}
}

// Where a machine lacks what others have, people are told why.
func TestRefusalTellsWhatTheMachineLacks(t *testing.T) {
	stages := []envd.Stage{{Faults: []envd.Fault{{Name: "freeze", Kind: "service.pause", Target: "web"}}}}
	err := plan.RefuseFaults("docker", stages, envd.Capabilities{Lacks: "the engine has no control groups"})
	require.ErrorIs(t, err, envd.ErrUnsupported)
	assert.EqualError(t, err, "runtime docker cannot hold this environment: fault freeze (service.pause on web): services cannot be frozen (the engine has no control groups)")
}

func TestMakeRefusesEverythingAtOnce(t *testing.T) {
	env := shop()
	env.Services[0].Command, env.Services[0].Image = nil, "example.com/web:1"
	env.Services[0].Replicas = 3
	env.Services[1].Resources.MemoryBytes = 1 << 20
	env.Services[2].Ports = []envd.Port{{Number: 5432}}
	env.Services[2].Hostnames = []string{"cache.example.com"}
	env.Services[3].Ports = []envd.Port{{Number: 80}}

	_, err := plan.Make(env, envd.State{}, envd.Capabilities{Commands: true, SharedPorts: true})
	var refusal *plan.Refusal
	require.ErrorAs(t, err, &refusal)
	require.ErrorIs(t, err, envd.ErrUnsupported)
	assert.Equal(t, []string{
		"service web is given as an image only (example.com/web:1): add a command",
		"service web wants 3 replicas",
		"service db bounds its resources",
		"service cache answers to cache.example.com: hostnames do not resolve",
		"stub payments.example.com: production hostnames do not resolve",
		"stub mail.example.com: production hostnames do not resolve",
		"egress to api.example.org:443: nothing outside can be reached",
		"services db and cache both listen on port 5432, and services share one address",
		"stub payments.example.com and service cron both listen on port 80, and they share one address",
	}, refusal.Reasons)

	_, err = plan.Make(env, envd.State{}, envd.Capabilities{Commands: true, SharedPorts: true, StubsApart: true})
	assert.NotContains(t, err.Error(), "port 80")

	_, err = plan.Make(env, envd.State{}, envd.Capabilities{Images: true, Replicas: true, Resources: true, Hostnames: true, Egress: true})
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, []string{
		"service db is given as a command only: add an image",
		"service cache is given as a command only: add an image",
		"service cron is given as a command only: add an image",
	}, refusal.Reasons)
}

func TestMakeRefusesContainersSettings(t *testing.T) {
	env := &envd.Environment{Runtime: "process", Services: []envd.Service{
		{Name: "db", Command: []string{"/bin/db"}, Image: "db:1", Mounts: []envd.Mount{{Type: envd.MountVolume, Target: "/data"}}},
		{Name: "web", Command: []string{"/bin/web"}, Image: "web:1", Container: &envd.Container{ReadOnly: true}},
	}}
	_, err := plan.Make(env, envd.State{}, isolated)
	var refusal *plan.Refusal
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, []string{
		"service db has mounts or settings that only containers have",
		"service web has mounts or settings that only containers have",
	}, refusal.Reasons)
}

func TestMakeRefusesACircle(t *testing.T) {
	env := shop()
	env.Services[1].DependsOn = []string{"web"}
	_, err := plan.Make(env, envd.State{}, isolated)
	require.ErrorContains(t, err, "no order to start web, db, cron in")
	assert.False(t, errors.Is(err, envd.ErrUnsupported))

	env = shop()
	env.Services[1].After = []string{"web"}
	_, err = plan.Make(env, envd.State{}, isolated)
	require.ErrorContains(t, err, "no order to start web, db, cron in")
}

func TestRefuseFaults(t *testing.T) {
	stages := []envd.Stage{{Faults: []envd.Fault{
		{Name: "frozen", Kind: "service.pause", Target: "web"}, {Name: "tight", Kind: "service.limit", Target: "web"},
		{Name: "gone", Kind: "network.disconnect", Target: "db"}, {Name: "slow", Kind: "link.latency", Target: "web -> db"},
	}}}
	err := plan.RefuseFaults("process", stages, envd.Capabilities{})
	require.ErrorIs(t, err, envd.ErrUnsupported)
	for _, want := range []string{
		"fault frozen (service.pause on web): services cannot be frozen", "fault tight (service.limit on web)",
		"fault gone (network.disconnect on db): services share one network",
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "slow", "links are the environment's to refuse")
	require.NoError(t, plan.RefuseFaults("docker", stages, envd.Capabilities{Pause: true, Limits: true, Disconnect: true}))

	_, err = plan.Make(linked(), envd.State{}, envd.Capabilities{Images: true, Replicas: true, Hostnames: true})
	assert.ErrorContains(t, err, "link web -> db: no path can lead through the gateway here")
}

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	envdclient "github.com/envd-dev/envd/envd/client"
)

// killContainersSpec has all that a run makes in an engine: an image that is packed anew for each run, a named volume,
// a gateway, and a stage, which is a command or a load.
const killContainersSpec = `apiVersion: envd/v1
name: kill
artifact: {commit: 0123456789abcdef0123456789abcdef01234567}
environment:
  runtime: docker
  compose: compose.yaml
  services:
    api: {command: [./app, serve, ":80"], ports: [80], ready: {tcp: 80}, stop: {grace: 100ms}}
  stubs:
    payments.example.com: {inline: [{request: {url: /}, response: {}}]}
stages: [{name: busy, %s}]
gate: {conditions: [no undeclared connections]}
`

const killCompose = `services:
  db:
    image: ` + stackImage + `
    volumes: [data:/data]
volumes:
  data: {}
`

// killStages are taken in turn.
var killStages = []string{
	`functional: {command: [./app, get, "http://api/"]}`,
	`functional: {command: [./app, get, "http://api/"]}`,
	`load: {profile: smoke, rate: 5/s, duration: 1s, requests: [GET http://api/]}`,
}

// containerVictims are killed in turn, together and in this order; those after the bar in a run that `envd serve` started.
var containerVictims = []string{"runner", "leash", "leash runner", "|daemon", "|runner", "|leash runner", "|daemon leash runner"}

// containerLanes is how many trials are under way at the same time.
const containerLanes = 3

// containerPatience is how long whoever survives has to remove everything.
const containerPatience = 10 * time.Second

// TestNoContainerSurvivesSIGKILL kills the runner, its leash, both, and the daemon with and without them, at random
// moments of a run. No container, network or volume is left 10 s later where one of them survived, and none after the
// next envd command where all were killed. ENVD_KILL_TRIALS says how many runs; `make kill-trials-docker` makes 300.
func TestNoContainerSurvivesSIGKILL(t *testing.T) {
	needs(t, "engine")
	trials := len(containerVictims)
	if n, err := strconv.Atoi(os.Getenv("ENVD_KILL_TRIALS")); err == nil {
		trials = n
	}
	needs(t, "k6")
	trial := newContainerTrials(t)
	var next atomic.Int64
	t.Run("trials", func(t *testing.T) {
		for lane := range containerLanes {
			t.Run(strconv.Itoa(lane), func(t *testing.T) {
				t.Parallel()
				l := trial.lane(t)
				for i := int(next.Add(1)) - 1; i < trials; i = int(next.Add(1)) - 1 {
					l.trial(t, i)
				}
			})
		}
	})
	trial.tell(t, trials)
}

// containerTrials is what the lanes share.
type containerTrials struct {
	engine  *client.Client
	program []byte

	mu     sync.Mutex
	took   []time.Duration // a whole run, the last time, by killStages
	phases map[string]int  // of the runs, when they were struck
	struck map[string]int  // by victims
	gone   map[string]time.Duration
	swept  int // trials in which `envd gc` found something to remove
}

func newContainerTrials(t *testing.T) *containerTrials {
	importStack(t)
	program := filepath.Join(t.TempDir(), "stack")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./testdata/stack")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	c := &containerTrials{took: make([]time.Duration, len(killStages)), phases: map[string]int{}, struck: map[string]int{}, gone: map[string]time.Duration{}}
	c.program, err = os.ReadFile(program)
	require.NoError(t, err)
	c.engine, err = client.New(client.FromEnv)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.engine.Close()) })
	l := c.lane(t)
	for i := range killStages { // how long a run takes is what the moments are chosen by
		run := l.prepare(t, fmt.Sprintf("whole-%d-%d", os.Getpid(), i), i)
		cmd, out := run.start(t)
		require.NoError(t, cmd.Wait(), "%s", out)
		run.ended(c)
		require.Empty(t, c.left(t, run.id))
		run.discard(t, c.engine)
	}
	return c
}

func (c *containerTrials) tell(t *testing.T, trials int) {
	t.Logf("%d trials; runs took up to %v", trials, slices.Max(c.took))
	for _, v := range containerVictims {
		t.Logf("%-20s there to be killed in %d trials, all gone after at most %s", v, c.struck[v], c.gone[v].Round(time.Millisecond))
	}
	t.Logf("under way when it struck: %v; envd gc had something to remove in %d trials", c.phases, c.swept)
}

// left lists what the engine has of a run.
func (c *containerTrials) left(t *testing.T, id string) (left []string) {
	t.Helper()
	ctx := context.Background()
	containers, err := c.engine.ContainerList(ctx, client.ContainerListOptions{All: true})
	require.NoError(t, err)
	for _, s := range containers.Items {
		if s.Labels["dev.envd.environment"] == id || strings.Contains(strings.Join(s.Names, " "), id) {
			left = append(left, fmt.Sprint("container ", s.Names, " ", s.Status))
		}
	}
	networks, err := c.engine.NetworkList(ctx, client.NetworkListOptions{})
	require.NoError(t, err)
	for _, n := range networks.Items {
		if n.Labels["dev.envd.environment"] == id || strings.Contains(n.Name, id) {
			left = append(left, "network "+n.Name)
		}
	}
	volumes, err := c.engine.VolumeList(ctx, client.VolumeListOptions{})
	require.NoError(t, err)
	for _, v := range volumes.Items {
		if v.Labels["dev.envd.environment"] == id || strings.Contains(v.Name, id) {
			left = append(left, "volume "+v.Name)
		}
	}
	return left
}

// trial runs the spec, and kills the victims at a random moment.
func (l *containerLane) trial(t *testing.T, i int) {
	victims := containerVictims[i%len(containerVictims)]
	r := l.prepare(t, fmt.Sprintf("killed-%d-%d", os.Getpid(), i), i)
	names, dispatched := strings.CutPrefix(victims, "|")
	var delay time.Duration
	var struck bool
	var said func() string
	evidence := filepath.Join(l.dir, "state", "runs", r.id)
	if dispatched {
		r.began = time.Now()
		run, err := l.client.SubmitRun(t.Context(), envdclient.Spec{Path: filepath.Join(r.dir, "envd.yaml")})
		require.NoError(t, err)
		r.id, evidence = run.ID, run.Dir
		said = func() string {
			b, _ := os.ReadFile(filepath.Join(run.Dir, "runner.log")) // it may not have said anything yet
			return string(b)
		}
		delay = r.moment(l.containerTrials)
		struck = l.strike(t, r, names, 0)
	} else {
		cmd, out := r.start(t)
		delay = r.moment(l.containerTrials)
		struck = l.strike(t, r, names, cmd.Process.Pid)
		cmd.Wait() // whatever it says: a killed runner says nothing
		said = out.String
	}
	end := time.Now()
	what := fmt.Sprintf("%s of %s killed after %s of about %s", victims, r.id, delay, l.took[r.stage])
	phase := underWay(evidence)
	switch victims {
	case "leash", "|daemon": // the run goes on to its end
		if dispatched {
			l.serve(t)
			ended, err := l.client.Follow(t.Context(), r.id, func(envd.Observation) error { return nil })
			require.NoError(t, err, what)
			require.NotEmpty(t, ended.Outcome, what)
		}
		if strings.Contains(said(), "PASS") {
			r.ended(l.containerTrials)
		}
		end = time.Now()
		phase = "it went on"
	case "leash runner", "|daemon leash runner":
		args := []string{"gc"}
		if i%2 == 1 { // any other does, too
			args = []string{"run", filepath.Join(r.dir, "envd.yaml"), "--id", "next-" + r.id}
		}
		next := exec.Command(binary, args...)
		next.Env = append(r.env, "ENVD_STATE_DIR="+filepath.Dir(filepath.Dir(evidence)))
		out, err := next.CombinedOutput()
		require.NoError(t, err, "%s\n%s", what, out)
		assert.Empty(t, l.left(t, r.id), "%s, with %s under way\n%s\nenvd %s: %s", what, phase, said(), args[0], out)
		end = time.Now()
		if strings.Contains(string(out), "of environment "+r.id+":") {
			l.mu.Lock()
			l.swept++
			l.mu.Unlock()
		}
		if dispatched {
			l.serve(t)
		}
	}
	late := false
	for left := l.left(t, r.id); len(left) > 0; left = l.left(t, r.id) {
		if time.Since(end) > containerPatience && !late {
			late = true
			t.Errorf("%s, with %s under way\n%s\nleft behind after %s:\n  %s", what, phase, said(), containerPatience, strings.Join(left, "\n  "))
		}
		require.Less(t, time.Since(end), time.Minute, what)
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("%s, with %s under way: gone after %s", what, phase, time.Since(end).Round(time.Millisecond))
	l.mu.Lock()
	l.phases[phase]++
	if struck {
		l.struck[victims]++
	}
	l.gone[victims] = max(l.gone[victims], time.Since(end))
	l.mu.Unlock()
	r.discard(t, l.engine)
}

package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/client"
)

// killSpec is a run whose service leaves a daemonised child that ignores SIGTERM behind.
const killSpec = `apiVersion: envd/v1
name: kill
environment:
  services:
    api:
      command: [%s, serve, -daemonise]
      ports: [8080]
      ready: {tcp: 8080}
      stop: {grace: 100ms}
  stubs:
    payments.example.com:
      inline: [{request: {url: /}, response: {}}]
stages:
  - name: busy
    functional: {command: [sleep, "0.6"]}
gate: {conditions: [no undeclared connections]}
`

// victims are killed in turn; those after the bar in a run that `envd serve` started.
var victims = []string{"runner", "gateway", "init", "|runner", "|gateway", "|init", "|daemon"}

// lanes is how many trials are under way at the same time: each of them mostly waits.
const lanes = 3

// TestNothingSurvivesSIGKILL kills the runner, the gateway and PID 1 in turn at random moments of a run, whether a person
// or a daemon started it. One second after the run's end nothing of it is left: no process, mount, namespace, socket or
// temporary file. The daemon is killed too, which must not touch the run. What the daemon says of a run is true in the end.
// ENVD_KILL_TRIALS says how many runs; `make kill-trials` makes 1,000.
func TestNothingSurvivesSIGKILL(t *testing.T) {
	trials := 2 * len(victims)
	if n, err := strconv.Atoi(os.Getenv("ENVD_KILL_TRIALS")); err == nil {
		trials = n
	}
	t.Setenv("TMPDIR", t.TempDir()) // what others on this machine leave in theirs is not ours
	var next atomic.Int64
	var struck sync.Map // victim → *atomic.Int64
	t.Run("trials", func(t *testing.T) {
		for lane := range lanes {
			t.Run(strconv.Itoa(lane), func(t *testing.T) {
				t.Parallel()
				l := newLane(t)
				for i := int(next.Add(1)) - 1; i < trials; i = int(next.Add(1)) - 1 {
					victim := victims[i%len(victims)]
					if l.trial(t, victim, fmt.Sprintf("kill-%d-%d", os.Getpid(), i)) {
						n, _ := struck.LoadOrStore(victim, new(atomic.Int64))
						n.(*atomic.Int64).Add(1)
					}
				}
			})
		}
	})
	for _, victim := range victims {
		n, _ := struck.LoadOrStore(victim, new(atomic.Int64))
		t.Logf("%s: there to be killed in %d trials", victim, n.(*atomic.Int64).Load())
	}
}

// lane is a directory with a spec, and a daemon on it.
type lane struct {
	dir, spec, address string
	env                []string
	daemon             *exec.Cmd
	client             *client.Client
}

func newLane(t *testing.T) *lane {
	l := &lane{dir: t.TempDir(), address: fmt.Sprintf("127.0.0.1:%d", freePort(t))}
	l.spec, _ = writeSpec(t, l.dir, killSpec)
	l.env = append(os.Environ(), "ENVD_STATE_DIR="+filepath.Join(l.dir, "state"))
	l.serve(t)
	return l
}

func (l *lane) serve(t *testing.T) {
	l.daemon, l.client = startDaemon(t, filepath.Join(l.dir, "state"), l.address)
}

// trial runs the spec, kills the victim at a random moment, and reports whether it was there to be killed.
func (l *lane) trial(t *testing.T, victim, id string) (struck bool) {
	before := temporary(t)
	delay := time.Duration(rand.IntN(700)) * time.Millisecond
	what := fmt.Sprintf("%s of %s killed after %s", victim, id, delay)
	if victim, dispatched := strings.CutPrefix(victim, "|"); dispatched {
		run, err := l.client.SubmitRun(t.Context(), client.Spec{Path: l.spec})
		require.NoError(t, err, what)
		id = run.ID
		time.Sleep(delay) // the random moment
		if struck = victim == "daemon"; struck {
			require.NoError(t, l.daemon.Process.Kill(), what)
			l.daemon.Wait() // killed, it says nothing
			l.serve(t)
		} else {
			struck = strike(t, victim, id)
		}
		l.checkTold(t, victim, id, what)
	} else {
		cmd := exec.Command(binary, "run", l.spec, "--id", id, "--out", filepath.Join(l.dir, id))
		cmd.Env = l.env
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		require.NoError(t, cmd.Start())
		time.Sleep(delay) // the random moment
		if victim == "runner" {
			struck = cmd.Process.Kill() == nil
		} else {
			struck = strike(t, victim, id)
		}
		cmd.Wait() // whatever it says: a killed runner says nothing
		what += "\n" + out.String()
	}
	nothingLeft(t, id, before, what)
	return struck
}

// checkTold waits until the daemon says that a run has ended, and holds what it says against what the run itself left.
func (l *lane) checkTold(t *testing.T, victim, id, what string) {
	t.Helper()
	ended, err := l.client.Follow(t.Context(), id, func(envd.Observation) error { return nil })
	require.NoError(t, err, what)
	what = fmt.Sprintf("%s; the daemon says %+v", what, ended)
	require.NotEmpty(t, ended.Outcome, what)
	_, err = os.Stat(filepath.Join(ended.Dir, "journal.ndjson"))
	began := err == nil // a daemon that is killed with a run in its hand starts it no second time, and says so
	if victim == "daemon" && began {
		require.Equal(t, envd.Pass, ended.Outcome, what)
	}
	if ended.Outcome != envd.Pass {
		require.Equal(t, envd.Errored, ended.Outcome, what)
		require.NotEmpty(t, ended.Message, what)
		return
	}
	verdict, err := l.client.Verdict(t.Context(), id)
	require.NoError(t, err, what)
	require.Equal(t, envd.Pass, verdict.Outcome, what)
}

// strike kills the victim of that run, if it is there yet.
func strike(t *testing.T, victim, id string) bool {
	t.Helper()
	for _, p := range allProcesses(t) {
		command := strings.Join(p.args, " ")
		is := map[string]bool{
			"runner":  strings.Contains(command, " run ") && strings.Contains(command, " "+id),
			"init":    strings.Contains(command, " init --env "+id),
			"gateway": strings.Contains(command, " gateway ") && p.env["ENVD_ENVIRONMENT"] == id,
		}
		if is[victim] {
			return syscall.Kill(p.pid, syscall.SIGKILL) == nil
		}
	}
	return false
}

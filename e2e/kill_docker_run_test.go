package e2e

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	envdclient "github.com/envd-dev/envd/envd/client"
)

// containerLane has a state directory without a daemon, and one with.
type containerLane struct {
	*containerTrials
	dir, address string
	daemon       *exec.Cmd
	client       *envdclient.Client
}

func (c *containerTrials) lane(t *testing.T) *containerLane {
	l := &containerLane{containerTrials: c, dir: t.TempDir(), address: fmt.Sprintf("127.0.0.1:%d", freePort(t))}
	l.serve(t)
	return l
}

func (l *containerLane) serve(t *testing.T) {
	l.daemon, l.client = startDaemon(t, filepath.Join(l.dir, "served"), l.address)
}

// containerRun is one run of a trial, in a directory of its own.
type containerRun struct {
	id, dir string
	stage   int
	env     []string
	began   time.Time
}

func (l *containerLane) prepare(t *testing.T, id string, i int) *containerRun {
	r := &containerRun{id: id, dir: filepath.Join(l.dir, id), stage: i % len(killStages)}
	r.env = append(os.Environ(), "ENVD_STATE_DIR="+filepath.Join(l.dir, "state"), "PATH="+repository("bin")+":"+os.Getenv("PATH"))
	require.NoError(t, os.Mkdir(r.dir, 0o755))
	program := slices.Concat(l.program, []byte(rand.Text())) // another program: its image has to be packed
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "app"), program, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "compose.yaml"), []byte(killCompose), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "envd.yaml"), fmt.Appendf(nil, killContainersSpec, killStages[r.stage]), 0o644))
	return r
}

func (r *containerRun) start(t *testing.T) (*exec.Cmd, *bytes.Buffer) {
	cmd, out := exec.Command(binary, "run", filepath.Join(r.dir, "envd.yaml"), "--id", r.id), &bytes.Buffer{}
	cmd.Env, cmd.Stdout, cmd.Stderr = r.env, out, out
	r.began = time.Now()
	require.NoError(t, cmd.Start())
	return cmd, out
}

// ended notes how long a whole run took.
func (r *containerRun) ended(c *containerTrials) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.took[r.stage] = time.Since(r.began)
}

// moment waits for a random one of the run.
func (r *containerRun) moment(c *containerTrials) time.Duration {
	c.mu.Lock()
	delay := mathrand.N(c.took[r.stage])
	c.mu.Unlock()
	time.Sleep(delay) // the random moment
	return delay
}

// discard removes the image that was packed for the run.
func (r *containerRun) discard(t *testing.T, engine *client.Client) {
	packed, err := engine.ImageList(context.Background(), client.ImageListOptions{Filters: client.Filters{}.Add("label", "dev.envd.packed="+filepath.Join(r.dir, "app"))})
	require.NoError(t, err)
	for _, i := range packed.Items {
		_, err := engine.ImageRemove(context.Background(), i.ID, client.ImageRemoveOptions{Force: true})
		assert.NoError(t, err)
	}
	require.NoError(t, os.RemoveAll(r.dir))
}

// underWay tells which operations a run had under way in the end, by its journal.
func underWay(dir string) string {
	journal, err := os.ReadFile(filepath.Join(dir, "journal.ndjson"))
	if err != nil || len(journal) == 0 {
		return "nothing yet"
	}
	var open []string
	for line := range bytes.Lines(journal) {
		var entry struct{ Operation, Event string }
		if json.Unmarshal(line, &entry) != nil {
			continue // the last one was cut off
		}
		if entry.Event == "started" {
			open = append(open, entry.Operation)
		} else {
			open = slices.DeleteFunc(open, func(o string) bool { return o == entry.Operation })
		}
	}
	for i, o := range open {
		open[i], _, _ = strings.Cut(o, " ")
	}
	slices.Sort(open)
	return cmp.Or(strings.Join(slices.Compact(open), "+"), "no operation")
}

// strike kills the victims of that run that are there yet, waits for their end, and reports whether any was. pid is the
// runner's, where known.
func (l *containerLane) strike(t *testing.T, r *containerRun, victims string, pid int) (struck bool) {
	t.Helper()
	targets := map[string]int{"runner": pid}
	for _, p := range allProcesses(t) {
		command := strings.Join(p.args, " ")
		switch {
		case strings.Contains(command, "leash --env "+r.id):
			targets["leash"] = p.pid
		case strings.Contains(command, " run ") && strings.Contains(command, " "+r.id):
			targets["runner"] = p.pid
		}
	}
	var pids []int
	for name := range strings.FieldsSeq(victims) {
		if name == "daemon" {
			require.NoError(t, l.daemon.Process.Kill())
			l.daemon.Wait() // killed, it says nothing
			struck = true
		} else if pid := targets[name]; pid != 0 {
			struck = syscall.Kill(pid, syscall.SIGKILL) == nil || struck
			pids = append(pids, pid)
		}
	}
	awaitDeath(t, pids)
	return struck
}

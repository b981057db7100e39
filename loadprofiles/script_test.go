package loadprofiles_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/loadprofiles"
)

// k6 exits with 0 when every iteration throws, so what a script throws must be seen in another way, in each of the
// ways in which it can be thrown.
func TestExceptions(t *testing.T) {
	for name, tc := range map[string]struct{ body, text, location string }{
		"plain":     {`export default function () { throw new Error('boom'); }`, "Error: boom", ":1:36"},
		"string":    {`export default function () { throw 'boom'; }`, "boom", ":1:30"},
		"reference": {`export default function () { nothing(); }`, "ReferenceError: nothing is not defined", ":1:37"},
		"async":     {`export default async function () { throw new Error('boom'); }`, "Error: boom", ":1:42"},
		"rejected":  {`export default async function () { Promise.reject(new Error('boom')); }`, "Error: boom", ":1:51"},
		"timer":     {`export default function () { setTimeout(() => { throw new Error('boom'); }, 1); }`, "Error: boom", ":1:55"},
		"fail":      {`import { fail } from 'k6'; export default function () { fail('boom'); }`, "GoError: boom", ":1:61"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			summary := run(t, loadprofiles.Config{Profile: "smoke", Load: constant(10), Script: script(t, tc.body)})
			assert.Zero(t, summary.ExitCode)
			assert.InDelta(t, 10, summary.Iterations, 1, "k6 counts them as complete")
			assert.Equal(t, summary.Iterations, summary.Exceptions.Count)
			require.Len(t, summary.Exceptions.First, 1)
			assert.Equal(t, tc.text, summary.Exceptions.First[0].Text)
			assert.Regexp(t, `^/.*/a "b" #c %20 \?d é'f/script\.js`+tc.location+`$`, summary.Exceptions.First[0].Location)
			assert.Equal(t, summary.Iterations, summary.Exceptions.First[0].Count)
			require.NotEmpty(t, summary.Doubts())
			assert.Contains(t, summary.Doubts()[0], "the script threw")
		})
	}
}

func TestConsoleErrorsAreNoExceptions(t *testing.T) {
	summary := run(t, loadprofiles.Config{Profile: "smoke", Load: constant(5), Script: script(t,
		`export default function () { console.error('Uncaught (in promise) not really'); console.warn('"level":"error"'); }`)})
	assert.Zero(t, summary.Exceptions.Count)
	assert.Empty(t, summary.Notices)
	assert.Empty(t, summary.Doubts())
}

func TestExitCodes(t *testing.T) {
	for name, tc := range map[string]struct {
		body          string
		code          int
		doubt, failed string
	}{
		"setup throws": {`export function setup() { throw new Error('no'); } export default function () {}`, 107, "outside of an iteration", ""},
		"aborts": {`import exec from 'k6/execution'; export default function () { exec.test.abort('no'); }`,
			108, "the script aborted the test", ""},
		"marks as failed": {`import exec from 'k6/execution'; export default function () { exec.test.fail('no'); }`,
			110, "", "marked the test as failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			summary := run(t, loadprofiles.Config{Profile: "smoke", Load: constant(5), Script: script(t, tc.body)})
			assert.Equal(t, tc.code, summary.ExitCode)
			if tc.doubt != "" {
				assert.Contains(t, summary.Doubts()[0], tc.doubt)
			}
			if tc.failed != "" {
				assert.Contains(t, summary.Failures()[0], tc.failed)
			}
		})
	}
}

// The schedule of the profile replaces the script's own; all else of the script stays in force.
func TestScriptOptions(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data.txt"), []byte("from a file"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lib.ts"), []byte(`
		export const data: string = open('./data.txt');`), 0o600))
	path := filepath.Join(dir, "script.ts")
	require.NoError(t, os.WriteFile(path, []byte(`
		import { check } from 'k6';
		import { data } from './lib.ts';
		export const options = { vus: 3, duration: '20s', tags: { team: 'blue' }, systemTags: ['vu'] };
		export function setup() { return { token: data + __ENV.GREETING }; }
		export function checkout(given: { token: string }) { check(given, { greeted: (g) => g.token === 'from a file!' }); }
	`), 0o600))
	var team string
	summary, err := testK6(t).Run(t.Context(), loadprofiles.Config{
		Name: "shop", Profile: "smoke", Load: constant(10), Script: path, Exec: "checkout",
		Env: map[string]string{"GREETING": "!"}, Tags: map[string]string{"build": "7"},
	}, loadprofiles.RunOptions{Measure: func(m loadprofiles.Measure) {
		if m.Metric == "checks" {
			team = m.Tags.Scenario + "/" + m.Tags.Check + "/" + m.Tags.Extra["team"] + m.Tags.Extra["build"]
		}
	}})
	require.NoError(t, err)
	assert.InDelta(t, 10, summary.ChecksPassed, 1)
	assert.Zero(t, summary.ChecksFailed)
	assert.Equal(t, "shop/greeted/blue7", team)
	assert.Less(t, summary.End.Sub(summary.Start), 5*time.Second)
	assert.Empty(t, summary.Doubts())
}

func TestScriptWithScenariosOfItsOwn(t *testing.T) {
	path := script(t, `
		export const options = { scenarios: {
			a: { executor: 'shared-iterations', vus: 1, iterations: 3, exec: 'one' },
			b: { executor: 'shared-iterations', vus: 2, iterations: 4, exec: 'two', tags: { kind: 'x' } },
		}, thresholds: { 'iterations{scenario:a}': ['count==3'], 'iterations{kind:x}': ['count<4'] } };
		export function one() {}
		export function two() {}`)
	summary := run(t, loadprofiles.Config{Script: path, Tags: map[string]string{"build": "7"}})
	assert.EqualValues(t, 7, summary.Iterations)
	assert.Empty(t, summary.Doubts())
	assert.Equal(t, []string{"threshold iterations{kind:x}: count<4: the value is 4"}, summary.Failures())

	_, err := testK6(t).Inspect(t.Context(), loadprofiles.Config{Script: path, Profile: "load"})
	assert.ErrorContains(t, err, "has scenarios of its own (a, b): leave the profile out")
}

func TestCommonJS(t *testing.T) {
	summary := run(t, loadprofiles.Config{Profile: "smoke", Load: constant(5), Script: script(t, `
		const { check } = require('k6');
		module.exports.options = { thresholds: { checks: ['rate>0.9'] }, iterations: 1 };
		module.exports.default = function () { check(1, { one: (v) => v === 1 }); };`)})
	assert.InDelta(t, 5, summary.ChecksPassed, 1)
	require.Len(t, summary.Thresholds, 1)
	assert.Equal(t, loadprofiles.Passed, summary.Thresholds[0].Status)
}

func TestInspectRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ body, want string }{
		"syntax error":     {`export default function () { let x = ; }`, "script.js: Line 1:38 Unexpected token ;"},
		"init throws":      {`nothing.at.all; export default function () {}`, "nothing is not defined"},
		"no default":       {`export function other() {}`, "function 'default' not found in exports"},
		"missing module":   {`import x from './missing.js'; export default function () {}`, "missing.js"},
		"bad threshold":    {`export const options = { thresholds: { checks: ['rate>>1'] } }; export default function () {}`, "rate>>1"},
		"unknown metric":   {`export const options = { thresholds: { nope: ['rate>1'] } }; export default function () {}`, `"nope"`},
		"wrong aggregate":  {`export const options = { thresholds: { checks: ['p(95)<1'] } }; export default function () {}`, "unsupported aggregation method"},
		"remote extension": {`import x from 'k6/x/faker'; export default function () {}`, "k6/x/faker"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := testK6(t).Inspect(t.Context(), loadprofiles.Config{Profile: "smoke", Script: script(t, tc.body)})
			var refused *loadprofiles.ScriptError
			require.ErrorAs(t, err, &refused)
			assert.Contains(t, refused.Text, tc.want)
		})
	}
	_, err := testK6(t).Inspect(t.Context(), loadprofiles.Config{Profile: "smoke", Script: "/nowhere/script.js"})
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = testK6(t).Inspect(t.Context(), loadprofiles.Config{Script: script(t, `export default function () {}`)})
	assert.ErrorContains(t, err, "so it needs a profile")
}

func TestInspectEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := testK6(t).Inspect(ctx, loadprofiles.Config{Profile: "smoke", Script: script(t, `while (true) {}`)})
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestDroppedIterations(t *testing.T) {
	load := constant(20)
	load.VUs, load.MaxVUs = 1, 2
	summary := run(t, loadprofiles.Config{Profile: "smoke", Load: load, Script: script(t,
		`import { sleep } from 'k6'; export default function () { sleep(0.5); }`)})
	assert.Positive(t, summary.Dropped)
	assert.EqualValues(t, 2, summary.VUs)
	assert.Contains(t, summary.Starved, "all 2 virtual users were busy")
	assert.Contains(t, summary.Doubts(), summary.Starved)
	assert.Contains(t, summary.Notices, "Insufficient VUs, reached 2 active VUs and cannot initialize more")
	assert.Contains(t, summary.Doubts()[0], "iterations were dropped")
}

// The limit of virtual users is that of all scenarios together, so one of them may be out of users long before.
func TestDroppedIterationsOfOneScenario(t *testing.T) {
	summary := run(t, loadprofiles.Config{Script: script(t, `
		import { sleep } from 'k6';
		const rate = { executor: 'constant-arrival-rate', rate: 20, duration: '1s', preAllocatedVUs: 1 };
		export const options = { scenarios: { slow: { ...rate, maxVUs: 1 }, idle: { ...rate, maxVUs: 50, exec: 'fast' } } };
		export default function () { sleep(0.5); }
		export function fast() {}`)})
	assert.Less(t, summary.VUs, summary.VUsLimit)
	assert.EqualValues(t, 51, summary.VUsLimit)
	assert.NotEmpty(t, summary.Starved)
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	load := loadprofiles.Load{Rate: 50, Duration: time.Minute, VUs: 5}
	summary, err := testK6(t).Run(ctx, loadprofiles.Config{
		Profile: "smoke", Load: load, Script: script(t, `export default function () {}`),
	}, loadprofiles.RunOptions{Measure: func(m loadprofiles.Measure) {
		if m.Metric == "iterations" {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 105, summary.ExitCode)
	assert.Positive(t, summary.Iterations)
	assert.Contains(t, summary.Doubts()[0], "it was interrupted")
	assert.Contains(t, summary.Doubts()[1], "of 3000 planned iterations")
}

// k6 may be killed in the middle of its work.
func TestKilledProcess(t *testing.T) {
	kill := func(p *os.Process) { assert.NoError(t, p.Kill()) }
	summary := runByHand(t, loadprofiles.Load{Rate: 50, Duration: time.Minute}, kill)
	assert.Equal(t, -1, summary.ExitCode)
	assert.Positive(t, summary.Iterations)
	assert.Positive(t, summary.Exceptions.Count)
	assert.Contains(t, summary.Doubts()[0], "it was killed by a signal")
}

// A machine that is overloaded, or asleep, is not the application's fault.
func TestStalledProcess(t *testing.T) {
	pause := func(p *os.Process) {
		assert.NoError(t, p.Signal(syscall.SIGSTOP))
		time.AfterFunc(3500*time.Millisecond, func() { assert.NoError(t, p.Signal(syscall.SIGCONT)) })
	}
	summary := runByHand(t, loadprofiles.Load{Rate: 50, Duration: 6 * time.Second}, pause)
	assert.Zero(t, summary.ExitCode)
	assert.True(t, summary.Saturated)
	assert.Contains(t, strings.Join(summary.Doubts(), "\n"), "k6 stood still for ")
}

// runByHand starts k6 without Run, on a script that throws, and calls back once, when some iterations are done.
func runByHand(t *testing.T, load loadprofiles.Load, begun func(*os.Process)) loadprofiles.Summary {
	k6 := testK6(t)
	cfg := loadprofiles.Config{Profile: "smoke", Load: load, Script: script(t, `export default function () { throw new Error('boom'); }`)}
	inspection, err := k6.Inspect(t.Context(), cfg)
	require.NoError(t, err)
	inv, err := loadprofiles.Command(cfg, inspection, loadprofiles.Layout{K6: k6.Path, Dir: t.TempDir()})
	require.NoError(t, err)
	for _, f := range inv.Files {
		require.NoError(t, os.WriteFile(f.Path, f.Data, 0o600))
	}
	cmd := exec.Command(inv.Args[0], inv.Args[1:]...)
	cmd.Dir, cmd.Env = inv.Dir, inv.Env
	log, stderr := io.Pipe()
	cmd.Stderr = stderr
	measures, stream := io.Pipe()

	rec := loadprofiles.NewRecorder(inv.Plan, nil)
	var reading sync.WaitGroup
	reading.Go(func() { assert.NoError(t, rec.ReadLog(log, nil)) })
	var once sync.Once
	reading.Go(func() {
		assert.NoError(t, rec.ReadMeasures(measures, func(m loadprofiles.Measure) {
			if m.Metric == "iterations" {
				once.Do(func() { begun(cmd.Process) })
			}
		}))
	})
	err = loadprofiles.Relay(cmd, stream)
	assert.NoError(t, errors.Join(stream.Close(), stderr.Close()))
	reading.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return rec.Summary(loadprofiles.Exit{Code: cmd.ProcessState.ExitCode()})
}

package loadprofiles_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/loadprofiles"
)

// thresholdScript emits the same values in every run. Its thresholds cover the grammar, and lie on, next to and far
// from the values.
const thresholdScript = `
import exec from 'k6/execution';
import { check } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

const sold = new Counter('sold'), stock = new Gauge('stock'), ok = new Rate('ok'), took = new Trend('took');
const silent = new Counter('silent'), mute = new Trend('mute');
const percentiles = [0, 12.5, 50, 90, 95, 99.9, 100];
const limits = [0, 1, 12, 12.4375, 12.5, 49, 49.5, 50, 89.1, 94.05, 94.1, 98.901, 99, 100, -7];
const took_thresholds = ['avg<49.5', 'avg<=49.5', 'avg>10', 'min>=0', 'min>0', 'max<99', 'max <= 99', 'med<49.5', 'med===49.5', 'med!=49.5'];
for (const p of percentiles) for (const l of limits) for (const op of ['<', '<=', '>', '>=', '==', '!=']) took_thresholds.push(` + "`p(${p})${op}${l}`" + `);

export const options = {
  scenarios: { all: { executor: 'shared-iterations', vus: 1, iterations: 200 } },
  thresholds: {
    took: took_thresholds,
    'took{kind:even}': ['p(95)<94', 'p(95)<94.2', 'max<99', 'max<98', 'med==49'],
    'took{kind:odd, size:big}': ['min>=51', 'min>51', 'p(50)<75.1'],
    sold: ['count==400', 'count<400', 'rate>0', 'rate<0'],
    stock: ['value==199', 'value<199', 'value>=199'],
    ok: ['rate==0.75', 'rate>0.75', 'rate>=0.75'],
    'ok{kind:even}': ['rate>0.4', 'rate<0.4'],
    checks: ['rate>0.89', 'rate>0.9', 'rate>=0.9'],
    'checks{check:"not each tenth"}': ['rate==0.9'],
    iterations: ['count==200', 'count>200'],
    'iterations{scenario:all}': ['count==200'],
    silent: ['count<1', 'count>0'],
    dropped_iterations: ['count<1'],
  },
};

export default function () {
  const i = exec.scenario.iterationInTest;
  const tags = { kind: i % 2 ? 'odd' : 'even', size: i % 100 > 50 ? 'big' : 'small' };
  took.add(i % 100, tags);
  sold.add(2);
  stock.add(i);
  ok.add(i % 4 !== 0, tags);
  check(i, { 'not each tenth': (v) => v % 10 !== 0 });
}`

// What envd decides over the aggregates is what k6 itself decides with every sample in memory.
func TestThresholdsAgreeWithK6(t *testing.T) {
	path := script(t, thresholdScript)
	summary := run(t, loadprofiles.Config{Script: path})
	ours := map[string]bool{}
	undecided := map[string]bool{}
	for _, r := range summary.Thresholds {
		if r.Status == loadprofiles.Unknown { // only where the limit is near, or hit
			undecided[r.Threshold.String()] = true
			assert.InDelta(t, r.Threshold.Limit, r.Value, 0.008*r.Value, r.Threshold)
			continue
		}
		ours[r.Threshold.String()] = r.Status == loadprofiles.Passed
	}
	assert.Len(t, summary.Doubts(), len(undecided))

	export := filepath.Join(t.TempDir(), "summary.json")
	cmd := exec.Command(testK6(t).Path, "run", "--quiet", "--no-usage-report", "--summary-export", export, path)
	out, err := cmd.CombinedOutput()
	require.Equal(t, 99, cmd.ProcessState.ExitCode(), "%v: %s", err, out)
	var printed struct {
		Metrics map[string]struct{ Thresholds map[string]bool }
	}
	data, err := os.ReadFile(export)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &printed))
	theirs := map[string]bool{}
	for metric, m := range printed.Metrics {
		for source, failed := range m.Thresholds { // k6 writes true for one that was crossed
			theirs[normalize(t, metric, source)] = !failed
		}
	}
	maps.DeleteFunc(theirs, func(threshold string, _ bool) bool { return undecided[threshold] })
	require.Greater(t, len(theirs), 600)
	assert.Equal(t, theirs, ours)
}

// normalize writes a threshold as Threshold.String does.
func normalize(t testing.TB, metric, source string) string {
	parsed := loadprofiles.ParseThreshold(metric, source)
	require.Empty(t, parsed.Problem)
	return parsed.String()
}

// k6 passes every threshold that has no samples; envd passes none but those on counters of what need not happen.
func TestThresholdsWithoutSamples(t *testing.T) {
	summary := run(t, loadprofiles.Config{Profile: "smoke", Load: constant(5), Script: script(t, `
		import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
		new Counter('my_c'); new Gauge('my_g'); new Rate('my_r'); new Trend('my_t');
		export const options = { thresholds: {
			my_c: ['count<1', 'rate>5'], my_g: ['value<1'], my_r: ['rate<1'], my_t: ['p(95)<1'],
			http_req_duration: ['p(95)<500'], http_req_failed: ['rate<0.01'], http_reqs: ['count<100'], checks: ['rate<2'],
			'iterations{scenario:other}': ['count<1'], iterations: ['count>1'], 'iteration_duration{scenario:load}': ['max<1000'],
			dropped_iterations: ['count<1'],
		} };
		export default function () {}`)})
	got := map[string]loadprofiles.Status{}
	for _, r := range summary.Thresholds {
		got[r.Threshold.String()] = r.Status
		assert.Equal(t, r.Status == loadprofiles.Unknown, r.Reason != "")
	}
	assert.Equal(t, map[string]loadprofiles.Status{
		"my_c: count<1": loadprofiles.Passed, "my_c: rate>5": loadprofiles.Failed, "my_g: value<1": loadprofiles.Unknown,
		"my_r: rate<1": loadprofiles.Unknown, "my_t: p(95)<1": loadprofiles.Unknown,
		"http_req_duration: p(95)<500": loadprofiles.Unknown, "http_req_failed: rate<0.01": loadprofiles.Unknown,
		"http_reqs: count<100": loadprofiles.Unknown, "checks: rate<2": loadprofiles.Unknown,
		"iterations{scenario:other}: count<1": loadprofiles.Unknown, "iterations: count>1": loadprofiles.Passed,
		"iteration_duration{scenario:load}: max<1000": loadprofiles.Passed, "dropped_iterations: count<1": loadprofiles.Passed,
	}, got)
	assert.Len(t, summary.Doubts(), 8)
	assert.Len(t, summary.Failures(), 1)
}

func TestThresholdAborts(t *testing.T) {
	summary := run(t, loadprofiles.Config{
		Profile: "smoke", Load: loadprofiles.Load{Rate: 20, Duration: 30_000_000_000, VUs: 2},
		Script: script(t, `
			export const options = { thresholds: { iterations: [{ threshold: 'count<10', abortOnFail: true, delayAbortEval: '1s' }] } };
			export default function () {}`),
	})
	assert.Equal(t, 105, summary.ExitCode)
	assert.Less(t, summary.Iterations, int64(200))
	require.Len(t, summary.Failures(), 1)
	assert.Contains(t, summary.Failures()[0], "iterations: count<10: the value is")
}

// Thresholds may select by a tag that envd would not ask k6 for otherwise.
func TestThresholdOnSystemTag(t *testing.T) {
	url := server(t)
	summary := run(t, loadprofiles.Config{
		Profile: "smoke", Load: constant(10), Env: map[string]string{"URL": url},
		Script: script(t, `
			import http from 'k6/http';
			export const options = { thresholds: {
				'http_reqs{proto:HTTP/1.1}': ['count>5'],
				'http_reqs{status:503}': ['count>3'],
				'http_reqs{status:200}': ['count>3'],
				'http_reqs{expected_response:false}': ['count>3'],
				'http_reqs{status:0}': ['count>3'],
				'http_reqs{error_code:1212}': ['count>3'],
			} };
			export default function () {
				http.get(__ENV.URL + '/ok'); http.get(__ENV.URL + '/broken'); http.get('http://127.0.0.1:1/');
			}`),
	})
	for _, r := range summary.Thresholds {
		assert.Equal(t, loadprofiles.Passed, r.Status, "%s: %g %s", r.Threshold, r.Value, r.Reason)
	}
	assert.Len(t, summary.Thresholds, 6)
}

func TestParseThreshold(t *testing.T) {
	for expression, want := range map[string]string{
		"p(95)<500":     "",
		" p(95) < 5e2 ": "",
		"med>=1.5":      "",
		"p(101)<1":      `unknown aggregation "p(101)"`,
		"p(NaN)<1":      `unknown aggregation "p(NaN)"`,
		"p(95<1":        `unknown aggregation "p(95"`,
		"mean<1":        `unknown aggregation "mean"`,
		"avg<one":       `"one" is not a number`,
		"avg":           "no comparison",
		"":              "no comparison",
	} {
		assert.Contains(t, loadprofiles.ParseThreshold("http_req_duration", expression).Problem, want, expression)
		assert.Equal(t, want == "", loadprofiles.ParseThreshold("http_req_duration", expression).Problem == "", expression)
	}
	for metric, want := range map[string]string{
		"m{a:1": "no closing }", "m{a}": `"a" is not tag:value`, "m{:1}": "is not tag:value", "m{vu:1}": "cannot be selected by vu",
		"m{__a:1}": "__a is a name that k6 keeps for itself", "m{test_run_id:1}": "keeps for itself",
	} {
		assert.Contains(t, loadprofiles.ParseThreshold(metric, "count>1").Problem, want, metric)
	}
	quoted := loadprofiles.ParseThreshold(`m{ "a" : 'x y' ,url:http://h/:1}`, "count>1")
	assert.Equal(t, []loadprofiles.TagFilter{{Tag: "a", Value: "x y"}, {Tag: "url", Value: "http://h/:1"}}, quoted.Filter)
}

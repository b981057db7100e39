package loadprofiles_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/loadprofiles"
)

// The output of the nested module and k6's own CSV output give the same samples of the same run.
func TestFastSamplesAreTheSame(t *testing.T) {
	k6 := testK6(t)
	if !k6.FastSamples && os.Getenv("CI") == "" {
		t.Skip("SKIPPED, NOTHING PROVEN: this k6 was not built from loadprofiles/k6")
	}
	require.True(t, k6.FastSamples)
	url, dir := server(t), t.TempDir()
	path := script(t, `
		import http from 'k6/http';
		import { check, group } from 'k6';
		import { Counter, Gauge, Trend } from 'k6/metrics';
		const small = new Trend('small'), big = new Counter('big'), negative = new Gauge('negative');
		export const options = {
			scenarios: { a: { executor: 'shared-iterations', vus: 3, iterations: 60, tags: { team: 'blue, "x"' } } },
			systemTags: ['check', 'error', 'error_code', 'group', 'method', 'name', 'scenario', 'status', 'vu', 'iter'],
		};
		export default function () {
			group('shop, "1"', () => {
				const ok = http.get(__ENV.URL + '/ok?n=' + __ITER, { tags: { kind: 'a&b=c' } });
				http.post(__ENV.URL + '/broken', 'x', { tags: { name: 'broken' } });
				http.get('http://127.0.0.1:1/');
				check(ok, { ' is 200,\n"fine"': (r) => r.status === 200 });
			});
			small.add(Math.random() / 1000); big.add(Math.random() * 1e15); negative.add(-Math.random());
		}`)
	stock, fast := filepath.Join(dir, "stock.csv"), filepath.Join(dir, "fast.csv")
	cmd := exec.Command(k6.Path, "run", "--quiet", "--no-usage-report", "--out=csv="+stock, "--out=envd="+fast, path)
	cmd.Env = []string{"HOME=" + dir, "URL=" + url, "K6_CSV_TIME_FORMAT=unix_micro"}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)

	want, got := points(t, stock), points(t, fast)
	require.Greater(t, len(want), 60*30)
	assert.Equal(t, want, got)
}

// points reads a file of samples, in an order that does not depend on who wrote it.
func points(t *testing.T, path string) []loadprofiles.Point {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	all, err := read(f)
	require.NoError(t, err)
	sort.SliceStable(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if !a.Time.Equal(b.Time) {
			return a.Time.Before(b.Time)
		}
		if a.Metric != b.Metric {
			return a.Metric < b.Metric
		}
		return a.Value < b.Value
	})
	return all
}

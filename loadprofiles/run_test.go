package loadprofiles_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/loadprofiles"
)

// server answers 200 on every path but /broken, which answers 503.
func server(t testing.TB) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/broken" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte(`{"ok":true}`))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// script writes a k6 script and returns its path, which has characters that mean something in URLs and JavaScript.
func script(t testing.TB, source string) string {
	dir := filepath.Join(t.TempDir(), `a "b" #c %20 ?d é'f`)
	require.NoError(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "script.js")
	require.NoError(t, os.WriteFile(path, []byte(source), 0o600))
	return path
}

// constant is a load of that many iterations per second for a second.
func constant(rate float64) loadprofiles.Load {
	return loadprofiles.Load{Rate: rate, Duration: time.Second, VUs: 10, MaxVUs: 10}
}

func run(t testing.TB, cfg loadprofiles.Config) loadprofiles.Summary {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	summary, err := testK6(t).Run(ctx, cfg, loadprofiles.RunOptions{})
	require.NoError(t, err)
	return summary
}

func TestRunRequests(t *testing.T) {
	url := server(t)
	requests := 0
	names := map[string]int{}
	summary, err := testK6(t).Run(t.Context(), loadprofiles.Config{
		Profile: "smoke", Load: constant(40),
		Requests: []loadprofiles.Request{
			{URL: url + "/a", Weight: 3},
			{Name: "broken", Method: "post", URL: url + "/broken", Body: `{"a":"</script>"}`, Headers: map[string]string{"X-A": `"`}},
		},
		Tags: map[string]string{"run": "a,b"},
	}, loadprofiles.RunOptions{Measure: func(m loadprofiles.Measure) {
		if m.Metric == "http_req_duration" {
			requests += int(m.Count)
			names[m.Tags.Name] += int(m.Count)
			assert.Equal(t, "load", m.Tags.Scenario)
			assert.Equal(t, "a,b", m.Tags.Extra["run"])
			assert.Equal(t, strconv.FormatBool(m.Tags.Name != "broken"), m.Tags.Expected)
			assert.Positive(t, m.Min)
			assert.WithinDuration(t, time.Now(), m.Second, time.Minute)
			inBuckets := int64(0)
			for _, b := range m.Buckets {
				inBuckets += b.Count
				assert.Less(t, b.Low, m.Max)
				assert.GreaterOrEqual(t, b.High, m.Min)
			}
			assert.Equal(t, m.Count, inBuckets)
		}
	}})
	require.NoError(t, err)
	assert.InDelta(t, 40, summary.Iterations, 1)
	assert.Equal(t, summary.Iterations, summary.Requests)
	assert.EqualValues(t, summary.Iterations, requests)
	assert.InDelta(t, 10, names["broken"], 1)
	assert.InDelta(t, 30, names["GET "+url+"/a"], 1)
	assert.EqualValues(t, names["broken"], summary.RequestsFailed)
	assert.EqualValues(t, names["broken"], summary.ChecksFailed)
	assert.EqualValues(t, names["GET "+url+"/a"], summary.ChecksPassed)
	assert.Empty(t, summary.Doubts())
	assert.Empty(t, summary.Failures())
}

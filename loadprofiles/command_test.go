package loadprofiles_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/loadprofiles"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file in testdata, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

// text prints an invocation for people to read.
func text(inv loadprofiles.Invocation) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "dir %s\nplan iterations=%.2f length=%s max_vus=%d thresholds=%d\n",
		inv.Dir, inv.Plan.Iterations, time.Duration(inv.Plan.Length), inv.Plan.MaxVUs, len(inv.Plan.Thresholds))
	fmt.Fprintf(&out, "\n%s\n", strings.Join(inv.Args, "\n  "))
	fmt.Fprintf(&out, "\n%s\n", strings.Join(inv.Env, "\n"))
	for _, f := range inv.Files {
		fmt.Fprintf(&out, "\n--- %s\n%s", f.Path, f.Data)
	}
	return out.Bytes()
}

func TestCommand(t *testing.T) {
	layout := loadprofiles.Layout{K6: "/bin/k6", Dir: "/run/load"}
	for name, tc := range map[string]struct {
		cfg    loadprofiles.Config
		script *loadprofiles.Inspection
		layout loadprofiles.Layout
	}{
		"requests": {cfg: loadprofiles.Config{
			Name: "shop", Profile: "peak",
			Load: loadprofiles.Load{Rate: 300, Duration: time.Minute},
			Requests: []loadprofiles.Request{
				{URL: "https://shop.example/cart", Weight: 3},
				{Name: "pay", Method: "post", URL: "https://shop.example/pay?a=1&b=2", Body: "<b>\"{}\"\n", Timeout: 1500 * time.Millisecond,
					Headers: map[string]string{"Content-Type": "application/json", "Accept": "*/*"}, Status: []int{201, 402}},
			},
			Tags: map[string]string{"team": "blue", "build": "7"},
		}, layout: layout},
		"script": {
			cfg: loadprofiles.Config{Profile: "soak", Script: "/src/it's \"quoted\"/checkout.js", Exec: "buy",
				Env: map[string]string{"TOKEN": "t", "GOGC": "50"}},
			script: &loadprofiles.Inspection{Schedule: true, Thresholds: []loadprofiles.Threshold{
				loadprofiles.ParseThreshold("http_req_duration{expected_response:true,team:x}", "p(95)<500"),
			}},
			layout: layout,
		},
		"own-schedule": {
			cfg:    loadprofiles.Config{Script: "/src/checkout.js"},
			script: &loadprofiles.Inspection{Scenarios: []string{"a"}, MaxVUs: 9_000},
			layout: loadprofiles.Layout{K6: "/bin/k6", Dir: "/run/load", Script: "/mnt/checkout.js"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			inv, err := loadprofiles.Command(tc.cfg, tc.script, tc.layout)
			require.NoError(t, err)
			golden(t, "command-"+name+".txt", text(inv))
		})
	}
}

func TestCommandRefuses(t *testing.T) {
	requests := loadprofiles.Config{Profile: "smoke", Requests: []loadprofiles.Request{{URL: "http://a/"}}}
	_, err := loadprofiles.Command(requests, nil, loadprofiles.Layout{Dir: "relative"})
	assert.ErrorContains(t, err, "dir must be absolute")
	_, err = loadprofiles.Command(requests, &loadprofiles.Inspection{}, loadprofiles.Layout{Dir: "/d"})
	assert.ErrorContains(t, err, "a list of requests has none")
	_, err = loadprofiles.Command(loadprofiles.Config{}, nil, loadprofiles.Layout{Dir: "/d"})
	assert.ErrorContains(t, err, "give a k6 script or a list of requests")
}

func TestConfigValidate(t *testing.T) {
	request := []loadprofiles.Request{{URL: "http://a/"}}
	for name, tc := range map[string]struct {
		cfg  loadprofiles.Config
		want []string
	}{
		"nothing":         {loadprofiles.Config{}, []string{"script: give a k6 script or a list of requests"}},
		"both":            {loadprofiles.Config{Profile: "load", Script: "/a.js", Requests: request}, []string{"requests: give either"}},
		"mistyped":        {loadprofiles.Config{Profile: "peek", Requests: request}, []string{`profile: unknown load profile "peek", did you mean "peak"?`}},
		"far off":         {loadprofiles.Config{Profile: "xyzzy", Requests: request}, []string{`"xyzzy" (known: smoke, load, peak, stress, spike, soak, breakpoint)`}},
		"relative script": {loadprofiles.Config{Profile: "load", Script: "a.js"}, []string{"script: must be an absolute path"}},
		"archive":         {loadprofiles.Config{Profile: "load", Script: "/a.tar"}, []string{"script: k6 archives"}},
		"rate only":       {loadprofiles.Config{Script: "/a.js", Load: loadprofiles.Load{Rate: 3}}, []string{"profile: rate, duration and the like need one"}},
		"all at once": {
			loadprofiles.Config{
				Name: "a b", Profile: "load", Exec: "not()", Load: loadprofiles.Load{Rate: -1, Duration: -time.Second},
				Requests: []loadprofiles.Request{{URL: "/cart"}, {URL: "http://a/", Method: "PST", Weight: 2}, {URL: "http://a/", Status: []int{1000}}},
				Env:      map[string]string{"K6_DURATION": "1s", "a-b": ""}, Tags: map[string]string{"a=b": ""},
			},
			[]string{
				`name: k6 allows letters, digits, - and _ in a scenario's name, not "a b"`, "exec: must be the name of a function",
				"rate: must not be negative", "duration: must not be negative",
				`requests[0].url: must be absolute`, `requests[1].method: unknown method "PST", did you mean "POST"?`,
				"requests[2].status: 1000 is no HTTP status code", "env: K6_DURATION would override the load",
				`env: "a-b" is no name`, `tags: "a=b"`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.cfg.Validate()
			require.Error(t, err)
			for _, want := range tc.want {
				assert.ErrorContains(t, err, want)
			}
			assert.Len(t, strings.Split(err.Error(), "\n"), len(tc.want))
		})
	}
}

// The precedence of k6's sources of options, on which the way of injecting a profile rests: a script outranks
// --config, and the environment outranks both, scenarios included.
func TestPrecedenceOfK6(t *testing.T) {
	k6 := testK6(t)
	dir := t.TempDir()
	config := filepath.Join(dir, "config.json")
	require.NoError(t, os.WriteFile(config, []byte(`{"scenarios":{"file":{"executor":"shared-iterations","vus":1,"iterations":1}},
		"tags":{"from":"file"}}`), 0o600))
	own := script(t, `export const options = { scenarios: { script: { executor: 'shared-iterations' } }, tags: { from: 'script' } };
		export default function () {}`)
	bare := script(t, `export default function () {}`)
	inspect := func(path string, env ...string) string {
		cmd := exec.Command(k6.Path, "inspect", "--execution-requirements", "--config", config, path)
		cmd.Env = append(env, "HOME="+dir)
		out, err := cmd.Output()
		require.NoError(t, err)
		return string(out)
	}
	assert.Contains(t, inspect(bare), `"file": {`, "--config can give scenarios to a script without any")
	assert.NotContains(t, inspect(own), `"file": {`, "a script outranks --config")
	assert.Contains(t, inspect(own), `"from": "script"`)
	overridden := inspect(own, "K6_DURATION=1s", "K6_VUS=2")
	assert.NotContains(t, overridden, `"script": {`, "the environment outranks the script, scenarios and all")
	assert.Contains(t, overridden, `"constant-vus"`)
}

package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const toxiproxySpec = `apiVersion: envd/v1
name: toxic
environment:
  services:
    stock: {command: [APP, serve, -listen, ":8081"], ports: [8081], ready: {tcp: 8081}}
    shop:
      command: [APP, serve, -listen, ":8080", -upstream, "http://stock:8081/"]
      ports: [8080]
      ready: {tcp: 8080}
      depends_on: [stock]
  links: [shop -> stock]
`

// TestToxiproxyClient makes a link of an environment to work in slow, and cuts it, with Toxiproxy's own client.
func TestToxiproxyClient(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	app, spec := filepath.Join(dir, "app"), filepath.Join(dir, "envd.yaml")
	require.NoError(t, os.Symlink(self, app))
	require.NoError(t, os.WriteFile(spec, []byte(strings.ReplaceAll(toxiproxySpec, "APP", app)), 0o644))
	run := func(args ...string) []byte {
		cmd := exec.Command(binary, args...)
		cmd.Env = append(os.Environ(), "ENVD_STATE_DIR="+filepath.Join(dir, "state"))
		out, err := cmd.Output()
		require.NoError(t, err, "%s: %s", args, out)
		return out
	}
	run("up", spec, "--id", "e2e-toxic")
	defer run("down", "e2e-toxic")
	var state struct {
		Meta struct{ Addresses map[string]string }
	}
	require.NoError(t, json.Unmarshal(run("inspect", "e2e-toxic", "-o", "json"), &state))
	seen := state.Meta
	ask := func() (time.Duration, int) {
		begin := time.Now()
		resp, err := http.Get("http://" + seen.Addresses["shop:8080"] + "/upstream")
		require.NoError(t, err)
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
		return time.Since(begin), resp.StatusCode
	}
	client := toxiproxy.NewClient("http://" + seen.Addresses["gateway:8474"])
	link, err := client.Proxy("shop:stock:8081")
	require.NoError(t, err)
	_, err = link.AddToxic("", "latency", "downstream", 1, toxiproxy.Attributes{"latency": 300})
	require.NoError(t, err)
	took, status := ask()
	assert.GreaterOrEqual(t, took, 300*time.Millisecond)
	assert.Equal(t, 200, status)
	require.NoError(t, link.Disable())
	_, status = ask()
	assert.Equal(t, 502, status, "the shop's own words for a dependency that is out of reach")
	require.NoError(t, client.ResetState())
	_, status = ask()
	assert.Equal(t, 200, status)

	// Inside it answers under the gateway's name.
	out := run("exec", "e2e-toxic", "--service", "shop", "--", app, "get", "http://gateway:8474/proxies/shop:stock:8081")
	assert.Contains(t, string(out), `"enabled":true`)
}

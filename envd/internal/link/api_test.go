package link

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// service is a server's API, and Toxiproxy's own client before it.
func service(t *testing.T) (*rig, *httptest.Server, *toxiproxy.Client) {
	r := newRig(t)
	web := httptest.NewServer(r.Handler())
	t.Cleanup(web.Close)
	return r, web, toxiproxy.NewClient(web.URL)
}

func TestToxiproxyClient(t *testing.T) {
	r, _, client := service(t)
	version, err := client.Version()
	require.NoError(t, err)
	assert.Contains(t, string(version), Version)

	upstream := echo(t)
	p, err := client.CreateProxy("b", "127.0.0.1:0", upstream)
	require.NoError(t, err)
	assert.NotEqual(t, "127.0.0.1:0", p.Listen, "the port that was chosen")
	_, err = client.CreateProxy("b", "127.0.0.1:0", upstream)
	var problem *toxiproxy.ApiError
	require.ErrorAs(t, err, &problem)
	assert.Equal(t, 409, problem.Status)
	assert.Equal(t, "proxy already exists", problem.Message)

	all, err := client.Proxies()
	require.NoError(t, err)
	assert.Len(t, all, 2)

	toxic, err := p.AddToxic("", "latency", "", 1, toxiproxy.Attributes{"latency": 120, "jitter": 10})
	require.NoError(t, err)
	assert.Equal(t, toxiproxy.Toxic{
		Name: "latency_downstream", Type: "latency", Stream: "downstream", Toxicity: 1,
		Attributes: toxiproxy.Attributes{"latency": 120.0, "jitter": 10.0},
	}, *toxic)
	r.address = p.Listen
	c := r.dial()
	assert.GreaterOrEqual(t, r.pings(c), 110*time.Millisecond)

	toxic, err = p.UpdateToxic("latency_downstream", -1, toxiproxy.Attributes{"latency": 0, "jitter": 0})
	require.NoError(t, err)
	assert.EqualValues(t, 1, toxic.Toxicity, "what is not said stays")
	_, err = p.AddToxic("latency_downstream", "latency", "upstream", 1, nil)
	assert.ErrorContains(t, err, "toxic already exists")
	toxics, err := p.Toxics()
	require.NoError(t, err)
	assert.Len(t, toxics, 1)
	require.NoError(t, p.RemoveToxic("latency_downstream"))
	assert.ErrorContains(t, p.RemoveToxic("latency_downstream"), "toxic not found")

	_, err = p.AddToxic("", "lightning", "", 1, nil)
	assert.ErrorContains(t, err, "invalid toxic type")
	_, err = p.AddToxic("", "latency", "sideways", 1, nil)
	assert.ErrorContains(t, err, "stream was invalid")
	_, err = client.Proxy("missing")
	assert.ErrorContains(t, err, "proxy not found")

	r.pings(c)
	require.NoError(t, p.Disable())
	_, err = r.ping(c)
	assert.Error(t, err, "disabling ends connections")
	_, err = net.Dial("tcp", p.Listen)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	_, err = p.AddToxic("", "limit_data", "downstream", 1, toxiproxy.Attributes{"bytes": 3})
	require.NoError(t, err)
	require.NoError(t, client.ResetState())
	assert.Less(t, r.pings(r.dial()), patience, "enabled, without toxics")

	require.NoError(t, p.Delete())
	_, err = client.Proxy("b")
	assert.ErrorContains(t, err, "proxy not found")
}

func TestPopulate(t *testing.T) {
	r, _, client := service(t)
	upstream := echo(t)
	made, err := client.Populate([]toxiproxy.Proxy{{Name: "x", Listen: "127.0.0.1:0", Upstream: upstream, Enabled: true}})
	require.NoError(t, err)
	require.Len(t, made, 1)
	r.address = made[0].Listen
	c := r.dial()
	r.pings(c)
	_, err = client.Populate([]toxiproxy.Proxy{{Name: "x", Listen: made[0].Listen, Upstream: upstream, Enabled: true}})
	require.NoError(t, err)
	r.pings(c) // what is as described stays untouched
	_, err = client.Populate([]toxiproxy.Proxy{{Name: "x", Listen: made[0].Listen, Upstream: "127.0.0.1:1", Enabled: true}})
	require.NoError(t, err)
	_, err = r.ping(c)
	assert.Error(t, err)
}

// A limit cuts the connection after exactly so many bytes, and slow_close holds back only the end.
func TestToxicsThatEndConnections(t *testing.T) {
	r, _, client := service(t)
	p, err := client.Proxy("a")
	require.NoError(t, err)
	_, err = p.AddToxic("", "limit_data", "downstream", 1, toxiproxy.Attributes{"bytes": 3})
	require.NoError(t, err)
	c := r.dial()
	_, err = c.Write([]byte("ping\n"))
	require.NoError(t, err)
	got, err := io.ReadAll(c)
	assert.Equal(t, "pin", string(got))
	if err != nil {
		assert.True(t, errors.Is(err, syscall.ECONNRESET), "%v", err)
	}
	require.NoError(t, p.RemoveToxic("limit_data_downstream"))

	_, err = p.AddToxic("", "slow_close", "downstream", 1, toxiproxy.Attributes{"delay": 100})
	require.NoError(t, err)
	c = r.dial()
	r.pings(c)
	begin := time.Now()
	require.NoError(t, c.CloseWrite())
	_, err = io.ReadAll(c)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(begin), 100*time.Millisecond)
}

func TestAPIRefusals(t *testing.T) {
	_, web, _ := service(t)
	for _, tt := range []struct {
		method, path, agent, body string
		status                    int
		want                      string
	}{
		{"POST", "/proxies", "", `{"upstream": "x:1"}`, 400, `{"status":400,"error":"missing required field: name"}`},
		{"POST", "/proxies", "", `{"name": "x"}`, 400, `{"status":400,"error":"missing required field: upstream"}`},
		{"POST", "/proxies", "", `{`, 400, `bad request body`},
		{"POST", "/proxies/a/toxics", "", `{"type": "latency", "attributes": {"latency": "much"}}`, 400, `bad request body`},
		{"POST", "/proxies", "", `{"name": "x", "upstream": "x:1", "listen": "nowhere"}`, 500, `missing port in address`},
		{"GET", "/proxies/a/toxics/x", "", ``, 404, `{"status":404,"error":"toxic not found"}`},
		{"GET", "/proxies", "Mozilla/5.0", ``, 403, `User agent not allowed`},
	} {
		req, err := http.NewRequest(tt.method, web.URL+tt.path, strings.NewReader(tt.body))
		require.NoError(t, err)
		req.Header.Set("User-Agent", tt.agent)
		resp, err := web.Client().Do(req)
		require.NoError(t, err)
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, tt.status, resp.StatusCode, tt.body)
		assert.Contains(t, string(b), tt.want, tt.body)
	}
}

// A fault that somebody takes away through the API is gone, not silently without effect.
func TestFaultsAreVisibleAndCanBeTakenAway(t *testing.T) {
	r, _, client := service(t)
	r.inject(Toxic{Type: "reset_peer", Stream: Downstream})
	p, err := client.Proxy("a")
	require.NoError(t, err)
	require.Len(t, p.ActiveToxics, 1)
	assert.Equal(t, "envd-f-downstream", p.ActiveToxics[0].Name)
	require.NoError(t, client.ResetState())
	assert.ErrorIs(t, r.RenewFault("f", time.Minute), ErrGone)
}

package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/envd-dev/envd/chaos"
	"github.com/envd-dev/envd/envd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a gateway under test with its client.
type rig struct {
	*Client
	ca        *CA
	plain     int // port
	encrypted int
	dns       string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	control := "@envd-test-" + strings.ReplaceAll(t.Name(), "/", "-")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	r := &rig{plain: freePort(t), encrypted: freePort(t), dns: fmt.Sprintf("127.0.0.1:%d", freePort(t))}
	go func() {
		done <- Run(ctx, Options{Address: "127.0.0.1", DNS: r.dns, Control: "unix:" + control, Names: map[string]string{"outside.example.org": "198.18.0.1"}})
	}()
	r.Client = NewClient(func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", control)
	}, "the token")
	t.Cleanup(func() {
		r.Close()
		cancel()
		require.NoError(t, <-done)
	})
	var err error
	r.ca, err = NewCA("test")
	require.NoError(t, err)
	key, err := r.ca.KeyPEM()
	require.NoError(t, err)
	claim := EnvironmentConfig{CACert: r.ca.CertPEM(), CAKey: key, Names: map[string]string{"api": "127.0.0.1"}}
	require.Eventually(t, func() bool { return r.Claim(ctx, claim) == nil }, 30*time.Second, time.Millisecond)
	return r
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (r *rig) put(t *testing.T, host string, mappings ...string) {
	t.Helper()
	c := StubConfig{Ports: []int{r.plain}, TLSPorts: []int{r.encrypted}}
	for _, m := range mappings {
		c.Mappings = append(c.Mappings, MappingFile{Name: "test.json", Document: json.RawMessage(m)})
	}
	require.NoError(t, r.PutStub(t.Context(), host, c))
}

// get asks the stub as a service would: by its hostname, trusting the environment's authority.
func (r *rig) get(t *testing.T, target string) (*http.Response, error) {
	u, err := url.Parse(target)
	require.NoError(t, err)
	port := r.plain
	if u.Scheme == "https" {
		port = r.encrypted
	}
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(r.ca.CertPEM()))
	transport := &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: roots},
		ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		},
	}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	return client.Get(target)
}

func (r *rig) body(t *testing.T, target string) (int, string) {
	resp, err := r.get(t, target)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(b)
}

const hello = `{"request": {"method": "GET", "url": "/hello"}, "response": {"status": 200, "body": "hi"}}`

func TestStubsUnderTheirHostnames(t *testing.T) {
	r := newRig(t)
	r.put(t, "a.example.com", hello)
	r.put(t, "b.example.com", `{"request": {"url": "/hello"}, "response": {"status": 201, "body": "hi from b"}}`)

	status, body := r.body(t, "http://a.example.com/hello")
	assert.Equal(t, 200, status)
	assert.Equal(t, "hi", body)
	status, body = r.body(t, "https://b.example.com/hello")
	assert.Equal(t, 201, status)
	assert.Equal(t, "hi from b", body)

	_, err := r.get(t, "https://undeclared.example.com/")
	require.Error(t, err, "no certificate is issued for what the spec does not declare")
	status, _ = r.body(t, "http://other.example.com/")
	assert.Equal(t, http.StatusMisdirectedRequest, status)

	report, err := r.Report(t.Context())
	require.NoError(t, err)
	require.Len(t, report.Stubs, 2)
	assert.EqualValues(t, 1, report.Stubs[0].Matched)
	assert.Equal(t, []envd.Connection{
		{Destination: fmt.Sprintf("other.example.com:%d", r.plain), Protocol: "http", Count: 1},
		{Destination: "undeclared.example.com", Protocol: "tls", Count: 1},
	}, report.Undeclared)
}

func TestUnmatchedAndUnusedAreReported(t *testing.T) {
	r := newRig(t)
	r.put(t, "a.example.com", hello, `{"name": "never asked for", "request": {"url": "/other"}, "response": {}}`)
	status, _ := r.body(t, "http://a.example.com/helo")
	assert.Equal(t, 404, status)
	report, err := r.Report(t.Context())
	require.NoError(t, err)
	require.Len(t, report.Stubs, 1)
	s := report.Stubs[0]
	assert.EqualValues(t, 1, s.Unmatched)
	assert.ElementsMatch(t, []string{"GET /hello, mapping test.json", "never asked for, mapping test.json"}, s.Unused)
	assert.Equal(t, []string{`GET /helo (nearest: GET /hello, mapping test.json: URL does not match: wanted "/hello", got "/helo")`}, s.Examples)
}

func TestNameServer(t *testing.T) {
	r := newRig(t)
	r.put(t, "a.example.com", hello)
	ask := func(name string) *dns.Msg {
		q := new(dns.Msg)
		q.SetQuestion(name, dns.TypeA)
		answer, err := dns.Exchange(q, r.dns)
		require.NoError(t, err)
		return answer
	}
	assert.Contains(t, ask("A.Example.com.").Answer[0].String(), "127.0.0.1")
	assert.Contains(t, ask("api.").Answer[0].String(), "127.0.0.1")
	assert.Contains(t, ask("outside.example.org.").Answer[0].String(), "198.18.0.1")
	assert.Equal(t, dns.RcodeNameError, ask("tracker.example.net.").Rcode)
	report, err := r.Report(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []envd.Connection{{Destination: "tracker.example.net", Protocol: "dns", Count: 1}}, report.Undeclared)
}

func TestFaults(t *testing.T) {
	r := newRig(t)
	r.put(t, "a.example.com", hello)
	ctx, faults := t.Context(), r.Stubs()

	t.Run("latency", func(t *testing.T) {
		delay := chaos.StubFault{Delay: chaos.Distribution{Fixed: 120 * time.Millisecond}, Share: 1}
		require.NoError(t, faults.SetFault(ctx, "a.example.com", "slow", delay, time.Minute))
		begin := time.Now()
		_, body := r.body(t, "http://a.example.com/hello")
		assert.Equal(t, "hi", body)
		assert.GreaterOrEqual(t, time.Since(begin), 120*time.Millisecond)
		e, err := faults.AwaitFault(ctx, "a.example.com", "slow")
		require.NoError(t, err)
		assert.EqualValues(t, 1, e.Affected)
		e, err = faults.ClearFault(ctx, "a.example.com", "slow", chaos.StubFault{})
		require.NoError(t, err)
		assert.GreaterOrEqual(t, e.Delay, 120*time.Millisecond)
		_, err = faults.AwaitFault(ctx, "a.example.com", "slow")
		assert.ErrorIs(t, err, chaos.ErrGone)
	})
	t.Run("reset", func(t *testing.T) {
		require.NoError(t, faults.SetFault(ctx, "a.example.com", "down", chaos.StubFault{Reset: true, Share: 1}, time.Minute))
		for _, target := range []string{"http://a.example.com/hello", "https://a.example.com/hello"} {
			_, err := r.get(t, target)
			require.Error(t, err)
		}
		e, err := faults.ClearFault(ctx, "a.example.com", "down", chaos.StubFault{})
		require.NoError(t, err)
		assert.EqualValues(t, 2, e.Affected)
		status, _ := r.body(t, "http://a.example.com/hello")
		assert.Equal(t, 200, status)
	})
	t.Run("a lease that nobody renews ends the fault", func(t *testing.T) {
		require.NoError(t, faults.SetFault(ctx, "a.example.com", "short", chaos.StubFault{Status: 503, Share: 1}, 100*time.Millisecond))
		status, _ := r.body(t, "http://a.example.com/hello")
		assert.Equal(t, 503, status)
		require.Eventually(t, func() bool {
			status, _ := r.body(t, "http://a.example.com/hello")
			return status == 200
		}, 30*time.Second, 10*time.Millisecond)
		assert.ErrorIs(t, faults.RenewFault(ctx, "a.example.com", "short", time.Minute), chaos.ErrGone)
	})
	t.Run("await is told by the first effect", func(t *testing.T) {
		require.NoError(t, faults.SetFault(ctx, "a.example.com", "down", chaos.StubFault{Status: 500, Share: 1}, time.Minute))
		measured := make(chan error, 1)
		go func() {
			_, err := faults.AwaitFault(ctx, "a.example.com", "down")
			measured <- err
		}()
		r.body(t, "http://a.example.com/hello")
		require.NoError(t, <-measured)
		_, err := faults.ClearFault(ctx, "a.example.com", "down", chaos.StubFault{})
		require.NoError(t, err)
	})
	require.Error(t, faults.SetFault(ctx, "unknown.example.com", "x", chaos.StubFault{Reset: true, Share: 1}, time.Minute))
}

func TestServedStream(t *testing.T) {
	r := newRig(t)
	r.put(t, "a.example.com", hello)
	ctx, cancel := context.WithCancel(t.Context())
	standing, served, done := make(chan struct{}), make(chan Served, 10), make(chan error, 1)
	go func() { done <- r.Served(ctx, func() { close(standing) }, func(s Served) { served <- s }) }()
	<-standing
	r.body(t, "http://a.example.com/hello")
	s := <-served
	assert.Equal(t, "a.example.com", s.Host)
	assert.Equal(t, 200, s.Status)
	assert.True(t, s.Matched)
	cancel()
	require.NoError(t, <-done)
}

func TestServedStreamEndsWithWhatWasServed(t *testing.T) {
	r := newRig(t)
	r.put(t, "a.example.com", hello)
	standing, done := make(chan struct{}), make(chan error, 1)
	served := 0
	go func() { done <- r.Served(t.Context(), func() { close(standing) }, func(Served) { served++ }) }()
	<-standing
	const requests = 200
	for range requests {
		r.body(t, "http://a.example.com/hello")
	}
	require.NoError(t, r.EndServed(t.Context()))
	require.NoError(t, <-done)
	assert.Equal(t, requests, served)
	r.body(t, "http://a.example.com/hello") // who comes after is served as well
}

func TestOnlyTheOwnerMayControl(t *testing.T) {
	r := newRig(t)
	stranger := &Client{http: r.http, token: "guessed"}
	assert.ErrorContains(t, stranger.PutStub(t.Context(), "a.example.com", StubConfig{}), "token")
	key, err := r.ca.KeyPEM()
	require.NoError(t, err)
	err = stranger.Claim(t.Context(), EnvironmentConfig{CACert: r.ca.CertPEM(), CAKey: key})
	require.ErrorContains(t, err, "belongs to an environment already")
	require.False(t, errors.Is(err, chaos.ErrGone))
}

func TestStubUnderAliases(t *testing.T) {
	r := newRig(t)
	c := StubConfig{Ports: []int{r.plain}, TLSPorts: []int{r.encrypted}, Aliases: []string{"Payments"}, Mappings: []MappingFile{{
		Name: "test.json", Document: json.RawMessage(`{"request": {"url": "/"}, "response": {"body": "paid"}}`),
	}}}
	require.NoError(t, r.PutStub(t.Context(), "pay.example.com", c))
	for _, target := range []string{"http://pay.example.com/", "http://payments/", "https://payments/"} {
		status, body := r.body(t, target)
		assert.Equal(t, http.StatusOK, status, target)
		assert.Equal(t, "paid", body, target)
	}
	report, err := r.Report(t.Context())
	require.NoError(t, err)
	require.Len(t, report.Stubs, 1, "one stub under two names is one stub")
	assert.Equal(t, "pay.example.com", report.Stubs[0].Host)
	assert.Empty(t, report.Undeclared)
}

// A scrape tells the stubs apart by their hostnames.
func TestMetricsOfAllStubs(t *testing.T) {
	r := newRig(t)
	r.put(t, "payments.example.com", `{"request":{"url":"/charge"},"response":{"body":"paid"}}`)
	r.put(t, "mail.example.com")
	resp, err := r.get(t, "http://payments.example.com/charge")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	metrics, err := r.Metrics(t.Context())
	require.NoError(t, err)
	assert.Contains(t, string(metrics), `envd_stub_matched_total{stub="payments.example.com"} 1`+"\n")
	assert.Contains(t, string(metrics), `envd_stub_matched_total{stub="mail.example.com"} 0`+"\n")
}

// The same seed gives a stub the same draws; requests to other stubs change none of them.
func TestSeed(t *testing.T) {
	r := newRig(t)
	const toss = `{"request":{"url":"/toss"},"response":{"body":"{{randomValue length=24 type='ALPHANUMERIC'}}","transformers":["response-template"]}}`
	draw := func(host string, seed uint64) string {
		require.NoError(t, r.PutStub(t.Context(), host, StubConfig{
			Ports: []int{r.plain}, Seed: seed, Mappings: []MappingFile{{Name: "toss.json", Document: json.RawMessage(toss)}},
		}))
		resp, err := r.get(t, "http://"+host+"/toss")
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return string(body)
	}
	first := draw("a.example.com", 7)
	assert.Len(t, first, 24)
	assert.NotEqual(t, first, draw("b.example.com", 8))
	assert.Equal(t, first, draw("a.example.com", 7))
}

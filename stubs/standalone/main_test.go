package standalone

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	gowiremock "github.com/wiremock/go-wiremock"

	"github.com/envd-dev/envd/stubs/internal/keystore"
)

// skipOrFail skips loudly on a developer's machine and fails in CI.
func skipOrFail(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal("needs " + what)
	}
	t.Skip("NOT TESTED: needs " + what)
}

// running is a server started from its command line.
type running struct{ http, https, dir string }

// run starts Main on free ports and waits for the lines that name them.
func run(t *testing.T, args ...string) running {
	t.Helper()
	r := running{dir: t.TempDir()}
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- Main(ctx, append([]string{"--port", "0", "--root-dir", r.dir, "--bind-address", "127.0.0.1"}, args...), in, os.Stderr)
		in.Close()
	}()
	t.Cleanup(func() {
		stop()
		assert.Equal(t, 0, <-done, "exit code")
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		switch name {
		case "port":
			r.http = "http://127.0.0.1:" + strings.TrimSpace(value)
		case "https-port":
			r.https = "https://localhost:" + strings.TrimSpace(value)
		case "verbose": // the last line of the settings
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return r
		}
	}
	t.Fatal("the server did not print its settings")
	return r
}

func fetch(t *testing.T, c *http.Client, method, target, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, target, strings.NewReader(body))
	require.NoError(t, err)
	resp, err := c.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}

func client(config *tls.Config, http2 bool) *http.Client {
	var p http.Protocols
	p.SetHTTP1(!http2)
	p.SetHTTP2(http2)
	p.SetUnencryptedHTTP2(http2)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, Protocols: &p, DisableKeepAlives: true}}
}

func TestEveryProtocol(t *testing.T) {
	r := run(t, "--https-port", "0")
	require.NoError(t, gowiremock.NewClient(r.http).StubFor(gowiremock.Get(gowiremock.URLEqualTo("/x")).
		WillReturnResponse(gowiremock.NewResponse().WithBody("over {{request.scheme}}").WithTransformers("response-template"))))
	insecure := &tls.Config{InsecureSkipVerify: true}
	for _, http2 := range []bool{false, true} {
		for base, want := range map[string]string{r.http: "over http", r.https: "over https"} {
			code, body := fetch(t, client(insecure, http2), "GET", base+"/x", "")
			assert.Equal(t, 200, code)
			assert.Equal(t, want, body)
		}
	}
}

func TestHTTP2CanBeSwitchedOff(t *testing.T) {
	r := run(t, "--https-port", "0", "--disable-http2-plain", "--disable-http2-tls")
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
	resp, err := c.Get(r.https + "/x")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, 1, resp.ProtoMajor)
	_, err = client(nil, true).Get(r.http + "/x")
	require.Error(t, err)
}

func TestAdminIsGuarded(t *testing.T) {
	r := run(t, "--https-port", "0", "--admin-api-basic-auth", "me:secret", "--admin-api-require-https")
	c := client(&tls.Config{InsecureSkipVerify: true}, false)
	code, body := fetch(t, c, "GET", r.http+"/__admin/mappings", "")
	assert.Equal(t, 403, code)
	assert.Contains(t, body, "HTTPS is required")
	code, _ = fetch(t, c, "GET", r.https+"/__admin/mappings", "")
	assert.Equal(t, 401, code)
	u, err := url.Parse(r.https + "/__admin/mappings")
	require.NoError(t, err)
	u.User = url.UserPassword("me", "secret")
	code, _ = fetch(t, c, "GET", u.String(), "")
	assert.Equal(t, 200, code)
	code, _ = fetch(t, c, "GET", r.http+"/__administer", "")
	assert.Equal(t, 404, code, "stubs are not guarded")
}

func TestKeystoresAndClientCertificates(t *testing.T) {
	dir := t.TempDir()
	own, err := newCertificate(&x509.Certificate{DNSNames: []string{"localhost"}}, nil)
	require.NoError(t, err)
	ca, err := newCertificate(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil)
	require.NoError(t, err)
	caller, err := newCertificate(&x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, ca)
	require.NoError(t, err)
	write := func(name, kind string, c *tls.Certificate) string {
		data, err := store{password: "storepass", kind: kind}.encode(c)
		require.NoError(t, err)
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return path
	}
	r := run(t, "--https-port", "0", "--https-keystore", write("own.jks", "jks", own), "--keystore-password", "storepass",
		"--key-manager-password", "storepass", "--https-require-client-cert",
		"--https-truststore", write("trust.p12", "pkcs12", ca), "--truststore-password", "storepass", "--truststore-type", "PKCS12")
	roots := x509.NewCertPool()
	roots.AddCert(own.Leaf)
	code, _ := fetch(t, client(&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{*caller}}, false), "GET", r.https+"/x", "")
	assert.Equal(t, 404, code)
	_, err = client(&tls.Config{RootCAs: roots}, false).Get(r.https + "/x")
	require.Error(t, err, "without a client certificate")

	var out strings.Builder
	assert.Equal(t, 1, Main(context.Background(), []string{"--https-port", "0", "--port", "0", "--https-keystore", filepath.Join(dir, "own.jks")}, &out, &out))
	assert.Contains(t, out.String(), "--https-keystore")
	assert.Contains(t, out.String(), "password was incorrect")
}

func TestBrowserProxying(t *testing.T) {
	target := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "target answers "+r.URL.Path)
	}))
	t.Cleanup(target.Close)
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "plain "+r.URL.Path) }))
	t.Cleanup(plain.Close)
	keys := filepath.Join(t.TempDir(), "made", "ca.jks")
	r := run(t, "--enable-browser-proxying", "--trust-all-proxy-targets", "--ca-keystore", keys, "--ca-keystore-password", "password")
	require.NoError(t, gowiremock.NewClient(r.http).StubFor(gowiremock.Get(gowiremock.URLEqualTo("/stubbed")).
		WillReturnResponse(gowiremock.NewResponse().WithBody("stub answers"))))

	data, err := os.ReadFile(keys)
	require.NoError(t, err, "the authority is kept")
	authority, err := keystore.Load(data, keystore.Passwords{Store: "password"})
	require.NoError(t, err)
	via, err := url.Parse(r.http)
	require.NoError(t, err)
	for _, http2 := range []bool{false, true} {
		var p http.Protocols
		p.SetHTTP1(true)
		p.SetHTTP2(http2)
		browser := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(via), Protocols: &p, DisableKeepAlives: true,
			TLSClientConfig: &tls.Config{RootCAs: authority.Pool()}}}
		for address, want := range map[string]string{
			target.URL + "/through":       "target answers /through",
			"https://shop.test/stubbed":   "stub answers",
			plain.URL + "/through":        "plain /through",
			"http://nowhere.test/stubbed": "stub answers",
			"https://127.0.0.1:1/stubbed": "stub answers",
		} {
			code, body := fetch(t, browser, "GET", address, "")
			assert.Equal(t, 200, code, address)
			assert.Equal(t, want, body)
		}
	}
}

func TestBrowserProxyingWithoutPassThrough(t *testing.T) {
	target := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(target.Close)
	r := run(t, "--enable-browser-proxying", "--proxy-pass-through", "false", "--ca-keystore", filepath.Join(t.TempDir(), "ca.jks"))
	via, err := url.Parse(r.http)
	require.NoError(t, err)
	browser := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(via), DisableKeepAlives: true}}
	_, body := fetch(t, browser, "GET", target.URL+"/x", "")
	assert.Contains(t, body, "no stub mappings")
	_, body = fetch(t, http.DefaultClient, "GET", r.http+"/__admin/settings", "")
	assert.Contains(t, body, `"proxyPassThrough" : false`)
}

func TestProxyAllAndShutdown(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Host+" "+r.URL.Path)
	}))
	t.Cleanup(target.Close)
	r := run(t, "--proxy-all", target.URL, "--preserve-host-header")
	code, body := fetch(t, http.DefaultClient, "GET", r.http+"/any", "")
	assert.Equal(t, 200, code)
	assert.Equal(t, strings.TrimPrefix(r.http, "http://")+" /any", body)
	code, _ = fetch(t, http.DefaultClient, "POST", r.http+"/__admin/shutdown", "")
	assert.Equal(t, 200, code)
}

func TestBadMappingFilesDoNotStopTheGoodOnes(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "mappings"), 0o755))
	for name, text := range map[string]string{
		"good.json": `{"request":{"url":"/good"},"response":{"status":204}}`,
		"bad.json":  "{\n  \"request\": {\n    \"zork\": 1\n  }\n}",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "mappings", name), []byte(text), 0o600))
	}
	var errOut strings.Builder
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	done := make(chan int, 1)
	go func() { done <- Main(ctx, []string{"--port", "0", "--root-dir", dir}, in, &errOut) }()
	base := ""
	for lines := bufio.NewScanner(out); base == "" && lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "port:"); ok {
			base = "http://127.0.0.1:" + strings.TrimSpace(value)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	code, _ := fetch(t, http.DefaultClient, "GET", base+"/good", "")
	assert.Equal(t, 204, code)
	stop()
	assert.Equal(t, 0, <-done)
	assert.Contains(t, errOut.String(), "bad.json:3")
}

func TestVerboseTellsOfRequests(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	out, in := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- Main(ctx, []string{"--port", "0", "--verbose", "--print-all-network-traffic", "--root-dir", t.TempDir()}, in, os.Stderr)
		in.Close()
	}()
	lines := bufio.NewScanner(out)
	var seen []string
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "port:"); ok {
			go func() {
				resp, err := http.Get("http://127.0.0.1:" + strings.TrimSpace(value) + "/lonely")
				if assert.NoError(t, err) {
					resp.Body.Close()
				}
			}()
		}
		seen = append(seen, lines.Text())
		if strings.Contains(lines.Text(), "msg=served") {
			stop()
		}
	}
	assert.Equal(t, 0, <-done)
	text := strings.Join(seen, "\n")
	assert.Contains(t, text, "method=GET path=/lonely status=404")
	assert.Contains(t, text, ">> GET /lonely HTTP/1.1")
	assert.Contains(t, text, "<< HTTP/1.1 404 Not Found")
}

func TestPortInUse(t *testing.T) {
	r := run(t)
	var errOut strings.Builder
	_, port, _ := strings.Cut(strings.TrimPrefix(r.http, "http://"), ":")
	assert.Equal(t, 1, Main(context.Background(), []string{"--port", port, "--bind-address", "127.0.0.1"}, io.Discard, &errOut))
	assert.Contains(t, errOut.String(), "address already in use")
}

// TestClientFromNPM runs wiremock-captain, as npm installs it, against the engine.
func TestClientFromNPM(t *testing.T) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		skipOrFail(t, "npm")
	}
	tools, err := filepath.Abs("../../.tools/npm")
	require.NoError(t, err)
	if _, err := os.Stat(filepath.Join(tools, "node_modules", "wiremock-captain")); err != nil {
		require.NoError(t, os.MkdirAll(tools, 0o755))
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		install := exec.CommandContext(ctx, npm, "install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--prefix", tools, "wiremock-captain@4.1.3")
		if text, err := install.CombinedOutput(); err != nil {
			skipOrFail(t, "npm to install wiremock-captain: "+string(text))
		}
	}
	r := run(t)
	script, err := filepath.Abs("testdata/captain.js")
	require.NoError(t, err)
	node := exec.Command("node", script, r.http)
	node.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(tools, "node_modules"))
	text, err := node.CombinedOutput()
	require.NoError(t, err, string(text))
	assert.Equal(t, "ok\n", string(text))
}

package proxy

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRules(t *testing.T) {
	for _, c := range []struct {
		allow, deny string
		host        string
		want        bool
	}{
		{"", "", "anything.test", true},
		{"*.ok.test", "", "a.ok.test", true},
		{"*.ok.test", "", "ok.test", false},
		{"*.ok.test", "", "A.OK.test", true},
		{"*.ok.test", "", "10.0.0.1", true}, // no addresses are listed: all may
		{"10.0.0.1-10.0.0.9", "", "10.0.0.5", true},
		{"10.0.0.1-10.0.0.9", "", "10.0.1.5", false},
		{"10.0.0.1-10.0.0.9", "10.0.0.5", "10.0.0.5", false},
		{"", "127.0.0.1", "127.0.0.1", false},
		{"", "127.0.0.1", "::ffff:127.0.0.1", false},
		{"", "*.bad.test,exact.test", "exact.test", false},
		{"", "*.bad.test", "bad.test.evil", true},
		{"", "::1", "[::1]", false},
	} {
		split := func(s string) []string {
			if s == "" {
				return nil
			}
			return strings.Split(s, ",")
		}
		r, err := ParseRules(split(c.allow), split(c.deny))
		require.NoError(t, err)
		assert.Equal(t, c.want, r.Host(c.host), c)
	}
	_, err := ParseRules([]string{"10.0.0.300"}, []string{"1.2.3.4-5"})
	require.ErrorContains(t, err, `"10.0.0.300" is not a valid IP address or range`)
	require.ErrorContains(t, err, `"1.2.3.4-5"`)
}

func TestNamesAreCheckedByTheAddressesTheyLeadTo(t *testing.T) {
	target := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(target.Close)
	c, err := New(Options{Deny: []string{"127.0.0.0-127.255.255.255", "::1"}})
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(target.Listener.Addr().String())
	require.NoError(t, err)
	_, err = c.Do(context.Background(), &Request{Method: "GET", URL: "http://localhost:" + port + "/"})
	require.ErrorIs(t, err, ErrDenied)
}

func TestTargetsGetWhatWasWritten(t *testing.T) {
	seen := make(chan string, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 8192)
			n, _ := c.Read(buf)
			seen <- string(buf[:n])
			_, _ = io.WriteString(c, "HTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 200 Own Words\r\nx-lower: 1\r\nX-UPPER: 2\r\nX-lower: 3\r\n\r\nbody")
			c.Close()
		}
	}()
	c, err := New(Options{})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	base := "http://" + l.Addr().String()
	for target, want := range map[string]string{
		"":                      "/",
		"?q=1":                  "/?q=1",
		"/a?":                   "/a",
		"/a%2Fb/%7e?x=%zz|y":    "/a%2Fb/%7e?x=%zz|y",
		"/a b?c d":              "/a%20b?c%20d",
		"/ü#fragment":           "/ü",
		"//double?a=b":          "//double?a=b",
		"/x/../y/./z;p=1?a[0]=": "/x/../y/./z;p=1?a[0]=",
	} {
		resp, err := c.Do(context.Background(), &Request{Method: "PROPFIND", URL: base + target, Host: "other.test",
			Header: http.Header{"b-second": {"2"}, "A-first": {"1", "1b"}, "Connection": {"close"}, "User-Agent": {"hidden"}, "Upgrade": {"h2c"}},
			Order:  []string{"host", "b-second", "a-FIRST"}})
		require.NoError(t, err)
		lines := strings.Split(<-seen, "\r\n")
		assert.Equal(t, []string{"PROPFIND " + want + " HTTP/1.1", "Host: other.test", "b-second: 2", "A-first: 1", "A-first: 1b"}, lines[:5])
		assert.Equal(t, Response{Status: 200, Message: "Own Words", Proto: "HTTP/1.1", Body: []byte("body"),
			Header: http.Header{"x-lower": {"1", "3"}, "X-UPPER": {"2"}}}, *resp)
	}
}

func TestVia(t *testing.T) {
	proxied := make(chan string, 1)
	via := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := strings.Cut(r.Header.Get("Proxy-Authorization"), " ")
		proxied <- user + " " + r.RequestURI
	}))
	t.Cleanup(via.Close)
	u, err := url.Parse(via.URL)
	require.NoError(t, err)
	u.User = url.UserPassword("me", "secret")
	c, err := New(Options{Via: u, Deny: []string{"denied.test"}})
	require.NoError(t, err)
	_, err = c.Do(context.Background(), &Request{Method: "GET", URL: "http://target.test/a%2Fb|c?q"})
	require.NoError(t, err)
	assert.Equal(t, "Basic http://target.test/a%2Fb|c?q", <-proxied)
	_, err = c.Do(context.Background(), &Request{Method: "GET", URL: "http://denied.test/"})
	require.ErrorIs(t, err, ErrDenied)
}

func TestCertificatesOfForwardTargets(t *testing.T) {
	target := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	t.Cleanup(target.Close)
	local := strings.Replace(target.URL, "127.0.0.1", "localhost", 1)
	for name, c := range map[string]struct {
		options Options
		forward bool
		fails   bool
	}{
		"reverse proxying trusts":   {Options{}, false, false},
		"forward does not":          {Options{}, true, true},
		"forward trusts all":        {Options{TrustAll: true}, true, false},
		"forward trusts a host":     {Options{Trusted: []string{"localhost"}}, true, false},
		"forward trusts not others": {Options{Trusted: []string{"other.test"}}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := New(c.options)
			require.NoError(t, err)
			_, err = client.Do(context.Background(), &Request{Method: "GET", URL: local, Forward: c.forward})
			if !c.fails {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			assert.True(t, IsTLS(err), err)
		})
	}
}

func TestExplain(t *testing.T) {
	answer := func(bytes string) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { l.Close() })
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			_, _ = c.Read(make([]byte, 4096))
			if bytes == "hang" {
				time.Sleep(time.Second)
				return
			}
			_, _ = io.WriteString(c, bytes)
		}()
		return "http://" + l.Addr().String()
	}
	c, err := New(Options{Timeout: 200 * time.Millisecond})
	require.NoError(t, err)
	for target, want := range map[string]string{
		"http://127.0.0.1:1/x": "Connect to http://127.0.0.1:1 failed: Connection refused",
		answer(""):             "The target server failed to respond",
		answer("garbage\r\n"):  "The target server failed to respond",
		answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"):                  "Premature end of Content-Length delimited message body (expected: 10; received: 3)",
		answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"): "Premature end of chunk coded message body: closing chunk expected",
		answer("hang"): "Read timed out",
	} {
		_, err := c.Do(context.Background(), &Request{Method: "GET", URL: target})
		require.Error(t, err)
		assert.Equal(t, want, Explain(target, err))
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"http://a/b?c#d", "http://a:1", "http://[::1]/x", "https://u:p@h/%zz|", "//x", "http://", "http://a//b"} {
		f.Add(s)
	}
	c, err := New(Options{})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := c.parse(raw)
		if err != nil {
			return
		}
		if strings.ContainsAny(u.RequestURI(), "\r\n") {
			t.Fatalf("%q becomes the target %q", raw, u.RequestURI())
		}
	})
}

func FuzzRules(f *testing.F) {
	f.Add("10.0.0.1-10.0.0.9", "*.x.test", "10.0.0.3")
	f.Add("::1", "a*b", "ab")
	f.Fuzz(func(t *testing.T, allow, deny, host string) {
		r, err := ParseRules([]string{allow}, []string{deny})
		if err != nil {
			return
		}
		if addr, err := netip.ParseAddr(host); err == nil && r.Host(host) != r.Addr(addr) {
			t.Fatalf("%s is judged in two ways", host)
		}
	})
}

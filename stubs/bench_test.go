package stubs_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
)

// discard is a ResponseWriter that keeps nothing, so that what is counted is the server's own.
type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

const plainStub = `{"request":{"method":"GET","urlPath":"/thing"},"response":{"status":200,"headers":{"Content-Type":"application/json"},"body":"{\"id\":1}"}}`

// many makes n stubs of which the one for /thing is the oldest.
func many(n int) []string {
	out := []string{plainStub}
	for i := range n - 1 {
		out = append(out, fmt.Sprintf(`{"request":{"method":"GET","urlPath":"/other/%d"},"response":{"body":"%d"}}`, i, i))
	}
	return out
}

func benchmarkServe(b *testing.B, s http.Handler, method, target, body string) {
	r := httptest.NewRequest(method, target, nil)
	w := &discard{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		if body != "" {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		}
		clear(w.h)
		s.ServeHTTP(w, r)
	}
}

func BenchmarkServe(b *testing.B) {
	for _, n := range []int{1, 1_000, 10_000} {
		b.Run(fmt.Sprintf("oldest-of-%d", n), func(b *testing.B) {
			benchmarkServe(b, newServer(b, stubs.Options{}, many(n)...), "GET", "/thing", "")
		})
	}
	b.Run("unmatched-1000", func(b *testing.B) {
		benchmarkServe(b, newServer(b, stubs.Options{}, many(1_000)...), "POST", "/something-else", "")
	})
	b.Run("json-body", func(b *testing.B) {
		s := newServer(b, stubs.Options{}, `{"request":{"urlPath":"/thing","bodyPatterns":[{"equalToJson":{"a":1,"b":["x","y"],"c":{"d":true}}}]},"response":{"body":"ok"}}`)
		benchmarkServe(b, s, "POST", "/thing", `{"a":1,"b":["x","y"],"c":{"d":true}}`)
	})
	b.Run("template", func(b *testing.B) {
		s := newServer(b, stubs.Options{}, `{"request":{"urlPath":"/thing"},"response":{"body":"path {{request.path}} q {{request.query.a}}","transformers":["response-template"]}}`)
		benchmarkServe(b, s, "GET", "/thing?a=b", "")
	})
}

func BenchmarkNew(b *testing.B) {
	mappings := many(10)
	b.ReportAllocs()
	for b.Loop() {
		s := newServer(b, stubs.Options{}, mappings...)
		benchmarkOnce(b, s)
	}
}

func benchmarkOnce(b *testing.B, s http.Handler) {
	w := &discard{http.Header{}}
	s.ServeHTTP(w, httptest.NewRequest("GET", "/thing", nil))
}

// BenchmarkHTTP compares with a bare net/http server over the same kind of connection.
func BenchmarkHTTP(b *testing.B) {
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":1}`))
	})
	for name, h := range map[string]http.Handler{"bare": bare, "stubs": newServer(b, stubs.Options{}, plainStub)} {
		b.Run(name, func(b *testing.B) {
			srv := httptest.NewServer(h)
			defer srv.Close()
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			require.NoError(b, err)
			defer conn.Close()
			request, buf := []byte("GET /thing HTTP/1.1\r\nHost: x\r\n\r\n"), make([]byte, 4096)
			b.ReportAllocs()
			for b.Loop() {
				_, err := conn.Write(request)
				require.NoError(b, err)
				for got := ""; !strings.Contains(got, `{"id":1}`); {
					n, err := conn.Read(buf)
					require.NoError(b, err)
					got += string(buf[:n])
				}
			}
		})
	}
}

package standalone

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
	"github.com/envd-dev/envd/stubs/internal/transport"
)

func engine(t testing.TB, mapping string) *stubs.Server {
	t.Helper()
	s, err := stubs.New(stubs.Options{Mappings: []stubs.Source{{Name: "fuzz", Document: []byte(mapping)}}})
	require.NoError(t, err)
	return s
}

// FuzzRawHTTP sends whatever bytes to a server: it must answer or hang up, and answer the next client.
func FuzzRawHTTP(f *testing.F) {
	for _, s := range []string{
		"GET /x HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /x HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: v\r\n\r\n",
		"GET http://b/x?y=%zz HTTP/1.1\r\nHost: a\r\nCookie: a=b; c\r\nAccept-Encoding: gzip;q=2\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
		"GET /__admin/../x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", "\r\n\r\n\x00",
	} {
		f.Add([]byte(s))
	}
	addr := "127.0.0.1:0"
	server, err := transport.Listen(transport.Options{HTTP: &addr, Log: log.New(io.Discard, "", 0)},
		engine(f, `{"request":{"urlPath":"/x"},"response":{"status":299,"body":"{{request.body}}{{request.headers.Cookie}}","transformers":["response-template"]}}`))
	require.NoError(f, err)
	go func() { _ = server.Serve() }()
	f.Cleanup(func() { _ = server.Close() })
	f.Fuzz(func(t *testing.T, data []byte) {
		send(t, server.HTTPAddr(), data)
		if answer := send(t, server.HTTPAddr(), []byte("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")); !strings.HasPrefix(answer, "HTTP/1.1 299 299\r\n") {
			t.Fatalf("the next client got %q", answer)
		}
	})
}

// send writes data, says that nothing more comes and reads until the server ends the connection.
func send(t *testing.T, addr net.Addr, data []byte) string {
	t.Helper()
	c, err := net.Dial("tcp", addr.String())
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	_, _ = c.Write(data) // the server may hang up early
	_ = c.(*net.TCPConn).CloseWrite()
	answer, err := io.ReadAll(c)
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		t.Fatalf("the server neither answers nor hangs up on %q", data)
	}
	return string(answer)
}

// FuzzMultipart sends bodies as multipart forms to a stub that matches on parts and prints them.
func FuzzMultipart(f *testing.F) {
	f.Add("B", []byte("--B\r\nContent-Disposition: form-data; name=\"n\"; filename=\"f\"\r\nContent-Type: text/plain\r\n\r\nv\r\n--B--\r\n"))
	f.Add("B", []byte("--B\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nv\r\n--B\r\n\r\n\r\n--B--"))
	f.Add("", []byte("--\r\n\r\n----\r\n"))
	f.Add("B", bytes.Repeat([]byte("--B\r\n\r\n\r\n"), 50))
	s := engine(f, `{"request":{"url":"/x","multipartPatterns":[{"name":"n","bodyPatterns":[{"matches":"v.*"}]}]},
		"response":{"status":299,"body":"{{#each request.parts}}{{this.name}}={{this.body}};{{/each}}","transformers":["response-template"]}}`)
	f.Fuzz(func(t *testing.T, boundary string, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/x", bytes.NewReader(body))
		r.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 299 && w.Code != http.StatusNotFound && w.Code != http.StatusInternalServerError {
			t.Fatalf("status %d", w.Code)
		}
	})
}

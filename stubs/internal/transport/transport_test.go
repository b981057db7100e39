package transport

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/event"
)

// serve runs a server until the test ends; the channel gives what Serve returned.
func serve(t *testing.T, o Options, h http.Handler) (*Server, <-chan error) {
	t.Helper()
	addr := "127.0.0.1:0"
	o.HTTP = &addr
	s, err := Listen(o, h)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.Serve() }()
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, done
}

func talk(t *testing.T, s *Server, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", s.HTTPAddr().String())
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(5*time.Second)))
	_, err = io.WriteString(c, request)
	require.NoError(t, err)
	answer, err := io.ReadAll(c)
	require.NoError(t, err)
	return string(answer)
}

func TestHandlersSeeHeadsAndPaths(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		line, _, _ := strings.Cut(string(event.TakeHead(r.Context())), "\r\n")
		_, _ = io.WriteString(w, line+"|"+r.RequestURI+"|"+r.URL.Host)
	})
	s, _ := serve(t, Options{}, h)
	assert.Contains(t, talk(t, s, "GET /a%2Fb HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "GET /a%2Fb HTTP/1.1|/a%2Fb|")
	assert.Contains(t, talk(t, s, "GET http://y/z?q HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "GET http://y/z?q HTTP/1.1|/z?q|",
		"who is no proxy takes absolute targets as paths")
	assert.Contains(t, talk(t, s, "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "OPTIONS * HTTP/1.1|*|")
}

func TestShutdownWaitsForRequestsUnderWay(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	s, done := serve(t, Options{}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		_, _ = io.WriteString(w, "finished")
	}))
	answer := make(chan string, 1)
	go func() { answer <- talk(t, s, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") }()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(context.Background()) }()
	require.NoError(t, <-done, "Serve ends as soon as nothing more is accepted")
	close(leave)
	assert.Contains(t, <-answer, "finished")
	require.NoError(t, <-stopped)
}

func TestShutdownCutsOffWhatHangs(t *testing.T) {
	entered, gone := make(chan struct{}), make(chan struct{})
	s, _ := serve(t, Options{}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(gone)
	}))
	c, err := net.Dial("tcp", s.HTTPAddr().String())
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	<-entered
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	require.NoError(t, s.Shutdown(ctx))
	<-gone
}

func TestPortInUse(t *testing.T) {
	s, _ := serve(t, Options{}, http.NotFoundHandler())
	addr := s.HTTPAddr().String()
	_, err := Listen(Options{HTTP: &addr}, http.NotFoundHandler())
	require.ErrorContains(t, err, "listen for HTTP")
	free := "127.0.0.1:0"
	_, err = Listen(Options{HTTP: &free, HTTPS: &addr}, http.NotFoundHandler())
	require.ErrorContains(t, err, "listen for HTTPS")
}

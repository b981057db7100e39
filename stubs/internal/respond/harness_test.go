package respond

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/files"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/proxy"
	"github.com/envd-dev/envd/stubs/internal/template"
	"github.com/envd-dev/envd/stubs/internal/wire"
)

// rig serves one definition over a real connection, as a stub server does.
type rig struct {
	*Responder
	settings *mapping.Settings
	files    files.Memory
	addr     string
	served   chan *event.ServeEvent
	def      *mapping.ResponseDefinition
	stub     *mapping.StubMapping
	plain    bool // without wire connections, as in a server of the user's
}

type fixedRandom struct{}

func (fixedRandom) NormFloat64() float64 { return 0 }
func (fixedRandom) IntN(int) int         { return 0 }

func newRig(t testing.TB, change func(*rig, *Options)) *rig {
	t.Helper()
	client, err := proxy.New(proxy.Options{})
	require.NoError(t, err)
	engine, err := template.New(template.Options{})
	require.NoError(t, err)
	r := &rig{settings: mapping.DefaultSettings(), served: make(chan *event.ServeEvent, 16), stub: &mapping.StubMapping{ID: "11111111-2222-3333-4444-555555555555"}}
	o := Options{Files: &r.files, Settings: func() *mapping.Settings { return r.settings }, Random: fixedRandom{}, Templates: engine, Proxy: client}
	if change != nil {
		change(r, &o)
	}
	r.Responder = New(o)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r.addr = l.Addr().String()
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	srv := &http.Server{Handler: http.HandlerFunc(r.serve), ConnContext: wire.NewConnContext, Protocols: &protocols}
	if !r.plain {
		l = wrapping{l}
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, srv.Close())
		require.ErrorIs(t, <-done, http.ErrServerClosed)
		client.Close()
	})
	return r
}

type wrapping struct{ net.Listener }

func (l wrapping) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return wire.NewConn(c, nil), nil
}

func (r *rig) serve(w http.ResponseWriter, req *http.Request) {
	if c := wire.FromContext(req.Context()); c != nil && req.ProtoMajor == 1 {
		c.Begin(req.Method)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	ev := &event.ServeEvent{Stub: r.stub, Request: &event.Request{
		ID: uuid.New(), Received: time.Now(), Method: req.Method, URL: req.RequestURI, Scheme: "http", Header: req.Header, Body: body,
	}}
	ev.Request.Header["Host"] = []string{req.Host}
	ready := 0
	r.Write(req.Context(), w, req, ev, r.def, func() { ready++ })
	if ready != 1 {
		panic("ready was not called exactly once")
	}
	r.served <- ev
}

// define stores the definition that is served from now on.
func (r *rig) define(t testing.TB, def mapping.ResponseDefinition) {
	t.Helper()
	require.NoError(t, r.Prepare(&def))
	r.def = &def
	r.stub.Response = &def
}

// raw sends bytes and returns everything that comes back until the connection ends, and how it ended.
func (r *rig) raw(t testing.TB, request string) (string, error) {
	t.Helper()
	c, err := net.Dial("tcp", r.addr)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(5*time.Second)))
	_, err = io.WriteString(c, request)
	require.NoError(t, err)
	got, err := io.ReadAll(c)
	return string(got), err
}

const (
	get  = "GET /x HTTP/1.1\r\nHost: stub.test\r\nConnection: close\r\n\r\n"
	kept = "GET /x HTTP/1.1\r\nHost: stub.test\r\n\r\n"
	id   = "Matched-Stub-Id: 11111111-2222-3333-4444-555555555555\r\n"
	host = "Host: stub.test\r\n"
)

// do sends one request and reads the response.
func (r *rig) do(t testing.TB, method string, header map[string]string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+r.addr+"/x", nil)
	require.NoError(t, err)
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(req)
	require.NoError(t, err)
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func readAll(t testing.TB, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		require.NoError(t, err)
	}
	return string(body)
}

// chunks reads a chunked response's chunks, one string each.
func chunks(t testing.TB, r *bufio.Reader) []string {
	t.Helper()
	var out []string
	for {
		line, err := r.ReadString('\n')
		require.NoError(t, err)
		if strings.TrimSpace(line) == "0" {
			return out
		}
		body, err := r.ReadString('\n')
		require.NoError(t, err)
		out = append(out, strings.TrimSuffix(body, "\r\n"))
	}
}

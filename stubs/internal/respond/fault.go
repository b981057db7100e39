package respond

import (
	"context"
	"net/http"

	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/wire"
)

// garbage is what WireMock sends where a response should be.
const garbage = "lskdu018973t09sylgasjkfg1][]'./.sdlv"

// breakConnection answers with a fault: bytes and the end of the connection as WireMock's, over TLS inside it.
// An HTTP/2 stream ends with its connection, except where only the stream can be told from an orderly end.
func (r *Responder) breakConnection(ctx context.Context, w http.ResponseWriter, req *http.Request, fault mapping.Fault) {
	if req.ProtoMajor >= 2 {
		breakHTTP2(ctx, w, fault)
		return
	}
	gzipped := fault == mapping.MalformedResponseChunk && !r.options.NoGzip && compressible(req, w.Header(), http.StatusOK, 0)
	head := malformedHead(w.Header(), req, gzipped)
	raw, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // net/http's own way to cut a response off
	}
	c := wire.FromContext(ctx)
	if c == nil {
		c = wire.Of(raw)
	}
	// The client may have gone already: a connection that fails to break is broken.
	switch fault {
	case mapping.ConnectionResetByPeer:
		_ = c.Reset()
	case mapping.RandomDataThenClose:
		_ = c.WriteRaw([]byte(garbage))
		_ = c.Drop()
	case mapping.MalformedResponseChunk:
		_ = c.WriteRaw(append(head, garbage...))
		_ = c.Drop()
	default:
		_ = c.Drop()
	}
}

// malformedHead begins a chunked response; headers that filters have set are in it, the stub's are not. One that says
// gzipped is not: the garbage goes past Jetty's compression.
func malformedHead(set http.Header, req *http.Request, gzipped bool) []byte {
	head := []byte("HTTP/1.1 200 OK\r\n")
	for name, values := range set {
		for _, v := range values {
			head = append(head, name+": "+v+"\r\n"...)
		}
	}
	framing := "Transfer-Encoding: chunked\r\n\r\n"
	if req.Close { // the end of the connection ends the body
		framing = "Connection: close\r\n\r\n"
	}
	if gzipped {
		head = append(head, "Content-Encoding: gzip\r\n"...)
	}
	return append(head, framing...)
}

func breakHTTP2(ctx context.Context, w http.ResponseWriter, fault mapping.Fault) {
	c := wire.FromContext(ctx)
	switch {
	case fault == mapping.MalformedResponseChunk:
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte(garbage))
		_ = http.NewResponseController(w).Flush()
	case fault == mapping.ConnectionResetByPeer && c != nil:
		_ = c.Reset()
	case fault == mapping.RandomDataThenClose && c != nil:
		_ = c.WriteRaw([]byte(garbage))
		_ = c.Drop()
	}
	panic(http.ErrAbortHandler) // resets the stream
}

// Package wire is the server's side of an HTTP/1 connection below net/http: it keeps the head of each request as it
// came (net/http keeps neither the order nor the spelling of headers), can replace the status line (net/http fixes the
// reason phrase) and can break the connection in the ways of WireMock's faults.
package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"sync"
)

// maxHeads bounds the heads of pipelined requests that no handler has taken yet.
const maxHeads = 64

// Conn is a connection of the server. For HTTPS it is above TLS: what it reads and writes is plain text.
type Conn struct {
	net.Conn
	// Tunnel is the host and port that a browser reaches through CONNECT on this connection; "" otherwise.
	Tunnel string

	trace *tracer // may be nil
	tls   *tls.ConnectionState

	mu     sync.Mutex
	framer framer
	heads  [][]byte

	// What follows belongs to the goroutine that serves the connection's requests, one after the other.
	head       []byte // of the request being served
	statusLine string // of the response about to be written, "" for net/http's
	fields     string // that net/http does not take, as lines
}

// NewConn wraps c, which has completed its handshake if it is TLS; trace, when not nil, sees everything that is read and
// written, in plain text and line by line.
func NewConn(c net.Conn, trace func(in bool, line string)) *Conn {
	w := &Conn{Conn: c}
	if trace != nil {
		w.trace = &tracer{emit: trace}
	}
	if t, ok := c.(*tls.Conn); ok {
		state := t.ConnectionState()
		w.tls = &state
	}
	return w
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.mu.Lock()
		c.framer.feed(p[:n], c.keep)
		c.mu.Unlock()
		if c.trace != nil {
			c.trace.see(true, p[:n])
		}
	}
	return n, err
}

// Close implements net.Conn.
func (c *Conn) Close() error {
	if c.trace != nil {
		c.trace.end()
	}
	return c.Conn.Close()
}

// keep is called by the framer, with the lock held.
func (c *Conn) keep(head []byte) {
	if len(c.heads) == maxHeads {
		c.framer.stop()
		c.heads = nil
		return
	}
	c.heads = append(c.heads, head)
}

// Begin is called with the method of each HTTP/1 request before it is handled, in the order of requests.
func (c *Conn) Begin(method string) {
	c.statusLine, c.fields, c.head = "", "", nil
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.heads) == 0 {
		return
	}
	c.head = c.heads[0]
	c.heads = slices.Delete(c.heads, 0, 1)
	if len(c.head) <= len(method) || string(c.head[:len(method)]) != method || c.head[len(method)] != ' ' {
		c.framer.stop() // out of step with net/http: better no head than the wrong one
		c.head, c.heads = nil, nil
	}
}

// TakeHead returns the bytes of the current request's head, from the request line to the blank line, or nil when they
// are not known (HTTP/2, for one).
func (c *Conn) TakeHead() []byte { return c.head }

// SetHead changes the head of the response that is about to be written: the status line, for example "200 Fine", unless
// it is empty, and header lines, each with its end, that come before the others.
func (c *Conn) SetHead(statusLine, fields string) { c.statusLine, c.fields = statusLine, fields }

const proto = "HTTP/1.1 "

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) {
	if c.trace != nil {
		c.trace.see(false, p)
	}
	if c.statusLine == "" && c.fields == "" || !bytes.HasPrefix(p, []byte("HTTP/1.")) {
		return c.Conn.Write(p)
	}
	line, fields := c.statusLine, c.fields
	c.statusLine, c.fields = "", ""
	end := bytes.Index(p, []byte("\r\n"))
	if end < len(proto) {
		return c.Conn.Write(p)
	}
	if line == "" {
		line = string(p[len(proto):end])
	}
	out := make([]byte, 0, len(p)+len(line)+len(fields))
	out = append(append(append(append(out, p[:len(proto)]...), line...), "\r\n"...), fields...)
	if n, err := c.Conn.Write(append(out, p[end+2:]...)); err != nil {
		return min(n, len(p)), err
	}
	return len(p), nil
}

// TLS is the connection's TLS state, nil for plain HTTP.
func (c *Conn) TLS() *tls.ConnectionState { return c.tls }

// NetConn is the connection below, as for a TLS connection.
func (c *Conn) NetConn() net.Conn { return c.Conn }

// raw is the connection below TLS and every other layer.
func (c *Conn) raw() net.Conn {
	inner := c.Conn
	for {
		layer, ok := inner.(interface{ NetConn() net.Conn })
		if !ok {
			return inner
		}
		inner = layer.NetConn()
	}
}

// Drop closes the connection without TLS's farewell, so that the client sees an end where more was to come.
func (c *Conn) Drop() error { return c.raw().Close() }

// Reset ends the connection with a TCP RST (RFC 9293, 3.10.5: close with a linger time of zero).
func (c *Conn) Reset() error {
	raw := c.raw()
	if lingerer, ok := raw.(interface{ SetLinger(sec int) error }); ok {
		if err := lingerer.SetLinger(0); err != nil {
			return err
		}
	}
	return raw.Close()
}

// WriteRaw sends bytes past every layer but TLS.
func (c *Conn) WriteRaw(p []byte) error {
	if c.trace != nil {
		c.trace.see(false, p)
	}
	n, err := c.Conn.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return err
}

type contextKey struct{}

// NewConnContext is an http.Server's ConnContext for listeners that accept Conns.
func NewConnContext(ctx context.Context, c net.Conn) context.Context {
	if w, ok := c.(*Conn); ok {
		return context.WithValue(ctx, contextKey{}, w)
	}
	return ctx
}

// FromContext is the connection that a request came in on, or nil when the server does not tell.
func FromContext(ctx context.Context) *Conn {
	c, _ := ctx.Value(contextKey{}).(*Conn)
	return c
}

// Of finds the Conn behind a hijacked connection, wrapping it when it is not one.
func Of(c net.Conn) *Conn {
	if w, ok := c.(*Conn); ok {
		return w
	}
	return NewConn(c, nil)
}

package proxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// maxHead bounds the part of a response that is kept to know how its headers were spelled.
const maxHead = 64 << 10

// headConn keeps the beginning of what a target answers: net/http respells the names of headers, which a proxy and a
// recording should not.
type headConn struct {
	net.Conn
	mu   sync.Mutex
	head []byte
}

func (c *headConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	if room := maxHead - len(c.head); room > 0 {
		c.head = append(c.head, p[:min(n, room)]...)
	}
	c.mu.Unlock()
	return n, err
}

// forget is called before a request goes out.
func (c *headConn) forget() {
	c.mu.Lock()
	c.head = c.head[:0]
	c.mu.Unlock()
}

// respell gives the headers the names that they came with.
func (c *headConn) respell(h http.Header) http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(http.Header, len(h))
	rest := c.head
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if len(bytes.TrimSpace(line)) == 0 {
			if bytes.HasPrefix(rest, []byte("HTTP/1.")) { // that was an informational response
				continue
			}
			break
		}
		raw, _, ok := bytes.Cut(line, []byte(":"))
		canonical := http.CanonicalHeaderKey(string(raw))
		if values := h[canonical]; ok && values != nil {
			out[string(raw)] = values
			delete(h, canonical)
		}
	}
	for name, values := range h {
		out[name] = values
	}
	return out
}

// dialers make connections that keep heads, above TLS where there is any.
func dialers(d *net.Dialer, config *tls.Config) (plain, secure func(ctx context.Context, network, addr string) (net.Conn, error)) {
	plain = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &headConn{Conn: c}, nil
	}
	secure = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := (&tls.Dialer{NetDialer: d, Config: config}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &headConn{Conn: c}, nil
	}
	return plain, secure
}

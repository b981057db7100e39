package transport

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/envd-dev/envd/stubs/internal/wire"
)

func (s *Server) servePlain(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect && s.options.Tunnel != nil && r.ProtoMajor == 1 {
		s.connect(w, r)
		return
	}
	s.begin(r)
	if s.options.Tunnel == nil && r.URL.Host != "" {
		r.RequestURI = r.URL.RequestURI()
		r.URL.Scheme, r.URL.Host = "", ""
	}
	s.handler.ServeHTTP(w, r)
}

func (s *Server) serveTLS(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect && s.options.Tunnel != nil && r.ProtoMajor == 1 {
		s.connect(w, r)
		return
	}
	c := s.begin(r)
	if c != nil {
		r.TLS = c.TLS()
		if c.Tunnel != "" {
			throughTunnel(r)
		}
	}
	s.handler.ServeHTTP(w, r)
}

// begin tells the connection that its next request is about to be handled.
func (s *Server) begin(r *http.Request) *wire.Conn {
	c := wire.FromContext(r.Context())
	if c != nil && r.ProtoMajor == 1 {
		c.Begin(r.Method)
	}
	return c
}

// throughTunnel gives a request that came through a tunnel the absolute-form target that a proxy request has.
func throughTunnel(r *http.Request) {
	r.RequestURI = "https://" + r.Host + r.URL.RequestURI()
	if u, err := url.Parse(r.RequestURI); err == nil {
		r.URL = u
	}
}

// connect answers CONNECT: the tunnel ends right here, at a TLS server with a certificate for the host asked for.
func (s *Server) connect(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	config, err := s.options.Tunnel(host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	c, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if _, err := io.WriteString(c, "HTTP/1.1 200 Connection Established\r\n\r\n"); err != nil {
		_ = c.Close()
		return
	}
	// The handler's goroutine is free as soon as the tunnel has been handed over.
	s.tlsL.serve(afterHijack{c, buffered.Reader}, s.tlsConfig(config), r.Host)
}

// afterHijack reads what the server had read ahead before it reads from the connection.
type afterHijack struct {
	net.Conn
	ahead *bufio.Reader
}

func (c afterHijack) Read(p []byte) (int, error) {
	if c.ahead.Buffered() > 0 {
		return c.ahead.Read(p[:min(len(p), c.ahead.Buffered())])
	}
	return c.Conn.Read(p)
}

// NetConn is the connection below.
func (c afterHijack) NetConn() net.Conn { return c.Conn }

// Package transport listens for a stub server: HTTP and HTTPS, HTTP/1.1 and HTTP/2 on both, and tunnels that a browser
// opens through the server as its proxy.
package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/wire"
)

// Options say where and how to listen.
type Options struct {
	HTTP, HTTPS *string // host:port to listen on; nil does not
	TLS         *tls.Config
	// Tunnel gives the TLS configuration for a host that a browser reaches through CONNECT; nil refuses CONNECT and
	// takes absolute-form targets as if they were paths.
	Tunnel                     func(host string) (*tls.Config, error)
	NoHTTP2Plain, NoHTTP2TLS   bool
	MaxHeaderBytes             int // 0 is net/http's default
	IdleTimeout, HeaderTimeout time.Duration
	// Trace, when not nil, sees all traffic in plain text, line by line.
	Trace func(in bool, line string)
	Log   *log.Logger
}

const (
	handshakeTimeout     = 10 * time.Second
	defaultHeaderTimeout = 30 * time.Second
)

// Server is listening; Serve answers.
type Server struct {
	options     Options
	handler     http.Handler
	plain, tls  *http.Server
	plainL      net.Listener
	tlsL        *tlsListener
	serveErrors chan error
}

// Listen opens the listeners. Nothing is accepted until Serve.
func Listen(o Options, handler http.Handler) (*Server, error) {
	s := &Server{options: o, handler: handler, serveErrors: make(chan error, 2)}
	if s.options.HeaderTimeout == 0 {
		s.options.HeaderTimeout = defaultHeaderTimeout
	}
	if o.HTTP != nil {
		l, err := net.Listen("tcp", *o.HTTP)
		if err != nil {
			return nil, fmt.Errorf("listen for HTTP: %w", err)
		}
		s.plainL = l
		s.plain = s.newHTTPServer(!o.NoHTTP2Plain, s.servePlain)
	}
	if o.HTTPS == nil && o.Tunnel == nil {
		return s, nil
	}
	var inner net.Listener
	if o.HTTPS != nil {
		l, err := net.Listen("tcp", *o.HTTPS)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("listen for HTTPS: %w", err), s.closeListeners())
		}
		inner = l
	}
	s.tlsL = newTLSListener(inner, s.tlsConfig(o.TLS), o.Trace)
	s.tls = s.newHTTPServer(!o.NoHTTP2TLS, s.serveTLS)
	return s, nil
}

func (s *Server) closeListeners() error {
	if s.plainL != nil {
		return s.plainL.Close()
	}
	return nil
}

// tlsConfig offers HTTP/2 by ALPN when it may; otherwise there is nothing to negotiate.
func (s *Server) tlsConfig(c *tls.Config) *tls.Config {
	if c == nil {
		return nil
	}
	c = c.Clone()
	if !s.options.NoHTTP2TLS {
		c.NextProtos = []string{"h2", "http/1.1"}
	}
	return c
}

// newHTTPServer makes a server for wire connections. TLS is below them, so HTTP/2 always comes in as if it were not
// encrypted, after ALPN has chosen it.
func (s *Server) newHTTPServer(http2 bool, h http.HandlerFunc) *http.Server {
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetUnencryptedHTTP2(http2)
	return &http.Server{
		Handler: h, Protocols: &p, ConnContext: connContext,
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            s.options.HeaderTimeout,
		IdleTimeout:                  s.options.IdleTimeout,
		MaxHeaderBytes:               s.options.MaxHeaderBytes,
		ErrorLog:                     s.options.Log,
	}
}

func connContext(ctx context.Context, c net.Conn) context.Context {
	ctx = wire.NewConnContext(ctx, c)
	if w := wire.FromContext(ctx); w != nil {
		ctx = event.WithHeadSource(ctx, w)
	}
	return ctx
}

// HTTPAddr and HTTPSAddr are where the server listens, nil where it does not.
func (s *Server) HTTPAddr() net.Addr {
	if s.plainL == nil {
		return nil
	}
	return s.plainL.Addr()
}

// HTTPSAddr is where the server listens for HTTPS, nil when it does not.
func (s *Server) HTTPSAddr() net.Addr {
	if s.tlsL == nil || s.tlsL.inner == nil {
		return nil
	}
	return s.tlsL.inner.Addr()
}

// Serve answers until Shutdown or the failure of a listener, which it returns.
func (s *Server) Serve() error {
	var running sync.WaitGroup
	serve := func(h *http.Server, l net.Listener) {
		running.Go(func() {
			if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				s.serveErrors <- err
			}
		})
	}
	if s.plain != nil {
		serve(s.plain, plainListener{s.plainL, s.options.Trace})
	}
	if s.tls != nil {
		serve(s.tls, s.tlsL)
	}
	done := make(chan struct{})
	go func() {
		running.Wait()
		close(done)
	}()
	select {
	case err := <-s.serveErrors:
		return errors.Join(err, s.Close())
	case <-done:
		return nil
	}
}

// Shutdown stops accepting, waits for requests under way until ctx ends and cuts off the rest.
func (s *Server) Shutdown(ctx context.Context) error {
	var errs []error
	for _, h := range []*http.Server{s.plain, s.tls} {
		if h == nil {
			continue
		}
		if err := h.Shutdown(ctx); err != nil {
			errs = append(errs, h.Close())
		}
	}
	return errors.Join(errs...)
}

// Close stops at once.
func (s *Server) Close() error {
	var errs []error
	for _, h := range []*http.Server{s.plain, s.tls} {
		if h != nil {
			errs = append(errs, h.Close())
		}
	}
	return errors.Join(errs...)
}

// plainListener wraps what it accepts.
type plainListener struct {
	net.Listener
	trace func(in bool, line string)
}

func (l plainListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return wire.NewConn(c, l.trace), nil
}

package stubs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// listening is the listener of a server that listens by itself.
type listening struct {
	mu   sync.Mutex
	http *http.Server
	addr string
	done chan struct{}
}

const (
	headerTimeout   = 30 * time.Second
	shutdownTimeout = 2 * time.Second
)

// Start listens on a free port of 127.0.0.1 and serves plain HTTP (and h2c) until [Server.Close].
func (s *Server) Start() error { return s.StartOn("127.0.0.1:0") }

// StartOn listens on the TCP address.
func (s *Server) StartOn(addr string) error {
	s.listening.mu.Lock()
	defer s.listening.mu.Unlock()
	if s.listening.http != nil {
		return errors.New("stubs: the server is listening already")
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("stubs: %w", err)
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	h := &http.Server{Handler: s, ReadHeaderTimeout: headerTimeout, Protocols: &protocols}
	served := Prepare(h, l)
	done := make(chan struct{})
	s.listening.http, s.listening.addr, s.listening.done = h, l.Addr().String(), done
	go func() {
		defer close(done)
		if err := h.Serve(served); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("stub server stopped", "error", err)
		}
	}()
	return nil
}

// URL is the base URL of a started server, without a slash at the end; "" of one that does not listen.
func (s *Server) URL() string {
	s.listening.mu.Lock()
	defer s.listening.mu.Unlock()
	if s.listening.http == nil {
		return ""
	}
	return "http://" + s.listening.addr
}

// Close ends overrides and webhooks that are under way, and, of a started server, waits a moment for requests in flight and
// stops listening. The server can still be used as a handler. With Options.Strict it returns what [Server.Verify] finds,
// too.
func (s *Server) Close() error {
	err := s.close()
	if s.options.Strict {
		err = errors.Join(err, s.Verify())
	}
	return err
}

func (s *Server) close() error {
	s.ClearOverrides()
	s.responder.Close()
	s.listening.mu.Lock()
	defer s.listening.mu.Unlock()
	h := s.listening.http
	if h == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	err := h.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = h.Close() // a client holds its request: it is cut off
	}
	<-s.listening.done
	s.listening.http = nil
	return err
}

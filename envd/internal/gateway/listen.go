package gateway

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/envd-dev/envd/stubs"
)

// port is one listening port, shared by every stub that answers on it.
type port struct {
	server *http.Server
	tls    bool
}

// place returns the address on which to listen for connections to a port of Address; see Options.ListenAt.
func (o *Options) place(number int) string {
	if other, elsewhere := o.ListenAt[strconv.Itoa(number)]; elsewhere {
		number = other
	}
	return net.JoinHostPort(o.Address, strconv.Itoa(number))
}

// open listens on a port unless it is open already; g.mu is held.
func (g *Gateway) open(number int, encrypted bool) error {
	if p := g.ports[number]; p != nil {
		if p.tls != encrypted {
			return fmt.Errorf("port %d is asked for with and without TLS", number)
		}
		return nil
	}
	listener, err := net.Listen("tcp", g.options.place(number))
	if err != nil {
		return fmt.Errorf("stubs cannot listen on port %d: %w", number, err)
	}
	server := &http.Server{
		Handler:           g.dispatch(number),
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // it would report broken connections, which faults make on purpose
		Protocols:         new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true)
	if encrypted {
		server.Protocols.SetHTTP2(true)
		server.TLSConfig = &tls.Config{GetCertificate: g.certificate}
		go func() { _ = server.ServeTLS(listener, "", "") }() // ends when the server is closed
	} else {
		server.Protocols.SetUnencryptedHTTP2(true)
		listener = stubs.Prepare(server, listener)
		go func() { _ = server.Serve(listener) }() // ends when the server is closed
	}
	g.ports[number] = &port{server: server, tls: encrypted}
	return nil
}

// certificate issues the certificate of the name that a client asks for (SNI, RFC 6066).
func (g *Gateway) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	host := strings.ToLower(hello.ServerName)
	if host == "" {
		host, _, _ = net.SplitHostPort(hello.Conn.LocalAddr().String())
	}
	g.mu.Lock()
	ca, known := g.ca, g.named(host) != nil || net.ParseIP(host) != nil
	g.mu.Unlock()
	switch {
	case ca == nil:
		return nil, errors.New("no environment yet")
	case !known:
		g.recordUndeclared(host, "tls")
		return nil, fmt.Errorf("%s is not declared in the spec", host)
	}
	return ca.Leaf(host)
}

// dispatch passes a request on to the stub whose hostname it has.
func (g *Gateway) dispatch(number int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := strings.ToLower(r.Host)
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		g.mu.Lock()
		s := g.named(host)
		if s == nil && len(g.stubs) == 1 && net.ParseIP(host) != nil {
			for _, only := range g.stubs { // the request names an address: with one stub there is no doubt which it means
				s = only
			}
		}
		g.mu.Unlock()
		if s == nil {
			g.recordUndeclared(net.JoinHostPort(host, strconv.Itoa(number)), "http")
			http.Error(w, "envd: "+host+" is not declared as a stub in the spec", http.StatusMisdirectedRequest)
			return
		}
		s.serve(w, r)
	})
}

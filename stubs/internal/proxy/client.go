// Package proxy sends the requests that a stub server makes itself: to the targets of proxyBaseUrl, on behalf of browsers,
// and for webhooks.
package proxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"
)

// Options configure a Client. The zero value reaches everything.
type Options struct {
	Allow, Deny       []string
	Via               *url.URL
	Timeout           time.Duration // 0 is DefaultTimeout
	PreserveUserAgent bool
	MaxConnections    int // per target; 0 is 1,000
	ReuseConnections  bool
	// TrustAll and Trusted (host names) loosen the verification of certificates for forward requests.
	TrustAll     bool
	Trusted      []string
	Roots        *x509.CertPool // trusted besides the system's
	Certificates []tls.Certificate
}

// DefaultTimeout bounds a request when the options do not.
const DefaultTimeout = 5 * time.Minute

const (
	defaultMaxConnections = 1000
	maxIdle               = 16 // connections per target that are kept
	// maxBody bounds a target's response.
	maxBody = 512 << 20
	// userAgent is what WireMock 3.13's client says, so that targets and their journals see no difference.
	userAgent = "Apache-HttpClient/5.5.1 (Java/17.0.15)"
)

// Request is what is to be sent. Its headers go out spelled as they are here.
type Request struct {
	Method string
	URL    string // absolute
	Host   string // the Host header; "" is the URL's
	Header http.Header
	Order  []string // names of headers in the order to send them; others come last
	Body   []byte   // nil sends none, not even a length
	// Chunked sends the body with Transfer-Encoding: chunked, as octets where no type is given.
	Chunked bool
	// Forward verifies the target's certificate, as for a browser; without it every certificate is accepted.
	Forward bool
}

// Response is what came back, its body as sent: still compressed where it was.
type Response struct {
	Status  int
	Message string // the reason phrase
	Proto   string
	Header  http.Header
	Body    []byte
}

// Client sends requests. It is safe for concurrent use.
type Client struct {
	options Options
	rules   *Rules

	once             sync.Once
	reverse, forward *http.Transport
}

// New makes a client; the error says what is wrong with the allowed or denied targets.
func New(o Options) (*Client, error) {
	rules, err := ParseRules(o.Allow, o.Deny)
	if err != nil {
		return nil, err
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = defaultMaxConnections
	}
	return &Client{options: o, rules: rules}, nil
}

// Close drops idle connections.
func (c *Client) Close() {
	c.once.Do(c.open)
	c.reverse.CloseIdleConnections()
	c.forward.CloseIdleConnections()
}

func (c *Client) open() {
	c.reverse = c.transport(&tls.Config{InsecureSkipVerify: true, Certificates: c.options.Certificates}) // WireMock trusts proxy targets
	c.forward = c.transport(c.forwardTLS())
}

// forwardTLS verifies certificates but for the hosts that are trusted anyway.
func (c *Client) forwardTLS() *tls.Config {
	config := &tls.Config{Certificates: c.options.Certificates, InsecureSkipVerify: c.options.TrustAll}
	if c.options.TrustAll || len(c.options.Trusted) == 0 && c.options.Roots == nil {
		return config
	}
	config.InsecureSkipVerify = true
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if slices.Contains(c.options.Trusted, state.ServerName) {
			return nil
		}
		err := verify(state, nil)
		if err != nil && c.options.Roots != nil {
			err = verify(state, c.options.Roots)
		}
		return err
	}
	return config
}

// verify checks a chain against roots, nil for the system's.
func verify(state tls.ConnectionState, roots *x509.CertPool) error {
	between := x509.NewCertPool()
	for _, cert := range state.PeerCertificates[1:] {
		between.AddCert(cert)
	}
	_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: state.ServerName, Intermediates: between})
	return err
}

func (c *Client) transport(config *tls.Config) *http.Transport {
	dialer := &net.Dialer{Timeout: c.options.Timeout, Control: func(_, address string, _ syscall.RawConn) error {
		if c.options.Via != nil { // the proxy server is the user's choice; its targets were checked by name
			return nil
		}
		if to, err := netip.ParseAddrPort(address); err == nil && !c.rules.Addr(to.Addr()) {
			return fmt.Errorf("%w: %s", ErrDenied, to.Addr())
		}
		return nil
	}}
	plain, secure := dialers(dialer, config)
	t := &http.Transport{
		DialContext:           plain,
		DialTLSContext:        secure,
		TLSClientConfig:       config,
		DisableCompression:    true,
		MaxConnsPerHost:       c.options.MaxConnections,
		MaxIdleConnsPerHost:   maxIdle,
		IdleConnTimeout:       30 * time.Second,
		ResponseHeaderTimeout: c.options.Timeout,
	}
	if !c.options.ReuseConnections {
		t.MaxIdleConnsPerHost = -1 // closed after use; to have keep-alives disabled would tell the target so
	}
	if c.options.Via != nil {
		t.Proxy = http.ProxyURL(c.options.Via)
	}
	return t
}

// forbidden are the request headers that belong to one connection; the client makes its own.
var forbidden = map[string]bool{
	"transfer-encoding": true, "content-length": true, "connection": true, "upgrade": true, "http2-settings": true, "host": true,
}

// order is that of the headers on the wire: the caller's, then the client's own.
func (q *Request) order() []string {
	own := []string{"Host", "Transfer-Encoding", "Content-Type", "Content-Length", "Connection", "User-Agent"}
	out := make([]string, 0, len(q.Order)+len(own))
	for _, name := range q.Order {
		if lower := strings.ToLower(name); lower == "host" || !forbidden[lower] && lower != "user-agent" {
			out = append(out, name)
		}
	}
	return append(out, own...)
}

// Do sends the request and reads the response whole. Redirects are not followed.
// The error wraps ErrDenied when the rules forbid the target.
func (c *Client) Do(ctx context.Context, q *Request) (*Response, error) {
	c.once.Do(c.open)
	u, err := c.parse(q.URL)
	if err != nil {
		return nil, err
	}
	if err := c.allow(q, u); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	transport := c.reverse
	if q.Forward {
		transport = c.forward
	}
	var on *headConn
	r := c.request(q, u).WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if on, _ = info.Conn.(*headConn); on != nil {
			on.begin(q.order())
		}
	}}))
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return nil, failure(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("Unsupported or invalid protocol: %s", resp.Header.Get("Upgrade")) // shown to clients as it is
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = fmt.Errorf("the response is larger than %d bytes", maxBody)
	}
	if err != nil {
		return nil, bodyFailure(resp, len(body), err)
	}
	_, message, _ := strings.Cut(resp.Status, " ")
	header := resp.Header
	if on != nil {
		header = on.respell(header)
	}
	if len(resp.TransferEncoding) > 0 { // net/http takes it out
		header["Transfer-Encoding"] = resp.TransferEncoding
	}
	return &Response{Status: resp.StatusCode, Message: message, Proto: resp.Proto, Header: header, Body: body}, nil
}

// allow refuses requests that the rules forbid, and those that WireMock's client refuses, in its words.
func (c *Client) allow(q *Request, u *url.URL) error {
	switch {
	case !c.rules.Host(u.Hostname()):
		return fmt.Errorf("%w: %s", ErrDenied, u.Hostname())
	case q.Method == "":
		return errors.New("HTTP method must not be blank")
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("Unroutable protocol scheme: %s://%s", u.Scheme, u.Host)
	}
	return nil
}

// request makes the request as WireMock's client would send it.
func (c *Client) request(q *Request, u *url.URL) *http.Request {
	r := &http.Request{Method: q.Method, URL: u, Host: q.Host, Header: http.Header{"User-Agent": {userAgent}, "Connection": {"keep-alive"}}}
	if q.Body != nil {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(q.Body)), int64(len(q.Body))
		switch {
		case q.Chunked:
			r.ContentLength = -1
			if q.Header.Get("Content-Type") == "" {
				r.Header["Content-Type"] = []string{"application/octet-stream; charset=UTF-8"}
			}
		case len(q.Body) == 0:
			r.Body = http.NoBody
		}
	}
	for name, values := range q.Header {
		lower := strings.ToLower(name)
		if forbidden[lower] {
			continue
		}
		if lower == "user-agent" {
			if !c.options.PreserveUserAgent {
				continue
			}
			name = "User-Agent"
		}
		r.Header[name] = values
	}
	return r
}

// parse makes a URL whose path and query go out as they were written.
func (c *Client) parse(raw string) (*url.URL, error) {
	if strings.ContainsFunc(raw, unicode.IsControl) {
		return nil, fmt.Errorf("%q holds a control character", raw)
	}
	u, err := url.Parse(raw)
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		if err == nil {
			err = fmt.Errorf("%q is not an absolute URL", raw)
		}
		return nil, err
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	target, _, _ := strings.Cut(rest[end:], "#")
	if strings.HasPrefix(target, "?") {
		target = "/" + target
	}
	if strings.IndexByte(target, '?') == len(target)-1 { // WireMock's client drops an empty query
		target = strings.TrimSuffix(target, "?")
	}
	if err == nil {
		u.ForceQuery = false
		if target == "" || u.RequestURI() == target {
			return u, nil
		}
	}
	base, err := url.Parse(scheme + "://" + rest[:end])
	if err != nil {
		return nil, err
	}
	base.Opaque = strings.ReplaceAll(target, " ", "%20")
	if c.options.Via != nil || strings.HasPrefix(target, "//") {
		base.Opaque = "//" + rest[:end] + base.Opaque
	}
	return base, nil
}

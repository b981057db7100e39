package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
)

// Explain is the reason of a failed request in the words of WireMock's HTTP client, where it has words of its own.
func Explain(target string, err error) string {
	var dns *net.DNSError
	var record tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Connect to " + origin(target) + " failed: Connection refused"
	case errors.As(err, &dns) && dns.IsNotFound:
		return dns.Name
	case errors.As(err, &record):
		return "Unsupported or unrecognized SSL message"
	case errors.Is(err, syscall.ECONNRESET):
		return "Connection reset"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "Read timed out"
	case errors.Is(err, errNoResponse):
		return "The target server failed to respond"
	}
	return err.Error()
}

func origin(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return target
	}
	return u.Scheme + "://" + u.Host
}

// errNoResponse says that a target closed the connection without a response, or with something that is none.
var errNoResponse = errors.New("no response")

// failure sorts the errors of sending a request and reading the head of its response.
func failure(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "malformed HTTP") {
		return errors.Join(errNoResponse, err)
	}
	return err
}

// truncated is the error of a body that ended before its announced length.
type truncated struct {
	want int64
	got  int
}

func (e *truncated) Error() string {
	return fmt.Sprintf("Premature end of Content-Length delimited message body (expected: %d; received: %d)", e.want, e.got)
}

// bodyFailure words the errors of reading a response's body.
func bodyFailure(resp *http.Response, got int, err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) && resp.ContentLength >= 0:
		return &truncated{resp.ContentLength, got}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("Premature end of chunk coded message body: closing chunk expected") // shown to clients as it is
	case strings.Contains(err.Error(), "in chunk length"):
		return errors.New("Bad chunk header") // shown to clients as it is
	}
	return err
}

// IsTLS reports whether a request failed over TLS rather than over the network.
func IsTLS(err error) bool {
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &verification) ||
		errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid)
}

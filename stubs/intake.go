package stubs

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// errBodyTooLarge is the error of a request body beyond Options.MaxRequestBody.
var errBodyTooLarge = errors.New("the request body is too large")

func readBody(r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return []byte{}, nil // empty, not unknown
	}
	if r.ContentLength > limit {
		return nil, errBodyTooLarge
	}
	if n := r.ContentLength; n >= 0 {
		body := make([]byte, n)
		_, err := io.ReadFull(r.Body, body)
		return body, err
	}
	return readAll(r.Body, limit)
}

func readAll(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = errBodyTooLarge
	}
	return body, err
}

// errNotGzip wraps what WireMock throws on a body that is not the gzip that it claims to be.
var errNotGzip = errors.New("java.lang.RuntimeException")

// unzipped is the body as it was before a client compressed it: what a header calls gzip, and what begins as gzip does.
func unzipped(body []byte, claimed bool, limit int64) ([]byte, error) {
	magic := len(body) >= 2 && body[0] == 0x1f && body[1] == 0x8b
	if len(body) == 0 || !claimed && !magic {
		return body, nil
	}
	if !magic && len(body) > 1 {
		return nil, fmt.Errorf("%w: java.util.zip.ZipException: Not in GZIP format", errNotGzip)
	}
	body, err := inflate(body, limit)
	switch {
	case err == nil || errors.Is(err, errBodyTooLarge):
		return body, err
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%w: java.io.EOFException", errNotGzip)
	default:
		return nil, fmt.Errorf("%w: java.util.zip.ZipException: %w", errNotGzip, err)
	}
}

// inflate undoes gzip, in as many members as there are; what comes after them and is none is left out, as Java does.
func inflate(body []byte, limit int64) ([]byte, error) {
	rest := bytes.NewReader(body)
	z, err := gzip.NewReader(rest)
	if err != nil {
		return nil, err
	}
	var plain []byte
	for {
		z.Multistream(false)
		more, err := readAll(z, limit-int64(len(plain)))
		if err != nil {
			return nil, err
		}
		plain = append(plain, more...)
		if z.Reset(rest) != nil {
			return plain, nil
		}
	}
}

// claimsGzip reports whether the request says that its body is gzip.
func claimsGzip(h http.Header) bool {
	for _, v := range h["Content-Encoding"] {
		if strings.Contains(strings.ToLower(v), "gzip") {
			return true
		}
	}
	return false
}

// unreadable is what WireMock throws while it reads a request, before it looks at any stub: on a query that cannot be
// decoded, a form that cannot, or a multipart body that ends too early or has no boundary.
func unreadable(v *requestmatch.View) error {
	if q := v.Request.RawQuery(); strings.IndexByte(q, '%') >= 0 {
		if err := event.CheckQuery(q); err != nil {
			return err
		}
	}
	if err := v.Request.CheckForm(); err != nil {
		return err
	}
	if v.Request.IsMultipart() {
		if _, err := v.Request.Parts(); err != nil {
			return fmt.Errorf("wiremock.org.apache.commons.fileupload.FileUploadException: %w", err)
		}
	}
	return nil
}

func refuse(w http.ResponseWriter, err error) {
	if errors.Is(err, errBodyTooLarge) {
		w.Header().Set("Connection", "close")
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	panic(http.ErrAbortHandler) // the client went away while sending
}

// target is the request's path and query as sent, and whether the client used the server as its proxy.
func target(r *http.Request) (url string, absolute bool) {
	url = r.RequestURI
	if url == "" || url[0] != '/' {
		url, absolute = r.URL.RequestURI(), r.URL.Host != ""
	}
	if i := strings.IndexByte(url, '#'); i >= 0 {
		url = url[:i]
	}
	return strings.TrimSuffix(url, "?"), absolute
}

func hostOnly(hostport string) string {
	if strings.IndexByte(hostport, ':') < 0 {
		return hostport
	}
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
}

func splitHost(hostport, scheme string) (host string, port int) {
	if strings.IndexByte(hostport, ':') >= 0 {
		at := strings.LastIndexByte(hostport, ':')
		if port, err := strconv.Atoi(hostport[at+1:]); err == nil {
			return hostport[:at], port // an IPv6 address stays in its brackets
		}
	}
	if scheme == "https" {
		return hostport, 443
	}
	return hostport, 80
}

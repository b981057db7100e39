package event

import (
	"bytes"
	"errors"
	"mime"
	"net/textproto"
	"strings"
)

// Part is one part of a multipart body.
type Part struct {
	Name     string
	FileName string
	Header   textproto.MIMEHeader
	Body     []byte
}

const (
	maxParts      = 1000
	maxPartHeader = 10 << 10 // of a part, as WireMock bounds it
)

var (
	errNoBoundary = errors.New("the request was rejected because no multipart boundary was found")
	errPartEnded  = errors.New("Stream ended unexpectedly")
	errPartHeader = errors.New("Header section has more than 10240 bytes (maybe it is not properly terminated)")
)

// IsMultipart reports whether the content type announces a multipart body.
func (r *Request) IsMultipart() bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(r.ContentType())), "multipart/")
}

// Parts reads a multipart body (RFC 7578) as leniently, and as strictly, as WireMock does: what comes before the first
// boundary does not count, a body that does not begin properly has no parts, and one that ends too early is an error.
// A request that is not multipart has none.
func (r *Request) Parts() ([]Part, error) {
	if !r.IsMultipart() {
		return nil, nil
	}
	_, params, err := mime.ParseMediaType(r.ContentType())
	if err != nil || params["boundary"] == "" {
		return nil, errNoBoundary
	}
	boundary := []byte("--" + params["boundary"])
	_, rest, begins := bytes.Cut(r.Body, boundary)
	if !begins {
		return nil, nil
	}
	rest, more := afterBoundary(rest)
	var parts []Part
	for more && len(parts) < maxParts {
		head, body, ok := bytes.Cut(rest, []byte("\r\n\r\n"))
		if len(head) > maxPartHeader {
			return parts, errPartHeader
		}
		if !ok {
			return parts, errPartEnded
		}
		if body, rest, ok = bytes.Cut(body, append([]byte("\r\n"), boundary...)); !ok {
			return parts, errPartEnded
		}
		if p, named := newPart(head, body); named {
			parts = append(parts, p)
		}
		rest, more = afterBoundary(rest)
	}
	return parts, nil
}

// afterBoundary is the part that a boundary begins; there is none after the last boundary, or after a line that goes on.
func afterBoundary(b []byte) (rest []byte, more bool) {
	switch {
	case bytes.HasPrefix(b, []byte("\n")):
		return b[1:], true
	case bytes.HasPrefix(b, []byte("\r\n")):
		return b[2:], true
	}
	return nil, false
}

// newPart makes a part of its head and body. One without a name is not kept.
func newPart(head, body []byte) (p Part, named bool) {
	p = Part{Header: textproto.MIMEHeader{}, Body: body}
	last := ""
	for line := range strings.SplitSeq(string(head), "\r\n") {
		if last != "" && strings.HasPrefix(strings.TrimLeft(line, "\t"), " ") || strings.HasPrefix(line, "\t") && last != "" {
			values := p.Header[last]
			values[len(values)-1] += " " + strings.TrimSpace(line)
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		last = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))
		p.Header.Add(last, strings.TrimSpace(value))
	}
	disposition := p.Header.Get("Content-Disposition")
	kind := strings.ToLower(disposition)
	form := strings.HasPrefix(kind, "form-data")
	if form {
		p.Name, named = parameter(disposition, "name")
	}
	if form || strings.HasPrefix(kind, "attachment") {
		p.FileName, _ = parameter(disposition, "filename")
	}
	return p, named
}

// parameter is a parameter of a header value; quotes count where they come in pairs.
func parameter(value, name string) (string, bool) {
	for value != "" {
		var item string
		item, value = cutParameter(value)
		key, text, _ := strings.Cut(item, "=")
		if !strings.EqualFold(strings.TrimSpace(key), name) {
			continue
		}
		text = strings.TrimSpace(text)
		if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
			text = text[1 : len(text)-1]
		}
		return text, text != ""
	}
	return "", false
}

// cutParameter cuts at the first semicolon that is not in quotes.
func cutParameter(s string) (item, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case ';':
			if !quoted {
				return s[:i], s[i+1:]
			}
		}
	}
	return s, ""
}

package event

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
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

const maxParts = 1000

// IsMultipart reports whether the content type announces a multipart body.
func (r *Request) IsMultipart() bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(r.ContentType())), "multipart/")
}

// Parts reads a multipart body; the parts before an error are returned with it. A request that is not multipart has none.
func (r *Request) Parts() ([]Part, error) {
	if !r.IsMultipart() {
		return nil, nil
	}
	_, params, err := mime.ParseMediaType(r.ContentType())
	if err != nil {
		return nil, err
	}
	rd := multipart.NewReader(bytes.NewReader(r.Body), params["boundary"])
	var parts []Part
	for len(parts) < maxParts {
		p, err := rd.NextRawPart()
		if errors.Is(err, io.EOF) {
			return parts, nil
		}
		if err != nil {
			return parts, err
		}
		body, err := io.ReadAll(p)
		parts = append(parts, Part{Name: p.FormName(), FileName: p.FileName(), Header: p.Header, Body: body})
		if err != nil {
			return parts, err
		}
	}
	return parts, nil
}

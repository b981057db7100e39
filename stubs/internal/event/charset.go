package event

import (
	"mime"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
)

// IsUTF8 reports whether the content type names no charset or UTF-8.
func (r *Request) IsUTF8() bool {
	ct := r.ContentType()
	if !strings.Contains(ct, "charset") {
		return true
	}
	return isUTF8(charset(ct))
}

// Text is the body as a string, decoded from the charset of the content type.
func (r *Request) Text() string { return Decode(r.Body, r.ContentType()) }

// Decode is a body as a string, decoded from the charset of its content type; UTF-8 when that names none that is known.
func Decode(body []byte, contentType string) string {
	name := charset(contentType)
	if isUTF8(name) {
		return string(body)
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		return string(body)
	}
	text, err := enc.NewDecoder().Bytes(body)
	if err != nil {
		return string(body)
	}
	return string(text)
}

func charset(contentType string) string {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return params["charset"]
}

func isUTF8(name string) bool {
	return name == "" || strings.EqualFold(name, "utf-8") || strings.EqualFold(name, "utf8")
}

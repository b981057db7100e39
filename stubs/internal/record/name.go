package record

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/envd-dev/envd/stubs/internal/files"
	"github.com/envd-dev/envd/stubs/internal/javauri"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

const longestName = 200

// decodedPath is the path of a request's URL as WireMock reads it, which takes what follows two slashes for a host.
func decodedPath(requestURL string) string {
	path := javauri.Path(requestURL)
	if decoded, err := url.PathUnescape(path); err == nil {
		return decoded
	}
	return path
}

// sanitizeURL makes a stub's name of a path: "/Some Thing/ü" gives "some-thing_u".
func sanitizeURL(p string) string {
	s := strings.Map(func(c rune) rune {
		switch c {
		case '/':
			return '_'
		case ' ', '\t', '\n', '\r', '\v', '\f':
			return '-'
		}
		return c
	}, p)
	s = strings.Trim(files.SafeName(norm.NFD.String(s)), "_")
	return s[:min(len(s), longestName)]
}

// fileName is the name of the draft's body file.
func (d *draft) fileName(extension string) string {
	label := d.name
	if label == "" {
		method, _ := d.request.Get("method")
		url, ok := d.request.Get("url")
		if !ok {
			url, _ = d.request.Get("urlPath")
		}
		label = fmt.Sprint(method, "-", url)
	}
	return files.SafeName(label + "-" + d.id + "." + extension)
}

// extensions of media types whose name does not tell.
var extensions = map[string]string{
	"image/jpeg": "jpeg", "image/gif": "gif", "image/tiff": "tiff", "image/png": "png", "image/x-icon": "ico", "image/svg+xml": "svg",
	"audio/x-aiff": "aiff", "video/x-ms-asf": "asf", "video/mpeg": "mp2", "audio/mpeg": "mp3", "video/quicktime": "mov",
	"application/pdf": "pdf",
}

// extension is that of a body's file: by media type, else by the URL, else by what the body looks like.
func extension(urlPath, contentType string, body []byte) string {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.TrimSpace(media)
	for _, kind := range [][2]string{{"json", "json"}, {"xml", "xml"}, {"text", "txt"}} {
		if strings.Contains(media, kind[0]) {
			return kind[1]
		}
	}
	if ext := extensions[media]; ext != "" {
		return ext
	}
	if ext := path.Ext(path.Base(urlPath)); len(ext) > 1 {
		return ext[1:]
	}
	switch {
	case isJSON(body):
		return "json"
	case isXML(body):
		return "xml"
	}
	return "txt"
}

func isJSON(body []byte) bool {
	_, err := jsondoc.Decode(body)
	return err == nil
}

func isXML(body []byte) bool {
	d := xml.NewDecoder(strings.NewReader(string(body)))
	elements := 0
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return elements > 0
		}
		if err != nil {
			return false
		}
		if _, ok := t.(xml.StartElement); ok {
			elements++
		}
	}
}

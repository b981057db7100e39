package difftest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

var (
	// ownID is an ID that a case gives, anyID one that may be by chance.
	ownID = regexp.MustCompile(`00000000-0000-4000-8000-\d{12}`)
	anyID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

	// identity is what Java prints of an array and of other objects: their address.
	identity = regexp.MustCompile(`(\w)@[0-9a-fA-F]+ *`)

	// wideDouble is a double of more digits than a double always holds: up to version 18 Java prints some with more digits
	// than it takes to tell them apart, later versions do not.
	wideDouble = regexp.MustCompile(`(\d\.\d{13})\d+(E-?\d+) *`)
)

// volatile are members of the admin API's answers that are other in each play.
var volatile = map[string]bool{
	"loggedDate": true, "loggedDateString": true, "processTime": true, "responseSendTime": true, "serveTime": true,
	"totalTime": true, "timeOffsetNanos": true, "uptimeInSeconds": true, "timestamp": true,
}

// normalizer takes chance and time out of the answers of one play.
type normalizer struct{ names map[string]string }

func newNormalizer() *normalizer { return &normalizer{map[string]string{}} }

// text is a text in which IDs by chance are numbered as they come.
func (n *normalizer) text(s string) string {
	s = wideDouble.ReplaceAllString(identity.ReplaceAllString(s, "$1@"), "$1$2")
	return anyID.ReplaceAllStringFunc(s, func(id string) string {
		if ownID.MatchString(id) {
			return id
		}
		name, known := n.names[id]
		if !known {
			name = fmt.Sprintf("id-%d", len(n.names)+1)
			n.names[id] = name
		}
		return name
	})
}

// answer is all of an answer; the order of its headers is net/http's with the engine. Of a failure inside the server only
// the status counts: the page has a stack trace of Java.
func (n *normalizer) answer(r Response) Answer {
	if r.refused() {
		return Answer{r.Status, "refused"}
	}
	if r.Status == http.StatusInternalServerError && strings.HasPrefix(r.Body, "<html>") || r.Status == 500 && strings.Contains(r.Body, "\n") {
		return Answer{r.Status, "500"}
	}
	return Answer{r.Status, n.text(fmt.Sprintf("%s\n%s\n\n%s\n%s", r.Line, strings.Join(slices.Sorted(slices.Values(r.Headers)), "\n"), r.Body, r.End))}
}

// refused reports whether the request never reached a stub: Jetty and net/http have pages of their own, and none for HEAD.
func (r Response) refused() bool {
	return r.Status == http.StatusBadRequest && slices.Contains(r.Headers, "Connection: close") &&
		(r.Body == "" || strings.Contains(r.Body, "Bad Request") || strings.Contains(r.Body, "Bad Message"))
}

// admin is an answer of the admin API, as JSON in one form where it is JSON.
func (n *normalizer) admin(r Response) Answer {
	if r.Status == http.StatusInternalServerError {
		return Answer{r.Status, "500"}
	}
	dec := json.NewDecoder(strings.NewReader(r.Body))
	dec.UseNumber()
	var v any
	body := r.Body
	if err := dec.Decode(&v); err == nil && !dec.More() {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if enc.Encode(n.value(v)) == nil {
			body = strings.TrimSpace(b.String())
		}
	}
	return Answer{r.Status, n.text(fmt.Sprintf("%s\n%s\n\n%s\n%s", r.Line, strings.Join(unframed(r.Headers), "\n"), body, r.End))}
}

// unframed are the headers in one order, without those by which a body's end is found: clients of the admin API see neither.
func unframed(headers []string) []string {
	headers = slices.DeleteFunc(slices.Clone(headers), func(h string) bool {
		return strings.HasPrefix(h, "Content-Length:") || strings.HasPrefix(h, "Transfer-Encoding:")
	})
	slices.Sort(headers)
	return headers
}

func (n *normalizer) value(v any) any {
	switch t := v.(type) {
	case map[string]any:
		for k, e := range t {
			switch text, isText := e.(string); {
			case volatile[k]:
				t[k] = "volatile"
			case k == "timing": // which WireMock fills in after the answer went out
				timing, _ := e.(map[string]any)
				t[k] = timing["addedDelay"]
			case k == "distance":
				t[k] = distance(e)
			case (k == "bodyAsBase64" || k == "base64Body") && isText:
				t[k] = n.decoded(text)
			default:
				t[k] = n.value(e)
			}
		}
	case []any:
		list := t[:0]
		for _, e := range t {
			if !passing(e) {
				list = append(list, n.value(e))
			}
		}
		return list
	}
	return v
}

// passing reports a sub-event that is told in passing, in the words of a parser of JSON, XML or XPath.
func passing(v any) bool {
	o, _ := v.(map[string]any)
	return o["type"] == "WARNING" || o["type"] == "JSON_ERROR" || o["type"] == "ERROR"
}

// distance is a distance without the digits that dates relative to now change.
func distance(v any) any {
	if d, ok := v.(json.Number); ok {
		if f, err := d.Float64(); err == nil {
			return fmt.Sprintf("%.9f", f)
		}
	}
	return v
}

// decoded is a body's text, in which IDs can be found.
func (n *normalizer) decoded(encoded string) string {
	b, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return encoded
	}
	return fmt.Sprintf("%q", b)
}

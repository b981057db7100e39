package match

import (
	"unicode/utf8"
	"unsafe"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/xmlmatch"
)

// Value is what a pattern is matched against. Values are cheap to copy; the parsed forms of a body are shared by its
// copies.
type Value struct {
	Present bool
	Text    string
	bytes   []byte // of a body whose text was decoded
	parsed  *parsed
}

// parsed holds the JSON and XML forms of a value, made when the first pattern asks.
type parsed struct {
	jackson, smart jsonForm
	xml            [2]xmlForm // without and with namespaces
}

type jsonForm struct {
	done  bool
	plain bool
	value any
	err   error
}

type xmlForm struct {
	done bool
	doc  *xmlmatch.Document
	err  error
}

// Absent is the value of a header, parameter or cookie that the request does not have.
func Absent() Value { return Value{} }

// Text is a present string value.
func Text(s string) Value { return Value{Present: true, Text: s} }

// Body is a request body: its bytes, which must not change while the value is used, decoded as UTF-8.
// All patterns matched against copies of the value share one parse. Not safe for concurrent use.
func Body(b []byte) Value {
	text := unsafe.String(unsafe.SliceData(b), len(b))
	if !utf8.ValidString(text) {
		text = string([]rune(text))
	}
	return BodyText(b, text)
}

// BodyText is [Body] for a body whose text was decoded from another charset.
func BodyText(b []byte, text string) Value {
	return Value{Present: true, Text: text, bytes: b, parsed: &parsed{}}
}

// raw is the value's bytes.
func (v Value) raw() []byte {
	if v.bytes != nil {
		return v.bytes
	}
	return []byte(v.Text)
}

// shared gives copies of the value one place for what they parse.
func (v Value) shared() Value {
	if v.parsed == nil {
		v.parsed = &parsed{}
	}
	return v
}

// json is the value read by Jackson.
func (v Value) json() (any, error) {
	j := &v.shared().parsed.jackson
	if !j.done {
		j.value, j.plain, j.err = jsondoc.Parse(v.Text)
		j.done = true
	}
	return j.value, j.err
}

// smartJSON is the value read by json-smart, on which JSONPath works. Jackson reads plain JSON alike.
func (v Value) smartJSON() (any, error) {
	v = v.shared()
	if doc, err := v.json(); err == nil && v.parsed.jackson.plain {
		return doc, nil
	}
	j := &v.parsed.smart
	if !j.done {
		j.value, j.err = jsondoc.DecodeLenient(v.Text)
		j.done = true
	}
	return j.value, j.err
}

// document is the value as XML, its names resolved if namespaces is set.
func (v Value) document(namespaces bool) (*xmlmatch.Document, error) {
	v = v.shared()
	x := &v.parsed.xml[0]
	if namespaces {
		x = &v.parsed.xml[1]
	}
	if !x.done {
		x.doc, x.err = xmlmatch.Parse(v.Text, namespaces)
		x.done = true
	}
	return x.doc, x.err
}

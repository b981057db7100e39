package match

import "unsafe"

// Value is what a pattern is matched against. Values are cheap to copy; the parsed forms of a body are shared by its copies.
type Value struct {
	Present bool
	Text    string
	bytes   []byte
	parsed  *parsed
}

// parsed holds the JSON and XML forms of a body, made when the first pattern asks.
type parsed struct{}

// Absent is the value of a header, parameter or cookie that the request does not have.
func Absent() Value { return Value{} }

// Text is a present string value.
func Text(s string) Value { return Value{Present: true, Text: s} }

// Body is a request body: its bytes, which must not change while the value is used, decoded as UTF-8.
// All patterns matched against copies of the value share one parse. Not safe for concurrent use.
func Body(b []byte) Value {
	return Value{Present: true, Text: unsafe.String(unsafe.SliceData(b), len(b)), bytes: b, parsed: &parsed{}}
}

// BodyText is Body for a body whose text was decoded from another charset.
func BodyText(b []byte, text string) Value {
	return Value{Present: true, Text: text, bytes: b, parsed: &parsed{}}
}

// Package match has WireMock's value matchers: parsed from JSON, matched against strings and bodies with WireMock's
// distances, and printed back.
package match

import (
	"encoding/json"
	"errors"
)

// Result says whether a value matched and how far off it was: 0 is equal, 1 nothing alike (WireMock's getDistance).
type Result struct {
	Exact    bool
	Distance float64
}

// Pattern is one value matcher: WireMock's StringValuePattern, or a ContentPattern on bodies. It is immutable and
// safe for concurrent use.
type Pattern interface {
	// Match computes the distance too, which may be expensive; Exact(v) equals Match(v).Exact.
	Match(v Value) Result
	Exact(v Value) bool
	// Name is the operator: "equalTo", "matchesJsonPath" …
	Name() string
	// Expected is what the diff page prints.
	Expected() string
	// MarshalJSON gives the pattern as WireMock prints it back.
	MarshalJSON() ([]byte, error)
}

// Kind says where a pattern stands, and with that which operators it may use.
type Kind uint8

// The kinds of place.
const (
	StringValue Kind = iota // headers, query, cookies, path parameters …
	Content                 // body patterns: all of StringValue and binaryEqualTo
)

// Error is a pattern that WireMock refuses with 422: the fields are those of its admin error.
type Error struct {
	Code    int
	Pointer string
	Title   string
	Detail  string
}

func (e *Error) Error() string { return e.Detail }

// MultiPattern matches the values of a header, query parameter or form field: a single pattern (any value may match),
// hasExactly or includes.
type MultiPattern interface {
	// MatchAll matches the values; nil means that the key is absent.
	MatchAll(values []string) Result
	ExactAll(values []string) bool
	Name() string
	Expected() string
	MarshalJSON() ([]byte, error)
}

// Parse reads a pattern such as {"equalTo":"x"}; ptr is the JSON pointer of raw in its mapping. The error is an *Error.
func Parse(raw json.RawMessage, ptr string, kind Kind) (Pattern, error) {
	return nil, errors.New("no matcher")
}

// ParseMulti reads a pattern of a multi-valued field. The error is an *Error.
func ParseMulti(raw json.RawMessage, ptr string) (MultiPattern, error) {
	return nil, errors.New("no matcher")
}

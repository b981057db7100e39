// Package match has WireMock's value matchers: parsed from JSON with WireMock's errors, matched against strings and
// bodies with WireMock's distances, and printed back.
package match

// Result says whether a value matched and how far off it was: 0 is equal, 1 nothing alike (WireMock's getDistance).
// The two are independent for some matchers; the distance of an empty text from another is NaN, as in WireMock.
type Result struct {
	Exact    bool
	Distance float64
}

// exactly is the result of a matcher that knows no degrees.
func exactly(ok bool) Result {
	if ok {
		return Result{Exact: true}
	}
	return Result{Distance: 1}
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
	Pointer string // of the pattern within its mapping
	Title   string
	Detail  string
}

func (e *Error) Error() string { return e.Detail }

func newError(ptr, detail string) *Error {
	return &Error{Code: 10, Pointer: ptr, Title: "Error parsing JSON", Detail: detail}
}

// MultiPattern matches the values of a header, query parameter or form field: a single pattern (any value may match),
// hasExactly or includes.
type MultiPattern interface {
	// MatchAll matches the values; none means that the key is absent.
	MatchAll(values []string) Result
	ExactAll(values []string) bool
	Name() string
	Expected() string
	// Operator is the word that the diff page puts between key and patterns: " exactly ", " including " or "".
	Operator() string
	MarshalJSON() ([]byte, error)
}

// Submatched is a matchesJsonPath or matchesXPath; the diff page shows what their expression found.
type Submatched interface {
	Pattern
	// Submatcher is the pattern that the findings are matched with, nil in the short form.
	Submatcher() Pattern
	// Findings are the texts that the expression finds in the value.
	Findings(v Value) []string
}

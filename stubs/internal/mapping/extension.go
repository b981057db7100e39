package mapping

import (
	"time"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/match"
)

// Extension is what a mapping may ask for beyond WireMock, in its member "envd". Plain WireMock files have none.
type Extension struct {
	// TTL is how long the stub lives after it was stored; 0 is for ever.
	TTL time.Duration
	// Session says what tells clients apart, so that each has its own state, counts and limits; nil is one for all.
	Session *SessionKey
	// When are patterns on keys of the state: the stub matches only when all of them hold.
	When []Named[match.Pattern]
	// Change is what a served request changes in the state, whatever the response.
	Change Change
	// RateLimit answers the requests that come too fast.
	RateLimit *RateLimit
	// Alternatives are answered instead of the stub's response, as their own extensions say.
	Alternatives []*ResponseDefinition
	// Sequence are the responses to one request after the other; Then says what follows the last.
	Sequence []*ResponseDefinition
	Then     AfterSequence

	source *jsondoc.Object
}

// ResponseExtension is the member "envd" of a response.
type ResponseExtension struct {
	// When an alternative is answered: exactly one of these is set.
	Share  float64 // of the requests, in (0, 1]
	Weight float64 // in proportion to the other weights, of the requests that no share takes
	Nth    int     // to the n-th request, from 1
	Every  int     // to each n-th request
	// Change is what answering it changes in the state, after the change of the stub.
	Change Change

	source *jsondoc.Object
}

// chooses reports whether the extension says when the response is answered.
func (x *ResponseExtension) chooses() bool {
	return x.Share != 0 || x.Weight != 0 || x.Nth != 0 || x.Every != 0
}

// SessionKey is the part of a request that tells clients apart; exactly one field is set.
type SessionKey struct {
	Cookie, Header, Query string
	Path                  string // a variable of the path template, or the number of a path segment, from 0
}

// AfterSequence says what follows the last response of a sequence.
type AfterSequence string

// What may follow a sequence.
const (
	Repeat AfterSequence = "repeat" // its last response, again and again
	Loop   AfterSequence = "loop"   // its first response
	Stop   AfterSequence = "stop"   // nothing: the stub matches no more
)

// RateLimit lets Requests through in every Per, as many at once, and answers Response to the others.
type RateLimit struct {
	Requests int
	Per      time.Duration
	Response *ResponseDefinition // nil is 429 with a Retry-After that tells when the next one gets through
}

// Change is a list of changes to the state, made in order.
type Change []Assignment

// Assignment changes one key of the state.
type Assignment struct {
	Key    string
	Value  string // a template over the request and the state
	Remove bool
	Add    float64 // to the number that the key has, when IsAdd
	IsAdd  bool
}

// Scripted reports whether the stub or its response has an extension.
func (s *StubMapping) Scripted() bool { return s.Extension != nil || s.Response.Extension != nil }

// Responses are all responses that the stub may answer with.
func (s *StubMapping) Responses() []*ResponseDefinition {
	out := []*ResponseDefinition{s.Response}
	x := s.Extension
	if x == nil {
		return out
	}
	out = append(out, x.Alternatives...)
	out = append(out, x.Sequence...)
	if x.RateLimit != nil && x.RateLimit.Response != nil {
		out = append(out, x.RateLimit.Response)
	}
	return out
}

// Package difftest plays generated mappings and requests to two servers and compares what they answer: created mappings
// and refusals, matching, the pages of unmatched requests, near misses with their distances. What differs is shrunk.
// Its test compares the engine with a real WireMock.
package difftest

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Case is one mapping and requests for it.
type Case struct {
	Mapping  map[string]any
	Requests []Request
}

// Pairs is the number of (mapping, request) pairs in the case.
func (c Case) Pairs() int { return len(c.Requests) }

// Request is a request to be sent to both servers.
type Request struct {
	Method  string
	Target  string // path and query as they go over the wire
	Headers [][2]string
	Body    string
}

// Outcome is what a server made of a case.
type Outcome struct {
	Create  string   // status and body of the answer to POST /__admin/mappings
	Stored  string   // GET /__admin/mappings/{id}
	Answers []string // status and body for each request
	Near    string   // near misses of the requests that no stub matched: stub names and distances
}

// Difference is a case that two servers take differently.
type Difference struct {
	Case Case
	What string // which part of the outcome
	Want string
	Got  string
}

func (d Difference) String() string {
	b, err := json.MarshalIndent(d.Case.Mapping, "", "  ")
	if err != nil {
		b = fmt.Append(nil, d.Case.Mapping)
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%s differs\nmapping %s\n", d.What, b)
	for _, r := range d.Case.Requests {
		fmt.Fprintf(&s, "request %s %s %v %q\n", r.Method, r.Target, r.Headers, r.Body)
	}
	fmt.Fprintf(&s, "want %s\ngot  %s", d.Want, d.Got)
	return s.String()
}

func status(answer string) string {
	s, _, _ := strings.Cut(answer, " ")
	return s
}

// compare finds the first part in which two outcomes differ.
func compare(c Case, want, got Outcome) *Difference {
	diff := func(what, w, g string) *Difference { return &Difference{c, what, w, g} }
	switch {
	case want.Create != got.Create:
		return diff("the answer to the mapping", want.Create, got.Create)
	case want.Stored != got.Stored:
		return diff("the mapping read back", want.Stored, got.Stored)
	}
	failed := false
	for i := range want.Answers {
		if status(want.Answers[i]) == "500" {
			failed = true // WireMock's own code failed, there is nothing to compare with
			continue
		}
		if want.Answers[i] != got.Answers[i] {
			one := Case{c.Mapping, c.Requests[i : i+1]}
			what := "the page of an unmatched request"
			if status(want.Answers[i]) != status(got.Answers[i]) {
				what = "whether the request matched"
			}
			return &Difference{one, what, want.Answers[i], got.Answers[i]}
		}
	}
	if want.Near != got.Near && want.Near != noNearMisses && !failed {
		return diff("the near misses", want.Near, got.Near)
	}
	return nil
}

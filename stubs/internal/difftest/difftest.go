// Package difftest plays generated mappings, requests and admin calls to two servers and compares all that they answer:
// created mappings and refusals, matching, responses byte by byte, the pages of unmatched requests, near misses, the journal
// and the rest of the admin API. What differs is shrunk. Its test compares the engine with a real WireMock.
package difftest

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Case is mappings, requests for them, and what is asked of the admin API afterwards.
type Case struct {
	Files    map[string]string // bodies under __files, by name
	Mappings []map[string]any
	Requests []Request
	Admin    []Request
}

// Pairs is the number of (mapping, request) pairs in the case.
func (c Case) Pairs() int { return len(c.Mappings) * len(c.Requests) }

// Request is a request to be sent to both servers.
type Request struct {
	Method  string
	Target  string // as it goes over the wire
	Headers [][2]string
	Body    string
}

// Answer is what a server answered, without what changes from one play to the next.
type Answer struct {
	Status int
	Text   string
}

// Outcome is what a server made of a case.
type Outcome struct {
	Created []Answer // to POST /__admin/mappings
	Stored  Answer   // to GET /__admin/mappings
	Answers []Answer // to each request
	Near    Answer   // near misses, if a request was unmatched
	Admin   []Answer
}

// Difference is a case that two servers take differently.
type Difference struct {
	Case Case
	What string // which part of the outcome
	Want string
	Got  string
}

func (d Difference) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s differs\n", d.What)
	for name, text := range d.Case.Files {
		fmt.Fprintf(&s, "file %s %q\n", name, text)
	}
	for _, m := range d.Case.Mappings {
		b, err := json.MarshalIndent(m, "", "  ")
		if err != nil {
			b = fmt.Append(nil, m)
		}
		fmt.Fprintf(&s, "mapping %s\n", b)
	}
	for _, r := range append(d.Case.Requests[:len(d.Case.Requests):len(d.Case.Requests)], d.Case.Admin...) {
		fmt.Fprintf(&s, "request %s %s %q %q\n", r.Method, r.Target, r.Headers, r.Body)
	}
	want, got := around(d.Want, d.Got)
	fmt.Fprintf(&s, "want %s\ngot  %s", want, got)
	return s.String()
}

// around cuts two long texts to where they begin to differ.
func around(a, b string) (string, string) {
	const whole, before, after = 2000, 300, 500
	if len(a) < whole && len(b) < whole {
		return a, b
	}
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	cut := func(s string) string { return "…" + s[max(0, at-before):min(len(s), at+after)] + "…" }
	return cut(a), cut(b)
}

// compare finds the first part in which two outcomes differ.
func compare(c Case, want, got Outcome) *Difference {
	diff := func(what string, w, g Answer) *Difference { return &Difference{c, what, w.Text, g.Text} }
	for i, w := range want.Created {
		if g := got.Created[i]; w != g {
			return diff("the answer to the mapping", w, g)
		}
	}
	if want.Stored != got.Stored {
		return diff("the mappings read back", want.Stored, got.Stored)
	}
	for i, w := range want.Answers {
		switch g := got.Answers[i]; {
		case w == g:
		case w.Status != g.Status:
			return diff("the status of the answer", w, g)
		case w.Status == 404:
			return diff("the page of an unmatched request", w, g)
		default:
			return diff("the answer", w, g)
		}
	}
	for i, w := range want.Admin {
		if g := got.Admin[i]; w != g {
			path, _, _ := strings.Cut(c.Admin[i].Target, "?")
			return diff("the answer to "+c.Admin[i].Method+" "+ownID.ReplaceAllString(path, "{id}"), w, g)
		}
	}
	if want.Near != got.Near && want.Near.Text != incomparable {
		return diff("the near misses", want.Near, got.Near)
	}
	return nil
}

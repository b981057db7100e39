package difftest

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
)

// maxShrinks bounds the tries at making a case smaller.
const maxShrinks = 400

// Shrink makes a case smaller while the servers still differ in the same part of the outcome.
func Shrink(ctx context.Context, reference, subject *Server, d *Difference) *Difference {
	best := d
	for tries := 0; tries < maxShrinks; {
		smaller := false
		for _, c := range smallerCases(best.Case) {
			if tries++; tries > maxShrinks {
				break
			}
			next, err := Compare(ctx, reference, subject, c)
			if err != nil { // a server that hangs costs its whole timeout, and would again
				return best
			}
			if next != nil && next.What == d.What {
				best, smaller = next, true
				break
			}
		}
		if !smaller {
			break
		}
	}
	return best
}

// smallerCases lists cases with one thing less: whole steps first.
func smallerCases(c Case) []Case {
	var out []Case
	with := func(change func(*Case)) {
		less := c
		change(&less)
		out = append(out, less)
	}
	for i := range c.Admin {
		with(func(l *Case) { l.Admin = without(c.Admin, i) })
	}
	for i := range c.Requests {
		with(func(l *Case) { l.Requests = without(c.Requests, i) })
	}
	for i := range c.Mappings {
		with(func(l *Case) { l.Mappings = without(c.Mappings, i) })
	}
	for i, m := range c.Mappings {
		for _, v := range smallerValues(m) {
			with(func(l *Case) { l.Mappings = replaced(c.Mappings, i, v.(map[string]any)) })
		}
	}
	for i := range c.Requests {
		for _, r := range smallerRequests(c.Requests[i]) {
			with(func(l *Case) { l.Requests = replaced(c.Requests, i, r) })
		}
	}
	for i := range c.Admin {
		for _, b := range smallerBodies(c.Admin[i].Body) {
			r := c.Admin[i]
			r.Body = b
			with(func(l *Case) { l.Admin = replaced(c.Admin, i, r) })
		}
	}
	return out
}

func without[T any](list []T, i int) []T { return slices.Delete(slices.Clone(list), i, i+1) }

func replaced[T any](list []T, i int, v T) []T {
	list = slices.Clone(list)
	list[i] = v
	return list
}

func smallerRequests(r Request) []Request {
	var out []Request
	for i := range r.Headers {
		less := r
		less.Headers = without(r.Headers, i)
		out = append(out, less)
	}
	for _, b := range smallerTexts(r.Body) {
		less := r
		less.Body = b
		out = append(out, less)
	}
	return out
}

// smallerBodies lists what a body of the admin API may be with less in it: still JSON, if it was.
func smallerBodies(s string) []string {
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return smallerTexts(s)
	}
	var out []string
	for _, less := range smallerValues(v) {
		out = append(out, marshal(less))
	}
	return out
}

func smallerTexts(s string) []string {
	var out []string
	for size := len(s); size > 0; size /= 2 {
		for i := 0; i+size <= len(s); i += size {
			out = append(out, s[:i]+s[i+size:])
		}
	}
	return out
}

// smallerValues lists a JSON value with one part less, or one text shorter.
func smallerValues(v any) []any {
	var out []any
	switch t := v.(type) {
	case string:
		for _, s := range smallerTexts(t) {
			out = append(out, s)
		}
	case []any:
		for i, e := range t {
			out = append(out, without(t, i))
			for _, less := range smallerValues(e) {
				out = append(out, replaced(t, i, less))
			}
		}
	case map[string]any:
		keys := slices.Sorted(maps.Keys(t))
		for _, k := range keys {
			less := maps.Clone(t)
			delete(less, k)
			out = append(out, less)
		}
		for _, k := range keys {
			for _, e := range smallerValues(t[k]) {
				with := maps.Clone(t)
				with[k] = e
				out = append(out, with)
			}
		}
	}
	return out
}

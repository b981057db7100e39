package difftest

import (
	"context"
	"slices"
)

// maxShrinks bounds the tries at making a case smaller.
const maxShrinks = 300

// Shrink makes a case smaller while the servers still differ in the same part of the outcome.
func Shrink(ctx context.Context, reference, subject *Server, d *Difference) *Difference {
	best := d
	for tries := 0; tries < maxShrinks; {
		smaller := false
		for _, c := range smallerCases(best.Case) {
			if tries++; tries > maxShrinks {
				break
			}
			if next, err := Compare(ctx, reference, subject, c); err == nil && next != nil && next.What == d.What {
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

// smallerCases lists cases with one thing less.
func smallerCases(c Case) []Case {
	var out []Case
	for i := range c.Requests {
		if len(c.Requests) > 1 {
			out = append(out, Case{c.Mapping, slices.Delete(slices.Clone(c.Requests), i, i+1)})
		}
		for _, r := range smallerRequests(c.Requests[i]) {
			requests := slices.Clone(c.Requests)
			requests[i] = r
			out = append(out, Case{c.Mapping, requests})
		}
	}
	request, _ := c.Mapping["request"].(map[string]any)
	for _, v := range smallerValues(request) {
		m := map[string]any{}
		for k, e := range c.Mapping {
			m[k] = e
		}
		m["request"] = v
		out = append(out, Case{m, c.Requests})
	}
	return out
}

func smallerRequests(r Request) []Request {
	var out []Request
	for i := range r.Headers {
		less := r
		less.Headers = slices.Delete(slices.Clone(r.Headers), i, i+1)
		out = append(out, less)
	}
	for _, b := range smallerTexts(r.Body) {
		less := r
		less.Body = b
		out = append(out, less)
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
			out = append(out, slices.Delete(slices.Clone(t), i, i+1))
			for _, less := range smallerValues(e) {
				list := slices.Clone(t)
				list[i] = less
				out = append(out, list)
			}
		}
	case map[string]any:
		for k, e := range t {
			without := map[string]any{}
			for l, f := range t {
				if l != k {
					without[l] = f
				}
			}
			out = append(out, without)
			for _, less := range smallerValues(e) {
				with := map[string]any{k: less}
				for l, f := range without {
					with[l] = f
				}
				out = append(out, with)
			}
		}
	}
	return out
}

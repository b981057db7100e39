package requestmatch

import (
	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
)

// Notes reports whether [Findings] may have anything to say for a pattern.
func Notes(p *mapping.RequestPattern) bool {
	for _, list := range [][]mapping.Named[match.MultiPattern]{p.Headers, p.QueryParameters, p.FormParameters} {
		for _, n := range list {
			if match.NotesOfAll(n.Pattern) {
				return true
			}
		}
	}
	for _, list := range [][]mapping.Named[match.Pattern]{p.PathParameters, p.Cookies} {
		for _, n := range list {
			if match.Notes(n.Pattern) {
				return true
			}
		}
	}
	for _, b := range p.BodyPatterns {
		if match.Notes(b) {
			return true
		}
	}
	return false
}

// Findings are what WireMock notes about a request where it matches it against the pattern: parts that could not be read
// as what they are compared with. It looks at them only when the request's head fits.
func Findings(p *mapping.RequestPattern, v *View) []match.Finding {
	if !Notes(p) || !Head(p, v) {
		return nil
	}
	var all []match.Finding
	for _, h := range p.Headers {
		all = append(all, match.FindingsOfAll(h.Pattern, v.Request.Values(h.Name))...)
	}
	all = appendFindings(all, p.QueryParameters, v.Query)
	all = appendFindings(all, p.FormParameters, v.Form)
	for _, c := range p.Cookies {
		for _, value := range v.Cookies().Get(c.Name) {
			all = append(all, match.Findings(c.Pattern, match.Text(value))...)
		}
	}
	for _, b := range p.BodyPatterns {
		all = append(all, match.Findings(b, v.Body())...)
	}
	return all
}

func appendFindings(all []match.Finding, ps []mapping.Named[match.MultiPattern], params func() event.Params) []match.Finding {
	for _, p := range ps {
		all = append(all, match.FindingsOfAll(p.Pattern, params().Get(p.Name))...)
	}
	return all
}

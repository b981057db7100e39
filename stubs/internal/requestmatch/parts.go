package requestmatch

import (
	"cmp"
	"fmt"
	"net/textproto"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
)

const basicPrefix = "Basic "

// authPattern is basicAuth seen as a pattern on the Authorization header.
type authPattern struct{ *mapping.BasicCredentials }

func (a authPattern) exact(r *event.Request) bool {
	values := r.Header["Authorization"]
	if len(values) == 0 {
		return false
	}
	got := a.nearest(values)
	return len(got) > len(basicPrefix) && strings.EqualFold(got[:len(basicPrefix)], basicPrefix) && got[len(basicPrefix):] == a.Header()[len(basicPrefix):]
}

// nearest is the value that counts: the one with the least distance, the first of such.
func (a authPattern) nearest(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return slices.MinFunc(values, func(x, y string) int {
		return cmp.Compare(editDistance(a.Header(), x), editDistance(a.Header(), y))
	})
}

// distance is that of the nearest of the header's values, which are compared as texts, case and all.
func (a authPattern) distance(r *event.Request) float64 {
	values := r.Header["Authorization"]
	if len(values) == 0 {
		return 1
	}
	return editDistance(a.Header(), a.nearest(values))
}

// AuthFailure is what WireMock throws where a value of the header is shorter than the prefix that it looks for.
func AuthFailure(c *mapping.BasicCredentials, r *event.Request) error {
	if c == nil {
		return nil
	}
	for _, got := range r.Header["Authorization"] {
		if n := len(utf16.Encode([]rune(got))); n < len(basicPrefix) {
			return fmt.Errorf("java.lang.StringIndexOutOfBoundsException: begin 0, end %d, length %d", len(basicPrefix), n)
		}
	}
	return nil
}

func pathParams(p *mapping.RequestPattern, v *View) map[string]string {
	return p.URL.Template.Variables(v.Path())
}

func pathValue(params map[string]string, name string) match.Value {
	if s, ok := params[name]; ok {
		return match.Text(s)
	}
	return match.Absent()
}

// Cookie reports whether the value of a cookie name fits; of several, as a browser may send them, the nearest one counts,
// which need not be one that fits. Without any, only the pattern absent does.
func Cookie(p match.Pattern, values []string) bool {
	switch len(values) {
	case 0:
		return match.IsAbsent(p)
	case 1:
		return p.Exact(match.Text(values[0]))
	}
	return match.Single(p).ExactAll(values)
}

// cookieResult is the result of the value that [Cookie] goes by.
func cookieResult(p match.Pattern, values []string) match.Result {
	if len(values) == 0 {
		return match.Result{Exact: match.IsAbsent(p), Distance: miss(match.IsAbsent(p))}
	}
	return match.Single(p).MatchAll(values)
}

// Multipart reports whether a part of the body, or every part, fits.
func Multipart(p *mapping.MultipartPattern, v *View) bool {
	parts := v.Parts()
	if !v.Request.IsMultipart() || len(parts) == 0 {
		return false
	}
	for i := range parts {
		if Part(p, &parts[i]) != p.All {
			return !p.All
		}
	}
	return p.All
}

// MultipartFailure is what WireMock throws where it tries the parts, each in turn until it is clear whether they fit.
func MultipartFailure(p *mapping.MultipartPattern, v *View) error {
	parts := v.Parts()
	for i := range parts {
		if err := partFailure(p, &parts[i]); err != nil {
			return err
		}
		if Part(p, &parts[i]) != p.All {
			return nil
		}
	}
	return nil
}

func partFailure(p *mapping.MultipartPattern, part *event.Part) error {
	for _, h := range p.Headers {
		if err := match.FailureOfAll(h.Pattern, part.Header.Values(h.Name)); err != nil {
			return err
		}
	}
	for _, b := range p.BodyPatterns {
		if err := match.Failure(b, match.Body(part.Body)); err != nil {
			return err
		}
	}
	return nil
}

// Part reports whether one part fits; its name is not looked at, and its file name only along with other things.
func Part(p *mapping.MultipartPattern, part *event.Part) bool {
	if p.Headers == nil && p.BodyPatterns == nil {
		return true
	}
	if p.FileName != "" && p.FileName != part.FileName {
		return false
	}
	for _, h := range p.Headers {
		if !h.Pattern.ExactAll(part.Header[textproto.CanonicalMIMEHeaderKey(h.Name)]) {
			return false
		}
	}
	body := match.Body(part.Body)
	for _, b := range p.BodyPatterns {
		if !b.Exact(body) {
			return false
		}
	}
	return true
}

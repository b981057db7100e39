// Package requestmatch matches requests against request patterns: yes or no for serving, WireMock's weighted distance
// for near misses, and part by part for the page that explains what differed.
package requestmatch

import (
	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/match"
)

// View is a request as the patterns see it. What has to be parsed is parsed once, when the first pattern asks.
// A view is for one goroutine.
type View struct {
	Request *event.Request
	path    string

	body            match.Value
	query, form     event.Params
	cookies         event.Params
	parts           []event.Part
	hasBody, parsed bool // body, query
	formed, baked   bool // form, cookies
	split           bool // parts
}

// NewView makes the view of a request.
func NewView(r *event.Request) View { return View{Request: r, path: r.Path()} }

// Path is the request's path, undecoded and without query.
func (v *View) Path() string { return v.path }

// Body is the request's body; patterns share its parsed forms. An empty body counts as absent, as in WireMock.
func (v *View) Body() match.Value {
	if !v.hasBody {
		v.hasBody = true
		switch r := v.Request; {
		case len(r.Body) == 0:
			v.body = match.Absent()
		case r.IsUTF8():
			v.body = match.Body(r.Body)
		default:
			v.body = match.BodyText(r.Body, r.Text())
		}
	}
	return v.body
}

// Query are the query parameters.
func (v *View) Query() event.Params {
	if !v.parsed {
		v.parsed, v.query = true, v.Request.Query()
	}
	return v.query
}

// Form are the fields of an urlencoded body.
func (v *View) Form() event.Params {
	if !v.formed {
		v.formed, v.form = true, v.Request.Form()
	}
	return v.form
}

// Cookies are the request's cookies.
func (v *View) Cookies() event.Params {
	if !v.baked {
		v.baked, v.cookies = true, v.Request.Cookies()
	}
	return v.cookies
}

// Parts are the parts of a multipart body, as far as they can be read.
func (v *View) Parts() []event.Part {
	if !v.split {
		v.split = true
		v.parts, _ = v.Request.Parts() // a broken body has the parts before the break
	}
	return v.parts
}

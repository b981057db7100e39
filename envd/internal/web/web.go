// Package web renders the daemon's pages: what is up, what runs and ran, and one run as it goes. They work without
// scripts; with them they are live, fed by the API's events. Nothing is loaded from elsewhere.
package web

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"sync"
	"time"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
)

var (
	//go:embed pages.html.tmpl
	pages string
	//go:embed web.css
	style string
	//go:embed live.js
	script string
)

// tree is parsed when it is first needed, which in most processes is never.
var tree = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("pages").Funcs(template.FuncMap{
		"style":  func() template.CSS { return template.CSS(style) }, //nolint:gosec // our own file, embedded
		"script": func() template.JS { return template.JS(script) },  //nolint:gosec // the same
		"stamp":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"when":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
		"class":  class,
		"word":   word,
		"came":   came,
	}).Parse(pages))
})

// Index is the first page.
type Index struct {
	Nonce        string
	Environments []v1.Environment
	Runs         []v1.Run
	After        int64 // the revision that this is the state of; events after it are news
	Version      string
}

// Run is the page of one run.
type Run struct {
	Nonce   string
	Run     v1.Run
	Verdict *envd.Verdict // nil while there is none
	Files   []v1.File
	Version string
}

// Login asks for the token.
type Login struct {
	Nonce   string
	Refused bool // the last token was wrong
}

// WriteIndex renders the first page.
func WriteIndex(w io.Writer, p Index) error { return tree().ExecuteTemplate(w, "index", p) }

// WriteRun renders a run's page.
func WriteRun(w io.Writer, p Run) error { return tree().ExecuteTemplate(w, "run", p) }

// WriteLogin renders the page that asks for the token.
func WriteLogin(w io.Writer, p Login) error { return tree().ExecuteTemplate(w, "login", p) }

// Policy is the Content-Security-Policy that goes with a page: only what bears the nonce applies.
func Policy(nonce string) string {
	return fmt.Sprintf("default-src 'none'; img-src data:; style-src 'nonce-%[1]s'; script-src 'nonce-%[1]s'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", nonce)
}

// word is what a status says at a glance: of a run that has ended, its outcome.
func word(s v1.Status, o envd.Outcome) string {
	if s == v1.Finished && o != "" {
		return string(o)
	}
	return string(s)
}

// class is a word's colour.
func class(s v1.Status, o envd.Outcome) string {
	switch {
	case s == v1.Finished && o != "":
		return string(o)
	case s == v1.Lost:
		return "error"
	case s == v1.Ready:
		return "pass"
	case s.Ended() || s == v1.Queued:
		return "idle"
	}
	return "busy"
}

// came is the outcome of an environment worth telling: that it came up and went down again is not.
func came(o envd.Outcome) envd.Outcome {
	if o == envd.Pass {
		return ""
	}
	return o
}

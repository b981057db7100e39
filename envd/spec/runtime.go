package spec

import (
	"fmt"
	"reflect"
	"slices"
	"unicode/utf8"
)

// RuntimeFlag is what diagnostics call the place of Options.Runtime, which is in no file.
const RuntimeFlag = "--runtime"

// runtimes returns those that a spec may name here.
func (r *resolver) runtimes() []string {
	if r.opts.Runtimes != nil {
		return r.opts.Runtimes
	}
	for _, f := range fieldsOf(reflect.TypeFor[environment]()) {
		if f.key == "runtime" {
			return f.enum
		}
	}
	return nil
}

// chooseRuntime replaces the spec's runtime by Options.Runtime, and reports one that does not exist.
func (r *resolver) chooseRuntime() {
	own, other := &r.doc.Environment.Runtime, r.opts.Runtime
	known := r.runtimes()
	switch {
	case other == "" && r.sound(own) && !slices.Contains(known, *own):
		r.report(r.node(own), ruleUnknownValue, fmt.Sprintf("runtime %s is not built into this envd", *own), suggest(*own, "runtime", known))
	case other == "":
	case slices.Contains(known, other):
		*own = other
	default:
		r.found = append(r.found, Diagnostic{
			File: RuntimeFlag, Line: 1, Column: 1, Width: utf8.RuneCountInString(other), Rule: ruleUnknownValue,
			Message: fmt.Sprintf("there is no runtime %q", other), Help: suggest(other, "runtime", known), Source: other,
		})
	}
}

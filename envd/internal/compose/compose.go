// Package compose reads Compose files: their services become those of an environment.
//
//	YAML nodes ─open→ the files named, those that they include, and those whose services they extend
//	          ─check→ what envd cannot do is refused by name, at its place, all at once
//	          ─references→ values of variables stay references, everything else is interpolated
//	          ─compose-go→ one project: files merged, extends followed, profiles applied
//	          ─settle→ a refusal stands if what it speaks of is still there: a later file may have taken it back
//	          ─convert→ envd.Service, one each
//
// What Compose files mean is compose-go's to say (https://github.com/compose-spec/compose-spec); this package adds places
// to mistakes and keeps secrets out of what is stored.
package compose

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/spec"
)

// reader reads one set of compose files.
type reader struct {
	spec.ComposeInput
	files    []*file        // in the order in which they are merged: a later one wins
	lent     map[loan]*file // nil: could not be read
	scopes   []*scope
	found    spec.Diagnostics
	findings []finding // mistakes that a later file may still take back
	visits   int       // nodes walked so far, following aliases

	shared []use           // references that stay until services start
	needed map[*scope]bool // the scopes with the variables of those references

	named   bool // by COMPOSE_PROJECT_NAME, which goes before the name in files
	project *types.Project
	model   map[string]any // project as plain mappings and lists
}

// finding is a mistake at a path of one file. It counts only if the merged project still has that path.
type finding struct {
	spec.Diagnostic
	path  []string // nil: it counts in any case
	value string   // the scalar that is wrong, if it is the value and not the key; then the project must have this very value
}

// Load reads compose files. Without diagnostics the result is complete; with any it is nil.
func Load(in spec.ComposeInput) (*spec.Composed, spec.Diagnostics) {
	r := &reader{ComposeInput: in, lent: map[loan]*file{}, needed: map[*scope]bool{}}
	r.openAll()
	r.check()
	if len(r.found) > 0 {
		return nil, r.all()
	}
	if err := r.load(); err != nil {
		if len(r.findings) == 0 { // otherwise the error is likely a consequence of those
			r.found = append(r.found, r.explain(err))
		}
		return nil, r.all()
	}
	r.settle()
	r.checkShared()
	out := r.convert()
	if len(r.found) > 0 {
		return nil, r.found.Sorted()
	}
	return out, nil
}

// all returns everything that was found, for when no project could be made: which findings a later file takes back is
// unknown then.
func (r *reader) all() spec.Diagnostics {
	for _, f := range r.findings {
		r.found = append(r.found, f.Diagnostic)
	}
	return r.found.Sorted()
}

// profiles returns the profiles asked for, or else those in COMPOSE_PROFILES, as Compose does.
func (r *reader) profiles() []string {
	if len(r.Profiles) > 0 {
		return r.Profiles
	}
	value, _, _ := r.scopes[0].lookup(profilesVariable)
	return strings.FieldsFunc(value, func(c rune) bool { return c == ',' || c == ' ' })
}

// envFiles returns the .env files that references in services need. The outermost comes last, because a later one wins.
func (r *reader) envFiles() (files []envd.EnvFile) {
	for i := len(r.scopes) - 1; i >= 0; i-- {
		if s := r.scopes[i]; r.needed[s] {
			for _, path := range s.files {
				files = append(files, envd.EnvFile{Path: path})
			}
		}
	}
	return files
}

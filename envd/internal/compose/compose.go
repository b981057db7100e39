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
	files    []*file        // in the order in which they are merged: what a later one says wins
	lent     map[loan]*file // nil: cannot be read
	scopes   []*scope
	found    spec.Diagnostics
	findings []finding // those that a merge may take back
	visits   int       // of nodes, aliases followed

	shared []use           // references that are looked up when services start
	needed map[*scope]bool // whose variables those need

	project *types.Project
	model   map[string]any // the same as mappings and lists
}

// finding is what is wrong with what stands at a path of a file, and with the project where it is still there.
type finding struct {
	spec.Diagnostic
	path  []string // nil: whatever the project holds
	value string   // that a scalar has, where only that is wrong
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
		if len(r.findings) == 0 { // else it may well speak of the same
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

// all is what was found where no project could be made: nothing tells what of it would have been taken back.
func (r *reader) all() spec.Diagnostics {
	for _, f := range r.findings {
		r.found = append(r.found, f.Diagnostic)
	}
	return r.found.Sorted()
}

// profiles are those asked for, or those of the variable that Compose reads them from.
func (r *reader) profiles() []string {
	if len(r.Profiles) > 0 {
		return r.Profiles
	}
	value, _, _ := r.scopes[0].lookup("COMPOSE_PROFILES")
	return strings.FieldsFunc(value, func(c rune) bool { return c == ',' || c == ' ' })
}

// envFiles are the files of variables that references in services need. A later one wins: that is the outermost.
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

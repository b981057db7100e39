package compose

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/envd/spec"
)

// scope resolves relative paths and variables for a group of files: those named by the user, or those of one include.
type scope struct {
	dir   string
	own   func(string) (string, bool) // variables of the process
	outer *scope                      // of the including file; its variables win
	vars  map[string]string           // variables of files
	files []string                    // that vars was read from; a later one wins

	project string // name of the project; only in the outermost
}

// lookup finds a variable as Compose does: those of the process first, then those of .env files, the outermost first. of is
// the scope that has it, nil for the process.
func (s *scope) lookup(name string) (value string, of *scope, ok bool) {
	if name == projectVariable && s.project != "" {
		return s.project, nil, true
	}
	if s.outer != nil {
		if value, of, ok = s.outer.lookup(name); ok {
			return value, of, ok
		}
	} else if value, ok = s.own(name); ok {
		return value, nil, true
	}
	value, ok = s.vars[name]
	return value, s, ok
}

// enter makes a scope for a folder. Its variables are those of the given files, or of the folder's .env if none is given.
func (r *reader) enter(dir string, outer *scope, files []string, asked *place) *scope {
	s := &scope{dir: dir, own: r.Lookup.Env, outer: outer, vars: map[string]string{}}
	r.scopes = append(r.scopes, s)
	must := files != nil
	if !must {
		files = []string{filepath.Join(dir, ".env")}
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if !must && errors.Is(err, os.ErrNotExist) {
			continue
		}
		var vars map[string]string
		if err == nil {
			vars, err = dotenv.UnmarshalBytesWithLookup(text, func(name string) (string, bool) {
				value, _, ok := s.lookup(name)
				return value, ok
			})
		}
		if err != nil {
			r.unreadable(path, asked, "the variables", err, "write NAME=value, one a line")
			continue
		}
		s.files = append(s.files, path)
		maps.Copy(s.vars, vars)
	}
	return s
}

// use is a reference to a variable that stays until services start.
type use struct {
	at    place
	name  string
	value string // of the variable in the scope of that file
	from  *scope
}

// variable looks up a variable as it will be done when services start: in the process, and in all .env files that are
// needed then.
func (r *reader) variable(name string) (string, bool) {
	for _, s := range r.scopes {
		if value, from, ok := s.lookup(name); ok {
			if from != nil {
				r.needed[from] = true
			}
			return value, true
		}
	}
	return "", false
}

// checkShared reports variables that would change their value: an include may have a .env file of its own, but when
// services start there is only one lookup for the whole environment.
func (r *reader) checkShared() {
	for _, u := range r.shared {
		winner := slices.IndexFunc(r.scopes, func(s *scope) bool {
			_, has := s.vars[u.name]
			return has && r.needed[s]
		})
		if s := r.scopes[winner]; s != u.from && s.vars[u.name] != u.value {
			r.found = append(r.found, u.at.file.text.At(u.at.node, spec.RuleUnsupported,
				fmt.Sprintf("variable %s is one thing in %s and another in %s", u.name, r.Display(u.from.files[0]), r.Display(s.files[0])),
				"values of services are looked up when they start, once for the environment: use two names"))
		}
	}
}

// place is a node in a file.
type place struct {
	file *file
	node *yaml.Node
}

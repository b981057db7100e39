// Package compose reads Compose files: their services become those of an environment.
//
//	YAML nodes ─check→ what envd cannot do is refused by name, at its place, all at once
//	          ─references→ values of variables stay references, everything else is interpolated
//	          ─compose-go→ one project: files merged, extends followed, profiles applied
//	          ─convert→ envd.Service, one each
//
// What Compose files mean is compose-go's to say (https://github.com/compose-spec/compose-spec); this package adds places
// to mistakes and keeps secrets out of what is stored.
package compose

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/envd/spec"
)

// reader reads one set of compose files.
type reader struct {
	spec.ComposeInput
	files []*file
	found spec.Diagnostics

	own     func(string) (string, bool) // variables of the process
	dotenv  map[string]string           // those of the .env file beside the first compose file
	useFile bool                        // something refers to those

	project *types.Project
}

// Load reads compose files. Without diagnostics the result is complete; with any it is nil.
func Load(in spec.ComposeInput) (*spec.Composed, spec.Diagnostics) {
	r := &reader{ComposeInput: in, own: in.Lookup.Env}
	for _, path := range in.Files {
		r.open(path)
	}
	r.openVariables()
	if len(r.found) > 0 {
		return nil, r.found.Sorted()
	}
	for _, f := range r.files {
		(&checker{reader: r, file: f, seen: map[*yaml.Node]bool{}}).walk(f.root, top, nil)
	}
	if len(r.found) > 0 {
		return nil, r.found.Sorted()
	}
	if err := r.load(); err != nil {
		return nil, append(r.found, r.explain(err)).Sorted()
	}
	out := r.convert()
	if len(r.found) > 0 {
		return nil, r.found.Sorted()
	}
	return out, nil
}

// file is one compose file as it is written.
type file struct {
	path string
	text spec.Text
	root *yaml.Node
}

func (r *reader) open(path string) {
	src, err := os.ReadFile(path)
	if err != nil {
		if pe := (*os.PathError)(nil); errors.As(err, &pe) {
			err = pe.Err
		}
		r.found = append(r.found, spec.Diagnostic{
			File: r.Display(path), Line: 1, Column: 1, Width: 1, Rule: spec.RuleUnreadable, Message: "cannot read the compose file: " + err.Error(),
			Help: "name one that is there: -f compose.yaml",
		})
		return
	}
	text, root, found := spec.ParseText(r.Display(path), src)
	r.found = append(r.found, found...)
	if root == nil {
		return
	}
	f := &file{path: path, text: text, root: root}
	if root.Kind != yaml.MappingNode {
		r.found = append(r.found, text.At(root, spec.RuleWrongType, "a compose file must be a mapping", "write services: {name: {image: name}}"))
		return
	}
	dropKey(root, "version") // long without meaning
	r.files = append(r.files, f)
}

func dropKey(mapping *yaml.Node, key string) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			mapping.Content = slices.Delete(mapping.Content, i, i+2)
			return
		}
	}
}

// dir is what relative paths count from.
func (r *reader) dir() string { return filepath.Dir(r.Files[0]) }

// variablesFile is where Compose looks for variables that the process lacks.
func (r *reader) variablesFile() string { return filepath.Join(r.dir(), ".env") }

func (r *reader) openVariables() {
	text, err := os.ReadFile(r.variablesFile())
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err == nil {
		r.dotenv, err = dotenv.UnmarshalBytesWithLookup(text, r.own)
	}
	if err != nil {
		r.found = append(r.found, spec.Diagnostic{
			File: r.Display(r.variablesFile()), Line: 1, Column: 1, Width: 1, Rule: spec.RuleUnreadable, Message: "cannot read the variables: " + err.Error(), Help: "write NAME=value, one a line",
		})
	}
}

// variable looks a variable up as Compose does: the process's own first, then the .env file.
func (r *reader) variable(name string) (string, bool) {
	if value, ok := r.own(name); ok {
		return value, true
	}
	value, ok := r.dotenv[name]
	r.useFile = r.useFile || ok
	return value, ok
}

// load has compose-go make one project of the checked files.
func (r *reader) load() error {
	details := types.ConfigDetails{WorkingDir: r.dir(), Environment: types.Mapping{}}
	for _, f := range r.files {
		var content bytes.Buffer
		if err := yaml.NewEncoder(&content).Encode(f.root); err != nil {
			return err
		}
		details.ConfigFiles = append(details.ConfigFiles, types.ConfigFile{Filename: f.path, Content: content.Bytes()})
	}
	project, err := loader.LoadWithContext(context.Background(), details, func(o *loader.Options) {
		o.Interpolate.LookupValue = r.variable
		o.SkipResolveEnvironment, o.SkipConsistencyCheck = true, true
		o.Profiles = r.Profiles
		o.SetProjectName(loader.NormalizeProjectName(filepath.Base(r.dir())), false)
	})
	r.project = project
	return err
}

var (
	inModel  = regexp.MustCompile(`\b(services|networks|volumes|secrets|configs|name)((\.[^\s:.]+)*)`)
	inSource = regexp.MustCompile(`^(validating|failed to parse) \S+: `)
	ofOne    = regexp.MustCompile(`service "([^"]+)"`)
)

// explain gives compose-go's error the place that it speaks of.
func (r *reader) explain(err error) spec.Diagnostic {
	message := strings.ReplaceAll(inSource.ReplaceAllString(err.Error(), ""), "a array", "a list")
	path := []string{"services"}
	if m := inModel.FindString(message); m != "" {
		path = strings.Split(m, ".")
	} else if m := ofOne.FindStringSubmatch(message); m != nil {
		path = append(path, m[1])
	}
	return r.at(spec.RuleWrongType, message, "see https://docs.docker.com/reference/compose-file/", path...)
}

// report notes a mistake at the place that path leads to.
func (r *reader) report(rule, message, help string, path ...string) {
	r.found = append(r.found, r.at(rule, message, help, path...))
}

// at is a mistake at the place that path leads to, in the last file that has it; as far as path can be followed.
func (r *reader) at(rule, message, help string, path ...string) spec.Diagnostic {
	best, deepest, in := r.files[0].root, -1, r.files[0]
	for _, f := range r.files {
		if n, depth := find(f.root, path); depth >= deepest {
			best, deepest, in = n, depth, f
		}
	}
	return in.text.At(best, rule, message, help)
}

// find follows path from n and returns the node at its end, or the last one that is there. Of a mapping's entries the
// key is returned, of a list's the item.
func find(n *yaml.Node, path []string) (*yaml.Node, int) {
	place, depth := n, 0
	for ; depth < len(path); depth++ {
		key, value := child(n, path[depth])
		if value == nil {
			break
		}
		place, n = key, value
	}
	if depth == len(path) && depth > 0 && n.Kind == yaml.ScalarNode && n.Line > 0 {
		place = n
	}
	return place, depth
}

// child is the entry of a mapping, merged ones too, or the item of a list that is, or begins with, part.
func child(n *yaml.Node, part string) (key, value *yaml.Node) {
	n = resolved(n)
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			item = resolved(item)
			if item.Kind == yaml.ScalarNode && names(item.Value, part) {
				return item, item
			}
			for _, identity := range []string{"source", "target", "path"} {
				if _, v := child(item, identity); item.Kind == yaml.MappingNode && v != nil && v.Value == part {
					return item, item
				}
			}
		}
		return nil, nil
	}
	var merged []*yaml.Node
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		switch n.Content[i].Value {
		case part:
			return n.Content[i], n.Content[i+1]
		case "<<":
			merged = append(merged, n.Content[i+1])
		}
	}
	for _, m := range merged {
		if key, value = child(m, part); value != nil {
			return key, value
		}
	}
	return nil, nil
}

// names tells whether a list's item, such as ./data:/data:ro, is the one that part means.
func names(item, part string) bool {
	return item == part || strings.HasPrefix(item, part+":") || strings.HasPrefix(item, part+"=") || strings.Contains(item, ":"+part)
}

func resolved(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// exists wants a file or folder to be there.
func (r *reader) exists(path, what string, place ...string) {
	if _, err := os.Stat(path); err != nil {
		r.report(spec.RulePathNotFound, fmt.Sprintf("%s: there is no %s", what, r.Display(path)), "create it; paths are relative to the first compose file", place...)
	}
}

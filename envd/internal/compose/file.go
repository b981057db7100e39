package compose

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/envd/spec"
)

// file is one compose file as it is written, with the changes to make before compose-go reads it.
type file struct {
	path  string
	text  spec.Text
	root  *yaml.Node
	scope *scope
	dir   string // where relative paths start

	includes []include
	bases    map[string][]base    // what its services extend, as far as basesOf was asked
	lends    map[*yaml.Node]*file // the files whose services it extends, by the node that names the file
	lent     map[string]bool      // its own services that others extend
	lender   bool                 // read only for services that others extend

	scalars map[*yaml.Node]*yaml.Node        // replacements, by the node to replace; nil: it is left out
	said    map[*yaml.Node][]spec.Diagnostic // mistakes in a scalar, to be reported for each path that leads to it
}

// include is one entry of a file's include list: its files are merged with each other, and then into the including file.
type include struct {
	files []*file
	dir   string
}

// openAll reads the files named and all that they include.
func (r *reader) openAll() {
	vars, err := r.mainEnvFiles()
	if err != nil {
		r.unreadable(r.Files[0], nil, "the variables", err, "name files that are there")
	}
	main := r.enter(filepath.Dir(r.Files[0]), nil, vars, nil)
	for _, path := range r.Files {
		if f := r.open(path, main, nil); f != nil {
			r.files = append(r.files, f)
		}
	}
	r.nameProject()
}

// unreadable reports a file that cannot be read: at the place that names it, or at its own first line.
func (r *reader) unreadable(path string, asked *place, what string, err error, help string) {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		err, help = pe.Err, "name one that is there and can be read"
		if asked != nil {
			help += "; relative paths count from " + cmp.Or(r.Display(asked.file.dir), ".")
		}
	}
	d := spec.Diagnostic{
		File: r.Display(path), Line: 1, Column: 1, Width: 1, Rule: spec.RuleUnreadable,
		Message: fmt.Sprintf("cannot read %s: %v", what, err), Help: help,
	}
	if asked != nil {
		d = asked.file.text.At(asked.node, spec.RuleUnreadable, fmt.Sprintf("cannot read %s: %v", r.Display(path), err), help)
	}
	r.found = append(r.found, d)
}

// parse reads a file.
func (r *reader) parse(path string, s *scope, asked *place) *file {
	src, err := os.ReadFile(path)
	if err != nil {
		r.unreadable(path, asked, "the compose file", err, "name another one")
		return nil
	}
	text, root, found := spec.ParseText(r.Display(path), src)
	r.found = append(r.found, found...)
	if root == nil {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		r.found = append(r.found, text.At(root, spec.RuleWrongType, "a compose file must be a mapping", "write services: {name: {image: name}}"))
		return nil
	}
	if n := circular(root, map[*yaml.Node]bool{}); n != nil {
		r.found = append(r.found, text.At(n, spec.RuleWrongType, "this is part of what it stands for", "write it out"))
		return nil
	}
	return &file{
		path: path, text: text, root: root, scope: s, dir: s.dir,
		bases: map[string][]base{}, lends: map[*yaml.Node]*file{}, lent: map[string]bool{},
		scalars: map[*yaml.Node]*yaml.Node{}, said: map[*yaml.Node][]spec.Diagnostic{},
	}
}

// circular returns an alias that lies within the node it refers to, or nil. walked is true for nodes being walked right
// now, false for those that are done.
func circular(n *yaml.Node, walked map[*yaml.Node]bool) *yaml.Node {
	target := resolved(n)
	switch walking, known := walked[target]; {
	case walking:
		return n
	case known:
		return nil
	}
	walked[target] = true
	for _, inner := range target.Content {
		if found := circular(inner, walked); found != nil {
			return found
		}
	}
	walked[target] = false
	return nil
}

// open reads a file, and what it includes before it. trail holds the files that are being opened.
func (r *reader) open(path string, s *scope, trail []place) *file {
	var asked *place
	if len(trail) > 0 {
		asked = &trail[len(trail)-1]
	}
	f := r.parse(path, s, asked)
	if f == nil {
		return nil
	}
	_, entries := child(f.root, "include")
	if entries == nil {
		return f
	}
	if entries = resolved(entries); entries.Kind != yaml.SequenceNode {
		r.found = append(r.found, f.text.At(entries, spec.RuleWrongType, "include must be a list", "write include: [other.yaml]"))
		return f
	}
	for _, entry := range entries.Content {
		r.include(f, resolved(entry), trail)
	}
	return f
}

// include opens the files of one entry of include.
func (r *reader) include(f *file, entry *yaml.Node, trail []place) {
	c := &checker{reader: r, file: f}
	paths, dir, vars := []*yaml.Node{entry}, (*yaml.Node)(nil), (*yaml.Node)(nil)
	if entry.Kind == yaml.MappingNode {
		c.walk(entry, included, []string{"include"})
		_, list := child(entry, "path")
		_, dir = child(entry, "project_directory")
		_, vars = child(entry, "env_file")
		paths = items(list)
	}
	if len(paths) == 0 {
		r.found = append(r.found, f.text.At(entry, spec.RuleMissingField, "include names no file", "write include: [other.yaml]"))
		return
	}
	absolute := func(n *yaml.Node) string { return c.further(n, "include") }
	var files, names []string
	for _, n := range paths {
		names = append(names, absolute(n))
	}
	for _, n := range items(vars) {
		if path := absolute(n); path != os.DevNull {
			files = append(files, path)
		}
	}
	if vars != nil && files == nil {
		files = []string{}
	}
	if slices.Contains(names, "") || slices.Contains(files, "") {
		return
	}
	one := include{dir: filepath.Dir(names[0])}
	if dir != nil {
		one.dir = absolute(dir)
	}
	var asked *place
	if vars != nil {
		asked = &place{f, vars}
	}
	s := r.enter(one.dir, f.scope, files, asked)
	for i, name := range names {
		trail := append(slices.Clone(trail), place{f, paths[i]})
		if at := slices.IndexFunc(trail, func(p place) bool { return p.file.path == name }); at >= 0 {
			var circle []string
			for _, p := range trail[at:] {
				circle = append(circle, r.Display(p.file.path))
			}
			r.found = append(r.found, f.text.At(paths[i], spec.RuleDependencyCycle, "include goes in a circle: "+strings.Join(append(circle, r.Display(name)), " → "), "remove one of these includes"))
			continue
		}
		if opened := r.open(name, s, trail); opened != nil {
			one.files = append(one.files, opened)
			r.files = append(r.files, opened)
		}
	}
	f.includes = append(f.includes, one)
}

// items returns the scalars of a list, or the one scalar in its place.
func items(n *yaml.Node) []*yaml.Node {
	if n == nil {
		return nil
	}
	if n = resolved(n); n.Kind != yaml.SequenceNode {
		return []*yaml.Node{n}
	}
	var out []*yaml.Node
	for _, item := range n.Content {
		out = append(out, resolved(item))
	}
	return out
}

// further returns the path of another file that a file names at n, or "" if it names none that can be read.
func (c *checker) further(n *yaml.Node, what string) string {
	path := c.interpolate(n, nil)
	switch {
	case len(c.file.said[n]) > 0: // it refers to a variable that is not set, which was reported
	case n.Kind != yaml.ScalarNode || path == "":
		c.found = append(c.found, c.file.text.At(n, spec.RuleMissingField, what+" names no file", "write the path of one"))
	case remote(path):
		c.found = append(c.found, c.file.text.At(n, spec.RuleUnsupported, path+" is not of this machine: files from elsewhere are not supported by envd", "fetch it, and name the copy"))
	case filepath.IsAbs(path):
		return path
	default:
		return filepath.Join(c.file.dir, path)
	}
	return ""
}

// remote reports whether Compose would fetch the path from another machine.
func remote(path string) bool {
	return strings.Contains(path, "://") || strings.HasPrefix(path, "git@") || strings.HasPrefix(path, "oci:") || strings.HasPrefix(path, "github.com/")
}

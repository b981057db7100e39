// Package spec reads the user's file: YAML in, an immutable envd.Spec or every mistake in it out.
//
//	spec bytes → nodes → document (strict decode) → envd.Spec (defaults in, paths absolute) or Diagnostics
//
// Nothing stops at the first mistake. Each one is a Diagnostic with file, line, column, the source line and what would
// be right. What a spec may name but this package does not know (load profiles, kinds of faults, the mapping format of
// stubs, git) comes in through Options.
package spec

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/envd"
)

// Options is what a spec is checked against. Functions left nil take the machine's own or, where there is none, refuse
// what would need them; the error says so.
type Options struct {
	// Dir is what relative paths are resolved against. Load sets it to the file's folder where it is empty.
	Dir string
	// Profiles are the known load profiles, with the defaults that a load may leave out.
	Profiles []Profile
	// FaultKinds maps each known kind of fault to the check of its parameters (a JSON object).
	FaultKinds map[string]func(params json.RawMessage) error
	// FaultLag returns how long after its injection a fault of that kind can be measured. Nil: at once.
	FaultLag func(kind string, params json.RawMessage) time.Duration
	// CheckMapping finds the mistakes in one file of stub mappings. Nil: mapping files only have to exist.
	CheckMapping func(file string, src []byte) []MappingError
	// Compose reads compose files. Nil: specs that name any are refused.
	Compose func(ComposeInput) (*Composed, Diagnostics)
	// Runtime replaces the spec's own runtime, unless it is empty.
	Runtime string
	// Modules lists the backing services that are known by name. It is called only for specs that name one.
	Modules func() []Module
	// Runtimes lists the runtimes that exist. Nil: all that a spec can name.
	Runtimes []string
	// Lookup finds environment variables that values refer to; os.LookupEnv by default.
	Lookup envd.Lookup
	// LookPath finds programs; exec.LookPath by default.
	LookPath func(program string) (string, error)
	// ResolveCommit resolves a git revision in a folder to the full object name.
	ResolveCommit func(dir, revision string) (string, error)
	// ResolveImage resolves an image reference without a digest to one with it.
	ResolveImage func(image string) (string, error)
}

// machine fills in this machine's own functions for those left out.
func (o *Options) machine() {
	if o.Lookup.Env == nil {
		o.Lookup.Env = os.LookupEnv
	}
	if o.LookPath == nil {
		o.LookPath = exec.LookPath
	}
}

// Profile is a load profile's name and defaults.
type Profile struct {
	Name     string
	Rate     float64 // iterations per second
	Duration time.Duration
}

// MappingError is a mistake in a file of stub mappings. Line and Col count from 1; 0 is unknown.
type MappingError struct {
	Line, Col int
	Message   string
}

// maxBytes bounds the size of a spec. Anything larger is something else, such as /dev/zero.
const maxBytes = 16 << 20

// Load reads the spec file at path. Without diagnostics the Spec is complete; with any it is nil.
func Load(path string, opts Options) (*envd.Spec, Diagnostics) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, Diagnostics{unreadable(path, err)}
	}
	f, err := os.Open(absolute)
	if err != nil {
		return nil, Diagnostics{unreadable(path, err)}
	}
	defer f.Close() // only read from
	if opts.Dir == "" {
		opts.Dir = filepath.Dir(absolute)
	}
	s, found := Read(path, f, opts)
	if s != nil {
		s.File = absolute
	}
	return s, found
}

// Read reads a spec from r as Parse does from memory.
func Read(name string, r io.Reader, opts Options) (*envd.Spec, Diagnostics) {
	src, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, Diagnostics{unreadable(name, err)}
	}
	return Parse(name, src, opts)
}

// Parse reads a spec from memory; name is what diagnostics call it. Files that it mentions are looked for in opts.Dir,
// or in the working directory where that is empty.
func Parse(name string, src []byte, opts Options) (*envd.Spec, Diagnostics) {
	if len(src) > maxBytes {
		return nil, Diagnostics{newSource(name, nil).at(1, 1, 1, ruleTooLarge, fmt.Sprintf("the spec is larger than %d MiB", maxBytes>>20), "put large content into files of its own")}
	}
	text := newSource(name, src)
	root, found := parseYAML(text, src)
	if root == nil {
		return nil, found
	}
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, Diagnostics{unreadable(name, err)}
	}
	opts.Dir = dir
	opts.machine()
	d := newDecoder(text)
	var doc document
	d.value(root, reflect.ValueOf(&doc).Elem(), "")
	if root.Kind != yaml.MappingNode {
		return nil, d.found
	}
	r := &resolver{decoder: d, opts: opts, doc: &doc, root: root, modulePorts: map[*service][]int{}}
	d.defaultRuntime(&doc.Environment)
	r.chooseRuntime()
	s := r.spec()
	if found := append(found, d.found...); len(found) > 0 {
		return nil, found.sorted()
	}
	return s, nil
}

func unreadable(path string, err error) Diagnostic {
	if pe := (*os.PathError)(nil); errors.As(err, &pe) {
		err = pe.Err
	}
	return Diagnostic{
		File: path, Line: 1, Column: 1, Width: 1, Rule: ruleUnreadable, Message: "cannot read the spec: " + err.Error(), Help: instead(path),
	}
}

// instead suggests the spec that was probably meant: the one in a folder, or a neighbour with a similar name.
func instead(path string) string {
	dir, name := filepath.Split(path)
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		dir, name = path, "envd.yaml"
	}
	entries, _ := os.ReadDir(cmp.Or(dir, ".")) // without entries there is nothing to suggest
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	if near := nearest(name, names); near != "" && (near != name || dir == path) {
		return fmt.Sprintf("did you mean %s?", filepath.Join(dir, near))
	}
	return "envd init writes a spec to start from"
}

// resolver turns a document into a Spec, and reports the mistakes that the decoder cannot see, such as bad references.
type resolver struct {
	*decoder
	opts Options
	doc  *document
	root *yaml.Node

	composed    *Composed          // what the compose files say
	modulePorts map[*service][]int // of services that name a module
}

func (r *resolver) spec() *envd.Spec {
	doc := r.doc
	r.checkName(&doc.Name, doc.Name, "the spec's name")
	r.positive(&doc.Budget, doc.Budget, "budget")
	s := &envd.Spec{
		APIVersion: doc.APIVersion, Name: doc.Name, Dir: r.opts.Dir, Budget: envd.Duration(doc.Budget),
		Environment: r.environment(), Artifact: r.artifact(), Stages: r.stages(),
	}
	s.Environment.Links = r.links(s.Environment)
	s.Gate = r.gate(s.Stages)
	return s
}

// node returns the place of the first of the fields that the file has, or the beginning of the spec if it has none.
func (r *resolver) node(fields ...any) *yaml.Node {
	for _, f := range fields {
		if n := r.nodes[f]; n != nil {
			return n
		}
	}
	return r.root
}

// key returns the place of a field's key, or of the field itself.
func (r *resolver) key(field any) *yaml.Node {
	if n := r.keys[field]; n != nil {
		return n
	}
	return r.node(field)
}

// positive reports a duration of zero that the file gives.
func (r *resolver) positive(field any, d duration, what string) {
	if r.sound(field) && d == 0 {
		r.report(r.node(field), ruleBadDuration, what+" cannot be zero", "write for example 10s")
	}
}

// absolute resolves a path of the spec.
func (r *resolver) absolute(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.opts.Dir, path)
}

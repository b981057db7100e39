package spec

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/envd-dev/envd/envd"
)

// onHost reports whether programs and folders of services are the host's own, not those of an image.
func (r *resolver) onHost() bool {
	runtime := r.doc.Environment.Runtime
	return runtime == "process" || runtime == "fake"
}

// isFile and isDir name what a path of the spec must lead to.
const (
	isFile = "file"
	isDir  = "folder"
)

// exists reports a path of the spec that does not lead to something readable. It returns the absolute path.
func (r *resolver) exists(field any, path, kind, what string) string {
	absolute := r.absolute(path)
	if !r.sound(field) || path == "" {
		return absolute
	}
	info, err := os.Stat(absolute)
	switch {
	case err != nil:
		r.report(r.node(field), rulePathNotFound, fmt.Sprintf("%s: %s", what, r.notThere(absolute, err)), beside(absolute))
	case kind == isFile && !info.Mode().IsRegular(), kind == isDir && !info.IsDir():
		r.report(r.node(field), rulePathNotFound, fmt.Sprintf("%s: %s is no %s", what, r.display(absolute), kind), "write the path of a "+kind)
	}
	return absolute
}

func (r *resolver) notThere(path string, err error) string {
	path = r.display(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "there is no " + path
	}
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Sprintf("cannot read %s: %v", path, err)
}

// beside suggests a neighbour of a missing path, or says where relative paths start.
func beside(path string) string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return "paths are relative to the spec"
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	if near := nearest(filepath.Base(path), names); near != "" {
		return fmt.Sprintf("did you mean %q? (paths are relative to the spec)", near)
	}
	return "paths are relative to the spec"
}

// ofHost reports whether a service's program and working directory are this machine's and not an image's.
func (r *resolver) ofHost(doc *service) bool {
	image := doc.Image != "" || doc.Build != nil || doc.Module != ""
	return r.onHost() || r.doc.Environment.Runtime == "docker" && !image
}

// program finds a program as the runtime will: with a slash in it relative to the spec, otherwise in PATH.
func (r *resolver) program(field any, name string) string {
	path := name
	if strings.ContainsRune(name, filepath.Separator) {
		path = r.absolute(name)
	}
	if runtime := r.doc.Environment.Runtime; runtime != "process" && runtime != "docker" || !r.sound(field) {
		return path
	}
	found, err := r.opts.LookPath(path)
	switch {
	case err == nil:
		return cmp.Or(found, path)
	case path == name && !filepath.IsAbs(name):
		r.report(r.node(field), ruleBinaryNotFound, fmt.Sprintf("there is no program %s in PATH", quote(name)),
			fmt.Sprintf("install it, or write a path relative to the spec: ./%s", name))
	case errors.Is(err, fs.ErrPermission):
		r.report(r.node(field), ruleBinaryNotFound, r.display(path)+" is not executable", "chmod +x "+r.display(path))
	default:
		r.report(r.node(field), ruleBinaryNotFound, "there is no program "+r.display(path), "build it first; "+beside(path))
	}
	return path
}

// command resolves the program of an argv, which may be inside an image.
func (r *resolver) command(field *[]literal, args []literal, ofHost bool) []string {
	if !r.given(field) {
		return nil
	}
	if len(args) == 0 {
		if !r.bad[field] {
			r.report(r.node(field), ruleMissingField, "the command is empty", "write [program, --flag]")
		}
		return nil
	}
	argv := words(args)
	if ofHost {
		argv[0] = r.program(&args[0], argv[0])
	}
	return argv
}

// values resolves a mapping of variables.
func (r *resolver) values(doc map[string]*value) map[string]envd.Value {
	if len(doc) == 0 {
		return nil
	}
	out := make(map[string]envd.Value, len(doc))
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		v := doc[name]
		if name == "" || strings.ContainsAny(name, "=\x00") {
			r.report(r.key(v), ruleBadName, fmt.Sprintf("%s is no name of a variable", quote(name)), "")
		}
		out[name] = r.value(v)
	}
	return out
}

var (
	dollar        = regexp.MustCompile(`\$(\$|\{[^}]*\}?)`)
	referenceForm = regexp.MustCompile(`^\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}$`)
)

// value resolves one value and reports references to things that do not exist.
func (r *resolver) value(doc *value) envd.Value {
	out := doc.resolve(r.absolute)
	if !r.sound(doc) {
		return out
	}
	for _, name := range out.References() {
		if _, set := r.opts.Lookup.Env(name); !set {
			help := fmt.Sprintf("export %s, or give a default: ${%s:-value}", name, name)
			if out.Secret() {
				help = "export " + name
			}
			at, offset := r.node(&doc.secret.FromEnv, doc), strings.Index(doc.text, "${"+name+"}")
			r.reportInside(at, offset, len(name)+3, ruleUnsetVariable, fmt.Sprintf("environment variable %s is not set", name), help)
		}
	}
	for _, at := range dollar.FindAllStringIndex(doc.text, -1) {
		ref := doc.text[at[0]:at[1]]
		if ref != "$$" && !referenceForm.MatchString(ref) {
			r.reportInside(r.node(doc), at[0], len(ref), ruleBadReference, fmt.Sprintf("%s is no reference", quote(ref)), "write ${NAME} or ${NAME:-default}; a $ of its own is written $$")
		}
	}
	if doc.secret.FromFile != "" {
		r.exists(&doc.secret.FromFile, doc.secret.FromFile, isFile, "secret")
	}
	return out
}

func (r *resolver) file(doc *file, where string) envd.File {
	out := envd.File{Path: doc.Path, Mode: uint32(doc.Mode)}
	if r.sound(&doc.Path) && !filepath.IsAbs(doc.Path) {
		r.report(r.node(&doc.Path), ruleBadPath, fmt.Sprintf("%s.path is not absolute", where), "write the path as the service sees it: /"+strings.TrimPrefix(doc.Path, "./"))
	}
	if r.given(&doc.Content) == r.given(&doc.Source) && !r.bad[doc] {
		r.report(r.node(doc), ruleChooseOne, where+" needs exactly one of content and source", `write content: "…" or source: ./file`)
	}
	if doc.Content != nil {
		out.Content = r.value(doc.Content)
	}
	out.Source = r.exists(&doc.Source, doc.Source, isFile, where+".source")
	return out
}

// sha256File returns the digest of a file, in hex.
func sha256File(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Package templates holds the environment templates that `envd init` writes: each is a folder with an envd.yaml and
// everything that it mentions, ready to run.
package templates

import (
	"bufio"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// FS holds one folder for each template.
//
//go:embed minimal outages podinfo podinfo-broken
var FS embed.FS

// SpecFile is the spec's name in every template.
const SpecFile = "envd.yaml"

// Template is one of the templates.
type Template struct {
	Name    string `json:"name"`
	Summary string `json:"summary"` // the first sentence of its spec's comment
}

// List returns the templates by name.
func List() []Template {
	entries, err := FS.ReadDir(".")
	if err != nil {
		return nil // the root of an embedded file system is always readable
	}
	var all []Template
	for _, e := range entries {
		all = append(all, Template{e.Name(), summary(e.Name())})
	}
	return all
}

// summary reads the first line of a spec's comment, behind the line that names the schema.
func summary(name string) string {
	text, err := FS.ReadFile(path.Join(name, SpecFile))
	if err != nil {
		return ""
	}
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	for lines.Scan() {
		line, isComment := strings.CutPrefix(lines.Text(), "#")
		line = strings.TrimSpace(line)
		if isComment && line != "" && !strings.HasPrefix(line, "yaml-language-server:") {
			return line
		}
	}
	return ""
}

// ErrUnknown is the error of a template that does not exist.
var ErrUnknown = errors.New("no such template")

// Write places a template's files in dir, which it makes where it is missing, and returns their paths. It never
// replaces a file: where one is in the way, nothing is written and the error, an fs.ErrExist, names it.
func Write(name, dir string) ([]string, error) {
	if info, err := fs.Stat(FS, name); err != nil || !info.IsDir() || strings.Contains(name, "/") || name == "." {
		names := []string{}
		for _, t := range List() {
			names = append(names, t.Name)
		}
		return nil, fmt.Errorf("%w: %q (there are: %s)", ErrUnknown, name, strings.Join(names, ", "))
	}
	files := map[string]string{} // in the template → in dir
	var order []string
	err := fs.WalkDir(FS, name, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(p, name+"/")))
		if _, err := os.Lstat(target); err == nil {
			return fmt.Errorf("%s is already there: %w", target, fs.ErrExist)
		}
		files[p], order = target, append(order, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var written []string
	for _, p := range order {
		if err := place(p, files[p]); err != nil {
			return written, fmt.Errorf("template %s: %w", name, err)
		}
		written = append(written, files[p])
	}
	return written, nil
}

// place copies one embedded file; O_EXCL, so that nothing is replaced even where it appears just now.
func place(from, to string) error {
	text, err := FS.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

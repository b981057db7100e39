package spec

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/envd-dev/envd/envd"
)

// mappingTypes are the extensions of mapping files in a folder.
var mappingTypes = []string{".json", ".yaml", ".yml"}

// ports returns the ports that a stub answers on, with defaults.
func (s *stub) ports() (plain, tls []int) {
	plain, tls = s.Ports, s.TLSPorts
	if plain == nil {
		plain = []int{80}
	}
	switch {
	case !s.TLS:
		tls = []int{}
	case tls == nil:
		tls = []int{443}
	}
	return plain, tls
}

func (r *resolver) stub(host string, doc *stub) envd.Stub {
	where := "environment.stubs." + host
	out := envd.Stub{Host: host, Engine: doc.Engine, Strict: doc.Strict, Aliases: doc.aliases}
	out.Ports, out.TLSPorts = doc.ports()
	if !doc.TLS && len(doc.TLSPorts) > 0 {
		r.report(r.key(&doc.TLSPorts), ruleChooseOne, where+" has tls_ports, but tls is off", "remove tls: false, or tls_ports")
	}
	if len(out.Ports)+len(out.TLSPorts) == 0 && !r.bad[doc] {
		r.report(r.key(doc), ruleMissingField, where+" answers on no port", "remove tls: false, or write ports: [80]")
	}
	for i := range doc.Inline {
		m := &doc.Inline[i]
		if !r.sound(m) {
			continue
		}
		out.Mappings = append(out.Mappings, string(m.json))
		if r.opts.CheckMapping == nil {
			continue
		}
		for _, e := range r.opts.CheckMapping(fmt.Sprintf("%s.inline[%d]", where, i), m.json) {
			r.report(r.node(m), ruleBadMapping, fmt.Sprintf("%s.inline[%d]: %s", where, i, e.Message), "")
		}
	}
	if r.sound(&doc.Mappings) {
		out.Dir = r.absolute(doc.Mappings)
		r.mappingFiles(doc, out.Dir, where)
	}
	return out
}

// mappingFiles checks the mapping files of a stub. In a folder they are in mappings/, as with WireMock, or at the top.
func (r *resolver) mappingFiles(doc *stub, root, where string) {
	info, err := os.Stat(root)
	if err != nil {
		r.report(r.node(&doc.Mappings), rulePathNotFound, fmt.Sprintf("%s.mappings: %s", where, r.notThere(root, err)), beside(root))
		return
	}
	if r.opts.CheckMapping == nil {
		return
	}
	if info.IsDir() {
		if sub := filepath.Join(root, "mappings"); isFolder(sub) {
			root = sub
		}
	}
	files := 0
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path != root && !slices.Contains(mappingTypes, strings.ToLower(filepath.Ext(path))) {
			return err
		}
		files++
		return r.mappingFile(path)
	})
	switch {
	case err != nil:
		r.report(r.node(&doc.Mappings), rulePathNotFound, fmt.Sprintf("%s.mappings: %v", where, err), "")
	case files == 0 && len(doc.Inline) == 0:
		r.report(r.node(&doc.Mappings), rulePathNotFound, fmt.Sprintf("%s.mappings: no mapping file (*.json) in %s", where, r.display(root)), "write one, for example {\"request\": {\"url\": \"/\"}, \"response\": {\"status\": 200}}")
	}
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// mappingFile reports the mistakes of one mapping file at their place in that file.
func (r *resolver) mappingFile(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	src := newSource(r.display(path), text)
	for _, e := range r.opts.CheckMapping(path, text) {
		r.found = append(r.found, src.at(cmp.Or(e.Line, 1), cmp.Or(e.Col, 1), 1, ruleBadMapping, e.Message, ""))
	}
	return nil
}

// display writes the path of a file in the way in which the spec was named: relative or absolute.
func (r *resolver) display(path string) string {
	if rel, err := filepath.Rel(r.opts.Dir, path); err == nil && filepath.IsLocal(rel) {
		return filepath.Join(filepath.Dir(r.src.name), rel)
	}
	return path
}

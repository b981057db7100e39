package stubs

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/catalog"
	"github.com/envd-dev/envd/stubs/internal/files"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// resetToDefaults makes the mappings of the directory and of the options the only ones. Bad ones are left out and
// reported all together.
func (s *Server) resetToDefaults() error { return s.load(false) }

func (s *Server) load(first bool) error {
	var stubs []*mapping.StubMapping
	var errs []error
	names, err := s.mappings.List()
	if err != nil {
		errs = append(errs, err)
	}
	for _, name := range names {
		if !isMappingFile(name) {
			continue
		}
		data, err := s.mappings.Read(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		loaded, bad := s.parseFile(name, data)
		stubs, errs = append(stubs, loaded...), append(errs, bad...)
	}
	inInsertionOrder(stubs)
	for _, source := range s.options.Mappings {
		if source.Once && !first {
			continue
		}
		loaded, bad := s.parseFile(source.Name, source.Document)
		for _, m := range loaded {
			m.File = ""
		}
		stubs, errs = append(stubs, loaded...), append(errs, bad...)
	}
	stubs, err = s.withinBound(stubs)
	s.catalog.Replace(stubs)
	s.limitLifetimes(stubs)
	return errors.Join(append(errs, err)...)
}

func isMappingFile(name string) bool {
	return strings.EqualFold(path.Ext(name), ".json") || isYAML(name)
}

// parseFile reads one mapping file and makes its stubs ready to serve.
func (s *Server) parseFile(name string, data []byte) (stubs []*mapping.StubMapping, errs []error) {
	parsed, multi, bad := readMappings(name, data)
	for _, p := range bad {
		errs = append(errs, p)
	}
	for _, m := range parsed {
		m.Source, m.File, m.SharedFile = name, name, multi
		if err := s.prepare(m); err != nil {
			errs = append(errs, &Problem{Name: name, Message: err.Error()})
			continue
		}
		stubs = append(stubs, m)
	}
	return stubs, errs
}

// prepare gives the mapping an ID and compiles its response.
func (s *Server) prepare(m *mapping.StubMapping) error {
	if m.ID == "" {
		m.ID = s.newID().String()
	}
	for _, r := range m.Responses() {
		if err := s.responder.Prepare(r); err != nil {
			return err
		}
	}
	if m.Scripted() {
		return s.prepareScript(m)
	}
	return nil
}

// inInsertionOrder sorts stubs that were saved with their insertion index behind the others, by that index.
func inInsertionOrder(stubs []*mapping.StubMapping) {
	slices.SortStableFunc(stubs, func(a, b *mapping.StubMapping) int {
		return cmp.Compare(a.InsertionIndex, b.InsertionIndex)
	})
}

// add stores a mapping, in the place of the one with its ID, and writes it to the mappings directory when it asks for that.
func (s *Server) add(m *mapping.StubMapping) error {
	if err := s.prepare(m); err != nil {
		return err
	}
	if old := s.catalog.Get(m.ID); old != nil {
		m.File, m.SharedFile = old.File, old.SharedFile
	}
	if m.ShouldPersist() && m.SharedFile {
		return errors.New("stubs that were loaded from a file with several mappings cannot be saved")
	}
	stub, err := s.put(m)
	if err != nil {
		return err
	}
	if m.ShouldPersist() {
		return s.write(stub)
	}
	return nil
}

// remove takes a stub out, and its file when it is a persistent one.
func (s *Server) remove(id string) bool {
	stub, ok := s.catalog.Remove(id)
	if ok && stub.ShouldPersist() {
		s.removeFile(stub)
	}
	return ok
}

// removeAll takes all stubs out, and the files that they were loaded from or saved to, as WireMock does.
func (s *Server) removeAll() {
	for _, stub := range s.catalog.All() {
		if removed, ok := s.catalog.Remove(stub.ID); ok {
			s.removeFile(removed)
		}
	}
}

// removeFile removes the file that the stub has to itself.
func (s *Server) removeFile(stub *catalog.Stub) {
	if stub.File == "" || stub.SharedFile {
		return
	}
	if err := s.mappings.Remove(stub.File); err != nil {
		s.log.Warn("the file of a removed mapping stays", "file", stub.File, "error", err)
	}
}

// save makes a stub persistent and writes it; one from a file with several stays in there.
func (s *Server) save(stub *catalog.Stub) error {
	m := *stub.StubMapping
	yes := true
	m.Persistent = &yes
	stored := s.catalog.Put(&m)
	if m.SharedFile {
		return nil
	}
	return s.write(stored)
}

func (s *Server) write(stub *catalog.Stub) error {
	m := stub.StubMapping
	if m.File == "" {
		m.File = cmp.Or(s.templatedFileName(m), fileName(m))
	}
	v := m.Value()
	v.Set("insertionIndex", int64(stub.Seq()))
	data, err := printMapping(m.File, v)
	if err == nil {
		err = s.mappings.Write(m.File, data)
	}
	if err != nil {
		return fmt.Errorf("save mapping %s: %w", m.ID, err)
	}
	return nil
}

// fileName is the name that WireMock gives the file of a persistent mapping: its name, or method and URL, and its ID.
func fileName(m *mapping.StubMapping) string {
	label := m.Name
	if label == "" {
		url := m.Request.URL.Expected
		if url == "" {
			url = "always"
		}
		label = m.Request.Method + "-" + strings.ReplaceAll(url, "/", "")
	}
	label = files.SafeName(label)
	const longest = 200
	return label[:min(len(label), longest)] + "-" + m.ID + ".json"
}

// importAll stores the mappings of an import; the first of the list becomes the newest.
func (s *Server) importAll(in *mapping.Import) error {
	kept := map[string]bool{}
	var errs []error
	for _, m := range slices.Backward(in.Mappings) {
		known := m.ID != "" && s.catalog.Get(m.ID) != nil
		if !known || in.Overwrite {
			errs = append(errs, s.add(m))
		}
		kept[m.ID] = true
	}
	if in.DeleteOthers {
		for _, stub := range s.catalog.All() {
			if !kept[stub.ID] {
				s.remove(stub.ID)
			}
		}
	}
	return errors.Join(errs...)
}

package stubs

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/envd-dev/envd/stubs/internal/catalog"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

func stubValue(s *catalog.Stub) any { return s.Value() }

func (c *adminCall) showMappings(shown []*catalog.Stub, total int) {
	c.json(http.StatusOK, jsondoc.Make("mappings", jsondoc.List(shown, stubValue), "meta", jsondoc.Make("total", total)))
}

func (c *adminCall) listMappings() {
	all := c.catalog.All()
	shown, ok := page(c, all)
	if ok {
		c.showMappings(shown, len(all))
	}
}

// page cuts a list by the limit and offset parameters; like WireMock it answers 500 when they make no sense.
func page[T any](c *adminCall, list []T) ([]T, bool) {
	limit, offset := len(list), 0
	for name, dst := range map[string]*int{"limit": &limit, "offset": &offset} {
		if n, given, ok := c.count(name); !ok {
			return nil, false
		} else if given {
			*dst = n
		}
	}
	if offset > len(list) {
		c.thrown(fmt.Errorf("java.lang.IllegalArgumentException: fromIndex(%d) > toIndex(%d)", offset, len(list)))
		return nil, false
	}
	return list[offset:min(offset+limit, len(list))], true
}

// count reads a parameter that is a number of things, and answers 500 when it is none, as WireMock does.
func (c *adminCall) count(name string) (n int, given, ok bool) {
	q := c.r.URL.Query()
	if !q.Has(name) {
		return 0, false, true
	}
	number, err := strconv.ParseInt(q.Get(name), 10, 32)
	switch {
	case err != nil:
		c.thrown(fmt.Errorf("java.lang.NumberFormatException: For input string: %q", q.Get(name)))
	case number < 0:
		c.thrown(fmt.Errorf("java.lang.IllegalArgumentException: %s must be 0 or greater", name))
	default:
		return int(number), true, true
	}
	return 0, true, false
}

func (c *adminCall) createMapping() {
	if c.isNull() {
		c.fail(`Cannot invoke "com.github.tomakehurst.wiremock.stubbing.StubMapping.getId()" because "mapping" is null`)
		return
	}
	m, err := mapping.Parse(c.body)
	if err != nil {
		c.invalid(err)
		return
	}
	if m.ID != "" && c.catalog.Get(m.ID) != nil {
		c.invalid(&mapping.Error{Code: 109, Title: "Duplicate stub mapping ID",
			Detail: "ID of the provided stub mapping '" + m.ID + "' is already taken by another stub mapping"})
		return
	}
	if err := c.add(m); err != nil {
		c.invalid(err)
		return
	}
	c.json(http.StatusCreated, m.Value())
}

func (c *adminCall) getMapping() {
	id, ok := c.id()
	if !ok {
		return
	}
	if s := c.catalog.Get(id.String()); s != nil {
		c.json(http.StatusOK, s.Value())
		return
	}
	c.empty(http.StatusNotFound)
}

func (c *adminCall) editMapping() {
	id, ok := c.id()
	if !ok {
		return
	}
	if c.catalog.Get(id.String()) == nil {
		c.empty(http.StatusNotFound)
		return
	}
	if c.isNull() {
		c.fail(`Cannot invoke "com.github.tomakehurst.wiremock.stubbing.StubMapping.setId(java.util.UUID)" because "newStubMapping" is null`)
		return
	}
	m, err := mapping.Parse(c.body)
	if err == nil {
		m.ID = id.String()
		err = c.add(m)
	}
	if err != nil {
		c.invalid(err)
		return
	}
	c.json(http.StatusOK, m.Value())
}

// editMappingOld is the 2.x way to edit, by the id in the body.
func (c *adminCall) editMappingOld() {
	if c.isNull() {
		c.fail(`Cannot invoke "com.github.tomakehurst.wiremock.stubbing.StubMapping.getId()" because "stubMapping" is null`)
		return
	}
	m, err := mapping.Parse(c.body)
	if err != nil {
		c.invalid(err)
		return
	}
	if m.ID == "" || c.catalog.Get(m.ID) == nil {
		c.empty(http.StatusNotFound)
		return
	}
	if err := c.add(m); err != nil {
		c.invalid(err)
		return
	}
	c.empty(http.StatusNoContent)
}

func (c *adminCall) deleteMapping() {
	id, ok := c.id()
	if !ok {
		return
	}
	if !c.remove(id.String()) {
		c.empty(http.StatusNotFound)
		return
	}
	c.done()
}

func (c *adminCall) deleteMappings() {
	c.removeAll()
	c.done()
}

// removeMapping removes the stub with the body's id, or the ones with the same request.
func (c *adminCall) removeMapping() {
	if c.isNull() {
		c.fail(`Cannot invoke "com.github.tomakehurst.wiremock.stubbing.StubMapping.getId()" because "stubMapping" is null`)
		return
	}
	m, err := mapping.Parse(c.body)
	if err != nil {
		c.invalid(err)
		return
	}
	known := !m.InScenario() || c.catalog.Scenarios.Has(m.ScenarioName)
	if m.ID != "" && c.remove(m.ID) {
		c.empty(http.StatusOK)
		return
	}
	want := comparableParts(m.Request)
	for _, s := range c.catalog.All() {
		if s.Request.BasicAuth == nil && comparableParts(s.Request) == want { // WireMock takes no credentials for equal
			c.remove(s.ID)
		}
	}
	if !known {
		c.fail(`Cannot invoke "com.github.tomakehurst.wiremock.stubbing.Scenario.withoutStubMapping(…)" because "scenario" is null`)
		return
	}
	c.empty(http.StatusOK)
}

// comparableParts are the parts of a request pattern by which WireMock takes two for the same.
func comparableParts(p *mapping.RequestPattern) string {
	less := *p
	less.PathParameters, less.FormParameters, less.ClientIP = nil, nil, nil
	return jsondoc.Compact(less.Value())
}

// resetAll and resetMappings do the same, as in WireMock: the default mappings come back, the journal is emptied and
// scenarios begin anew.
func (c *adminCall) resetAll() {
	c.reset()
	c.empty(http.StatusOK)
}

func (c *adminCall) resetMappings() {
	c.reset()
	c.empty(http.StatusOK)
}

func (c *adminCall) reset() {
	c.journal.Clear()
	c.catalog.Scenarios.Reset()
	c.ResetState()
	if err := c.resetToDefaults(); err != nil {
		c.log.Warn("some mappings could not be loaded", "error", err)
	}
}

func (c *adminCall) saveMappings() {
	var errs []error
	for _, s := range c.catalog.All() {
		errs = append(errs, c.save(s))
	}
	if err := errors.Join(errs...); err != nil {
		c.refuse(http.StatusInternalServerError, err)
		return
	}
	c.empty(http.StatusOK)
}

func (c *adminCall) listUnusedMappings() {
	unused := c.unused()
	c.showMappings(unused, len(unused))
}

func (c *adminCall) deleteUnusedMappings() {
	for _, s := range c.unused() {
		c.remove(s.ID)
	}
	c.done()
}

// unused are the stubs that no request in the journal matched.
func (s *Server) unused() []*catalog.Stub {
	used := map[string]bool{}
	for _, e := range s.journal.All() {
		if e.Stub != nil {
			used[e.Stub.ID] = true
		}
	}
	var out []*catalog.Stub
	for _, stub := range s.catalog.All() {
		if !used[stub.ID] {
			out = append(out, stub)
		}
	}
	return out
}

func (c *adminCall) importMappings() {
	if c.isNull() {
		c.fail(`Cannot invoke "com.github.tomakehurst.wiremock.stubbing.StubImport.getMappings()" because "stubImport" is null`)
		return
	}
	in, err := mapping.ParseImport(c.body)
	if errors.Is(err, mapping.ErrNoMappings) {
		c.fail(err.Error())
		return
	}
	if err != nil {
		c.invalid(err)
		return
	}
	if err := c.importAll(in); err != nil {
		c.invalid(err)
		return
	}
	c.empty(http.StatusOK)
}

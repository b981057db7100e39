package stubs

import (
	"context"
	"strconv"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/files"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/template"
)

// templatedFileName is the name of a persistent mapping's file by Options.FilenameTemplate: a Handlebars template over the
// mapping's members, its method and its URL. "" means that there is no template, or none that can be
// rendered, so that the usual name is taken.
func (s *Server) templatedFileName(m *mapping.StubMapping) string {
	src := s.options.FilenameTemplate
	if src == "" {
		return ""
	}
	engine, err := template.New(template.Options{MaxCacheEntries: -1})
	if err != nil {
		s.log.Warn("file name template", "error", err)
		return ""
	}
	compiled, err := engine.Compile(src)
	if err != nil {
		s.log.Warn("file name template", "error", err)
		return ""
	}
	model := template.NewModel(template.RequestName, &event.Request{}, nil, nil)
	for name, value := range map[string]string{
		"id": m.ID, "name": m.Name, "method": m.Request.Method, "url": m.Request.URL.Expected,
		"scenarioName": m.ScenarioName, "requiredScenarioState": m.RequiredScenarioState, "newScenarioState": m.NewScenarioState,
	} {
		model.Set(name, value)
	}
	model.SetDocument("request", m.Request.Value())
	model.SetDocument("response", m.Response.Value())
	if m.Priority != nil {
		model.Set("priority", strconv.Itoa(*m.Priority))
	}
	name, err := compiled.Render(context.Background(), model)
	if err != nil {
		s.log.Warn("file name template", "error", err)
		return ""
	}
	return files.SafeName(name)
}

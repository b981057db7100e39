package respond

import (
	"context"
	"errors"
	"fmt"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/template"
)

// templates are the parts of a definition that are rendered. A part that could not be compiled fails when rendered.
type templates struct {
	constant              bool // none of them has a tag
	body, fileName, proxy *part
	headers, proxyHeaders [][]*part
	fileContents          bool // the content of the body file is a template, too
}

// part is one template, or why it is none.
type part struct {
	compiled *template.Template
	err      error
}

func (p *part) render(ctx context.Context, m *template.Model) (string, error) {
	if p.err != nil {
		return "", p.err
	}
	return p.compiled.Render(ctx, m)
}

// compile finds the parts of def that are rendered.
func (r *Responder) compile(def *mapping.ResponseDefinition) *templates {
	t := &templates{constant: true}
	one := func(src string) *part {
		c, err := r.options.Templates.Compile(src)
		if err != nil || !c.Constant() {
			t.constant = false
		}
		return &part{c, err}
	}
	list := func(headers []mapping.Header) [][]*part {
		out := make([][]*part, len(headers))
		for i, h := range headers {
			for _, v := range h.Values {
				out[i] = append(out[i], one(v))
			}
		}
		return out
	}
	switch {
	case def.BodyKind == mapping.TextBody, def.BodyKind == mapping.JSONBody:
		t.body = one(string(def.Body))
	case def.BodyFromFile():
		t.fileName = one(def.BodyFileName)
		t.fileName.err = plain(t.fileName.err)
		if t.fileContents = !bodyFileTemplatingDisabled(def); t.fileContents {
			t.constant = false
		}
	}
	t.headers = list(def.Headers)
	if def.ProxyBaseURL != "" {
		t.proxy = one(def.ProxyBaseURL)
		t.proxyHeaders = list(def.AdditionalProxyRequestHeaders)
	}
	return t
}

// plain makes an unusable template an ordinary rendering error: WireMock compiles file names when it renders them.
func plain(err error) error {
	var unusable *template.CompileError
	if errors.As(err, &unusable) {
		return &template.RenderError{Message: unusable.Plain()}
	}
	return err
}

func bodyFileTemplatingDisabled(def *mapping.ResponseDefinition) bool {
	if def.TransformerParameters == nil {
		return false
	}
	v, _ := def.TransformerParameters.Get("disableBodyFileTemplating")
	disabled, _ := v.(bool)
	return disabled
}

// render makes a definition with the templates' results.
func (t *templates) render(ctx context.Context, r *Responder, ev *event.ServeEvent, def *mapping.ResponseDefinition) (*mapping.ResponseDefinition, error) {
	m := template.NewModel(template.RequestName, ev.Request, template.PathVariables(ev), def.TransformerParameters)
	if err := m.Err(); err != nil {
		return nil, err
	}
	if ev.State != nil {
		m.SetState(ev.State.Session, ev.State.Values)
	}
	out := *def
	out.Prepared = nil
	if err := t.renderBody(ctx, r, m, def, &out); err != nil {
		return nil, err
	}
	var err error
	if out.Headers, err = renderHeaders(ctx, m, def.Headers, t.headers); err != nil {
		return nil, err
	}
	if t.proxy == nil {
		return &out, nil
	}
	if out.ProxyBaseURL, err = t.proxy.render(ctx, m); err != nil {
		return nil, err
	}
	out.AdditionalProxyRequestHeaders, err = renderHeaders(ctx, m, def.AdditionalProxyRequestHeaders, t.proxyHeaders)
	return &out, err
}

func (t *templates) renderBody(ctx context.Context, r *Responder, m *template.Model, def, out *mapping.ResponseDefinition) error {
	switch {
	case t.body != nil:
		text, err := t.body.render(ctx, m)
		if err != nil {
			return err
		}
		out.Body = []byte(text)
		if def.BodyKind == mapping.JSONBody {
			if out.JSON, err = jsondoc.Decode(out.Body); err != nil {
				return &fileError{fmt.Errorf("the rendered jsonBody is not JSON: %w", err)}
			}
			out.Body = jsondoc.AppendCompact(nil, out.JSON)
		}
	case t.fileName != nil:
		name, err := t.fileName.render(ctx, m)
		if err != nil {
			return err
		}
		if out.BodyFileName = name; !t.fileContents {
			return nil
		}
		content, err := r.readFile(name)
		if err != nil {
			return &fileError{err}
		}
		compiled, err := r.options.Templates.Compile(string(content))
		if err != nil {
			return err
		}
		text, err := compiled.Render(ctx, m)
		if err != nil {
			return err
		}
		out.Body, out.BodyKind = []byte(text), mapping.TextBody // the name stays, for the journal
	}
	return nil
}

func renderHeaders(ctx context.Context, m *template.Model, headers []mapping.Header, parts [][]*part) ([]mapping.Header, error) {
	if len(headers) == 0 {
		return headers, nil
	}
	out := make([]mapping.Header, len(headers))
	for i, h := range headers {
		out[i] = mapping.Header{Name: h.Name, Single: h.Single, Values: make([]string, len(h.Values))}
		for j, p := range parts[i] {
			text, err := p.render(ctx, m)
			if err != nil {
				return nil, err
			}
			out[i].Values[j] = text
		}
	}
	return out, nil
}

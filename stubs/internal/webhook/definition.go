package webhook

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/javauri"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/template"
)

// renderTimeout bounds the rendering of one webhook.
const renderTimeout = 10 * time.Second

// definition is one webhook, rendered.
type definition struct {
	method, url string
	headers     []mapping.Header
	body        []byte // nil for none
	delay       time.Duration
}

// define reads a webhook's parameters, in the order and with the errors of WireMock's WebhookDefinition, and renders their
// templates over the request that was served.
func (r *Runner) define(ev *event.ServeEvent, parameters *jsondoc.Object) (*definition, error) {
	if parameters == nil {
		return nil, errors.New(`Cannot invoke "com.github.tomakehurst.wiremock.extension.Parameters.getString(String, String)" because "parameters" is null`)
	}
	d := &definition{method: text(parameters, "method", http.MethodGet)}
	if err := d.read(parameters); err != nil {
		return nil, err
	}
	delay, err := object(parameters, "delay")
	if err != nil {
		return nil, err
	}
	if delay != nil {
		distribution, err := mapping.ConvertDelay(delay)
		if err != nil {
			return nil, err
		}
		d.delay = distribution.Sample(r.options.Random)
	}
	if err := r.render(d, ev, parameters); err != nil {
		return nil, err
	}
	return d, checkURL(d.url)
}

// read takes everything but the delay from the parameters, as it is written.
func (d *definition) read(parameters *jsondoc.Object) error {
	u, _ := parameters.Get("url")
	if u == nil {
		return errors.New("url' not present") // WireMock's wording
	}
	var ok bool
	if d.url, ok = u.(string); !ok {
		return errors.New("url is not of type String")
	}
	headers, err := object(parameters, "headers")
	if err != nil {
		return err
	}
	if d.headers, err = readHeaders(headers); err != nil {
		return err
	}
	if body, _ := parameters.Get("base64Body"); body != nil {
		if encoded, ok := body.(string); ok {
			if d.body, err = mapping.DecodeBase64(encoded); err != nil {
				return err
			}
		}
	}
	if body, ok := parameters.Get("body"); ok {
		if written, ok := body.(string); ok {
			d.body = []byte(written)
		}
	}
	return nil
}

// render renders the templates in what was read.
func (r *Runner) render(d *definition, ev *event.ServeEvent, parameters *jsondoc.Object) error {
	if r.options.Templates == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.ctx, renderTimeout)
	defer cancel()
	model := template.NewModel(template.OriginalRequestName, ev.Request, template.PathVariables(ev), parameters)
	if ev.State != nil {
		model.SetState(ev.State.Session, ev.State.Values)
	}
	x := &renderer{ctx: ctx, engine: r.options.Templates, model: model}
	d.method, d.url = x.render(d.method), x.render(d.url)
	for _, h := range d.headers {
		for i, v := range h.Values {
			h.Values[i] = x.render(v)
		}
	}
	if _, written := parameters.Get("body"); written && d.body != nil {
		d.body = []byte(x.render(string(d.body)))
	}
	return x.err
}

// checkURL refuses what java.net.URI and java.net.URL cannot read, in their words.
func checkURL(raw string) error {
	if err := javauri.Check(raw); err != nil {
		return err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return err
	}
	if u.Scheme == "" || u.Host == "" {
		return errors.New("no protocol: " + raw)
	}
	return nil
}

// object is a parameter that must be an object; nil where it is absent.
func object(parameters *jsondoc.Object, name string) (*jsondoc.Object, error) {
	v, _ := parameters.Get(name)
	if v == nil {
		return nil, nil
	}
	o, ok := v.(*jsondoc.Object)
	if !ok {
		return nil, errors.New(name + " is not a map")
	}
	return o, nil
}

// text is a parameter that counts only where it is text.
func text(parameters *jsondoc.Object, name, def string) string {
	v, _ := parameters.Get(name)
	if s, ok := v.(string); ok {
		return s
	}
	return def
}

func readHeaders(o *jsondoc.Object) ([]mapping.Header, error) {
	if o == nil {
		return nil, nil
	}
	var out []mapping.Header
	for _, m := range o.Members() {
		if m.Value == nil {
			continue // such a member is not kept
		}
		list, isList := m.Value.([]any)
		if !isList {
			list = []any{m.Value}
		}
		h := mapping.Header{Name: m.Name}
		for _, one := range list {
			switch v := one.(type) {
			case nil:
				return nil, errors.New("null") // the message of Java's exception
			case string:
				h.Values = append(h.Values, v)
			default:
				h.Values = append(h.Values, jsondoc.Compact(v))
			}
		}
		out = append(out, h)
	}
	return out, nil
}

// renderer renders templates until one fails.
type renderer struct {
	ctx    context.Context
	engine *template.Engine
	model  *template.Model
	err    error
}

func (x *renderer) render(src string) string {
	if x.err != nil || x.engine == nil || !strings.Contains(src, "{{") {
		return src
	}
	t, err := x.engine.Compile(src)
	if err != nil {
		x.err = err
		return ""
	}
	out, err := t.Render(x.ctx, x.model)
	x.err = err
	return out
}

// httpHeader are the headers to send.
func (d *definition) httpHeader() http.Header {
	h := make(http.Header, len(d.headers))
	for _, f := range d.headers {
		h[f.Name] = f.Values
	}
	return h
}

// host is the Host header that the stub gives, "" for that of the URL.
func (d *definition) host() string {
	for _, f := range d.headers {
		if strings.EqualFold(f.Name, "Host") && len(f.Values) > 0 {
			return f.Values[0]
		}
	}
	return ""
}

// order is that of the headers in the stub.
func (d *definition) order() []string {
	names := make([]string, len(d.headers))
	for i, f := range d.headers {
		names[i] = f.Name
	}
	return names
}

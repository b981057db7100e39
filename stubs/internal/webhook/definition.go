package webhook

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/envd-dev/envd/stubs/internal/event"
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

// define reads a webhook's parameters and renders their templates over the request that was served.
func (r *Runner) define(ev *event.ServeEvent, parameters *jsondoc.Object) (*definition, error) {
	if parameters == nil {
		parameters = &jsondoc.Object{}
	}
	ctx, cancel := context.WithTimeout(r.ctx, renderTimeout)
	defer cancel()
	x := &renderer{ctx: ctx, engine: r.options.Templates}
	if x.engine != nil {
		x.model = template.NewModel(template.OriginalRequestName, ev.Request, nil, parameters)
		if ev.State != nil {
			x.model.SetState(ev.State.Session, ev.State.Values)
		}
	}
	d := &definition{method: x.render(text(parameters, "method", http.MethodGet)), url: x.render(text(parameters, "url", ""))}
	if _, ok := parameters.Get("url"); !ok {
		return nil, errors.New("url' not present")
	}
	d.headers = x.headers(parameters)
	if body, ok := parameters.Get("base64Body"); ok && body != nil {
		data, err := base64.StdEncoding.DecodeString(fmt.Sprint(body))
		if err != nil {
			return nil, fmt.Errorf("base64Body: %w", err)
		}
		d.body = data
	}
	if _, ok := parameters.Get("body"); ok {
		d.body = []byte(x.render(text(parameters, "body", "")))
	}
	if x.err != nil {
		return nil, x.err
	}
	var err error
	if d.delay, err = r.delay(parameters); err != nil {
		return nil, err
	}
	return d, checkURL(d.url)
}

// checkURL refuses what cannot be sent anywhere, in Java's words where it has some.
func checkURL(raw string) error {
	if i := strings.IndexAny(raw, " \"<>\\^`{|}"); i >= 0 {
		return fmt.Errorf("Illegal character in path at index %d: %s", i, raw) // Java's message
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

// delay draws the webhook's delay.
func (r *Runner) delay(parameters *jsondoc.Object) (time.Duration, error) {
	v, _ := parameters.Get("delay")
	if v == nil {
		return 0, nil
	}
	settings := &jsondoc.Object{} // the settings parser knows delay distributions
	settings.Set("delayDistribution", v)
	parsed, err := mapping.ParseSettings(jsondoc.AppendCompact(nil, settings))
	if err != nil {
		return 0, fmt.Errorf("delay: %w", err)
	}
	return parsed.DelayDistribution.Sample(r.options.Random), nil
}

// text is a parameter as Java's toString gives it.
func text(parameters *jsondoc.Object, name, def string) string {
	v, _ := parameters.Get(name)
	return scalar(v, def)
}

func scalar(v any, def string) string {
	switch t := v.(type) {
	case nil:
		return def
	case string:
		return t
	default:
		return jsondoc.Compact(t)
	}
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

func (x *renderer) headers(parameters *jsondoc.Object) []mapping.Header {
	v, _ := parameters.Get("headers")
	object, ok := v.(*jsondoc.Object)
	if !ok {
		return nil
	}
	var out []mapping.Header
	for _, m := range object.Members() {
		h := mapping.Header{Name: m.Name}
		list, isList := m.Value.([]any)
		if !isList {
			list = []any{m.Value}
		}
		for _, one := range list {
			h.Values = append(h.Values, x.render(scalar(one, "")))
		}
		out = append(out, h)
	}
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

// order is that of the headers in the stub.
func (d *definition) order() []string {
	names := make([]string, len(d.headers))
	for i, f := range d.headers {
		names[i] = f.Name
	}
	return names
}

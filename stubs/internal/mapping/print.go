package mapping

import (
	"encoding/base64"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/match"
)

// writer adds members to an object in the order in which WireMock prints them.
type writer struct {
	*jsondoc.Object
	empty emptied
}

func (w writer) str(name, s string) {
	if s != "" || w.empty.has(name) {
		w.Set(name, s)
	}
}

func (w writer) integer(name string, n *int) {
	if n != nil {
		w.Set(name, *n)
	}
}

func (w writer) boolean(name string, b *bool) {
	if b != nil {
		w.Set(name, *b)
	}
}

func (w writer) pattern(name string, p match.Pattern) {
	if p != nil {
		w.Set(name, jsondoc.Of(p))
	}
}

// Value is the mapping as WireMock's admin API prints it.
func (s *StubMapping) Value() *jsondoc.Object {
	w := writer{&jsondoc.Object{}, s.empty}
	w.Set("id", s.ID)
	w.str("name", s.Name)
	w.Set("request", s.Request.Value())
	w.Set("response", s.Response.Value())
	w.Set("uuid", s.ID)
	w.boolean("persistent", s.Persistent)
	w.integer("priority", s.Priority)
	w.str("scenarioName", s.ScenarioName)
	w.str("requiredScenarioState", s.RequiredScenarioState)
	w.str("newScenarioState", s.NewScenarioState)
	if s.Metadata != nil {
		w.Set("metadata", jsondoc.WithoutNulls(s.Metadata))
	}
	w.actions("postServeActions", s.PostServeActions)
	w.actions("serveEventListeners", s.ServeEventListeners)
	if s.Extension != nil {
		w.Set(ExtensionField, s.Extension.source)
	}
	return w.Object
}

func (w writer) actions(name string, list []ServeAction) {
	if list == nil {
		return
	}
	w.Set(name, jsondoc.List(list, func(a ServeAction) any {
		o := &jsondoc.Object{}
		if a.Name != "" {
			o.Set("name", a.Name)
		}
		if a.Phases != nil {
			o.Set("requestPhases", a.Phases)
		}
		if a.Parameters != nil {
			o.Set("parameters", jsondoc.WithoutNulls(a.Parameters))
		}
		return o
	}))
}

// Value is the pattern as WireMock prints it.
func (p *RequestPattern) Value() *jsondoc.Object {
	w := writer{&jsondoc.Object{}, p.empty}
	w.str("scheme", p.Scheme)
	w.pattern("host", p.Host)
	w.integer("port", p.Port)
	if p.URL.Kind != AnyURL {
		w.Set(p.URL.Kind.String(), p.URL.Expected)
	}
	w.pattern("clientIp", p.ClientIP)
	w.Set("method", p.Method)
	w.multi("headers", p.Headers)
	w.named("pathParameters", p.PathParameters)
	w.multi("queryParameters", p.QueryParameters)
	w.multi("formParameters", p.FormParameters)
	w.named("cookies", p.Cookies)
	w.patterns("bodyPatterns", p.BodyPatterns)
	if c := p.CustomMatcher; c != nil {
		o := writer{&jsondoc.Object{}, nil}
		o.str("name", c.Name)
		if c.Parameters != nil {
			o.Set("parameters", jsondoc.WithoutNulls(c.Parameters))
		}
		w.Set("customMatcher", o.Object)
	}
	if p.Multipart != nil {
		w.Set("multipartPatterns", jsondoc.List(p.Multipart, func(m MultipartPattern) any { return m.value() }))
	}
	if c := p.BasicAuth; c != nil {
		o := &jsondoc.Object{}
		if c.hasUsername {
			o.Set("username", c.Username)
		}
		if c.hasPassword {
			o.Set("password", c.Password)
		}
		w.Set("basicAuthCredentials", o)
	}
	return w.Object
}

func (m *MultipartPattern) value() *jsondoc.Object {
	w := writer{&jsondoc.Object{}, nil}
	w.str("name", m.Name)
	w.str("fileName", m.FileName)
	w.str("matchingType", m.MatchingType)
	w.multi("headers", m.Headers)
	w.patterns("bodyPatterns", m.BodyPatterns)
	return w.Object
}

func (w writer) multi(name string, ps []Named[match.MultiPattern]) {
	if ps == nil {
		return
	}
	o := &jsondoc.Object{}
	for _, p := range ps {
		o.Set(p.Name, jsondoc.Of(p.Pattern))
	}
	w.Set(name, o)
}

func (w writer) named(name string, ps []Named[match.Pattern]) {
	if ps == nil {
		return
	}
	o := &jsondoc.Object{}
	for _, p := range ps {
		o.Set(p.Name, jsondoc.Of(p.Pattern))
	}
	w.Set(name, o)
}

func (w writer) patterns(name string, ps []match.Pattern) {
	if ps != nil {
		w.Set(name, jsondoc.List(ps, func(p match.Pattern) any { return jsondoc.Of(p) }))
	}
}

// Value is the definition as WireMock prints it.
func (d *ResponseDefinition) Value() *jsondoc.Object {
	w := writer{&jsondoc.Object{}, d.empty}
	w.Set("status", d.Status)
	w.str("statusMessage", d.StatusMessage)
	switch d.BodyKind {
	case TextBody:
		w.Set("body", string(d.Body))
	case JSONBody:
		w.Set("jsonBody", d.JSON)
	case BinaryBody:
		w.Set("base64Body", base64.StdEncoding.EncodeToString(d.Body))
	}
	w.str("bodyFileName", d.BodyFileName)
	w.headers("headers", d.Headers)
	w.headers("additionalProxyRequestHeaders", d.AdditionalProxyRequestHeaders)
	if d.RemoveProxyRequestHeaders != nil {
		w.Set("removeProxyRequestHeaders", d.RemoveProxyRequestHeaders)
	}
	w.integer("fixedDelayMilliseconds", d.FixedDelayMilliseconds)
	if d.DelayDistribution != nil {
		w.Set("delayDistribution", d.DelayDistribution.Value())
	}
	if c := d.ChunkedDribbleDelay; c != nil {
		w.Set("chunkedDribbleDelay", c.value())
	}
	w.str("proxyBaseUrl", d.ProxyBaseURL)
	w.str("proxyUrlPrefixToRemove", d.ProxyURLPrefixToRemove)
	w.str("fault", string(d.Fault))
	if len(d.Transformers) > 0 {
		w.Set("transformers", d.Transformers)
	}
	if d.TransformerParameters != nil && d.TransformerParameters.Len() > 0 {
		w.Set("transformerParameters", d.TransformerParameters)
	}
	if d.FromConfiguredStub != nil && !*d.FromConfiguredStub {
		w.Set("fromConfiguredStub", false)
	}
	if d.Extension != nil {
		w.Set(ExtensionField, d.Extension.source)
	}
	return w.Object
}

func (w writer) headers(name string, hs []Header) {
	if hs == nil {
		return
	}
	o := &jsondoc.Object{}
	for _, h := range hs {
		if h.Single {
			o.Set(h.Name, h.Values[0])
		} else {
			o.Set(h.Name, h.Values)
		}
	}
	w.Set(name, o)
}

func (d *ChunkedDribbleDelay) value() *jsondoc.Object {
	o := &jsondoc.Object{}
	if d.hasChunks {
		o.Set("numberOfChunks", d.NumberOfChunks)
	}
	if d.hasDuration {
		o.Set("totalDuration", d.TotalDuration.Milliseconds())
	}
	return o
}

// Value is the distribution as WireMock prints it.
func (d *DelayDistribution) Value() *jsondoc.Object {
	o := jsondoc.Make("type", string(d.Type))
	switch d.Type {
	case FixedDelay:
		o.Set("milliseconds", d.Milliseconds)
	case UniformDelay:
		o.Set("lower", d.Lower)
		o.Set("upper", d.Upper)
	case LogNormalDelay:
		o.Set("median", d.Median)
		o.Set("sigma", d.Sigma)
		if d.MaxValue != nil {
			o.Set("maxValue", *d.MaxValue)
		}
	}
	return o
}

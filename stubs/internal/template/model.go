package template

import (
	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/javauri"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// Variable is a name and value of a path template, such as {id} of /things/{id}.
type Variable struct{ Name, Value string }

// Model is what templates are rendered over: a request under its name, and the parameters of the stub. One model serves
// all templates of a response; it parses the parts of the request when a template first asks, and remembers the JSON and
// XML documents that helpers read. It is not safe for concurrent use.
type Model struct {
	root    Map
	entries [2]entry
	request request
	docs    map[documentKey]document
	// unusable says why WireMock cannot make a model of the request at all.
	unusable error
}

type documentKey struct {
	xml  bool
	text string
}

type document struct {
	value any
	err   error
}

// The names of the request in a model.
const (
	RequestName         = "request"         // in a response
	OriginalRequestName = "originalRequest" // in a webhook
)

// NewModel makes the model for a response or, with [OriginalRequestName], for a webhook.
// Variables are those of the stub's path template, in its order; parameters may be nil.
func NewModel(name string, req *event.Request, variables []Variable, parameters *jsondoc.Object) *Model {
	params := emptyParameters
	if parameters != nil && parameters.Len() > 0 {
		params = fromDocument(parameters, jackson).(*Map)
		params.kind = parameterMap
	}
	m := &Model{request: request{requestLine: requestLine{req: req, variables: variables}}}
	// request and parameters, in this order, is also how a HashMap of these two names iterates.
	m.entries = [2]entry{{name, &m.request}, {"parameters", params}}
	m.root = Map{kind: hashMap, entries: m.entries[:]}
	m.unusable = Unusable(req)
	return m
}

// Unusable is what WireMock throws where it makes the model of a request, before it looks at any template: on a URL that is no
// URI, and on two parts of one name. It is a [*CompileError], or nil.
func Unusable(req *event.Request) error {
	if err := javauri.Failure(req.URL); err != nil {
		return &CompileError{err.Error()}
	}
	if !req.IsMultipart() {
		return nil
	}
	parts, _ := req.Parts() // what came before a broken part still counts
	seen := make(map[string]bool, len(parts))
	for i := range parts {
		if name := parts[i].Name; seen[name] {
			return &CompileError{"java.lang.IllegalStateException: Duplicate key " + name}
		}
		seen[parts[i].Name] = true
	}
	return nil
}

// Err is [Unusable] of the model's request.
func (m *Model) Err() error { return m.unusable }

// PathVariables are what the path template of the stub that was served finds in the request, in the template's order.
func PathVariables(ev *event.ServeEvent) []Variable {
	if ev.Stub == nil || ev.Stub.Request == nil || ev.Stub.Request.URL.Template == nil {
		return nil
	}
	t := ev.Stub.Request.URL.Template
	values := t.Variables(ev.Request.Path())
	out := make([]Variable, 0, len(values))
	for _, name := range t.Names() {
		if v, ok := values[name]; ok {
			out = append(out, Variable{Name: name, Value: v})
		}
	}
	return out
}

var emptyParameters = &Map{kind: parameterMap}

// Set adds a variable to the model, for models that carry more than a request.
func (m *Model) Set(name string, value string) {
	m.root.put(name, value)
	m.root.order()
}

// SetDocument adds a variable that is a JSON document.
func (m *Model) SetDocument(name string, v any) {
	m.root.put(name, fromDocument(v, jackson))
	m.root.order()
}

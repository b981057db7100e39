package mapping

import (
	"fmt"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

const (
	javaPackage  = "com.github.tomakehurst.wiremock."
	javaStub     = javaPackage + "stubbing.StubMapping"
	javaMetadata = javaPackage + "common.Metadata"
	javaListener = javaPackage + "extension.ServeEventListenerDefinition"
	javaAction   = javaPackage + "extension.PostServeActionDefinition"
	javaPhase    = javaPackage + "extension.ServeEventListener$RequestPhase"
)

// ExtensionField is the member of a mapping that asks for what WireMock does not have.
const ExtensionField = "envd"

// Decode reads a JSON document as WireMock does. The error is an *Error.
func Decode(data []byte) (any, error) {
	v, err := jsondoc.DecodeString(string(data)) // a copy: mappings outlive what they came in
	if err != nil {
		return nil, AsError(err, NoPointer)
	}
	return v, nil
}

// Parse reads one stub mapping. The error is an *Error. A mapping without id gets none: the caller gives it one.
func Parse(data []byte) (*StubMapping, error) {
	v, err := Decode(data)
	if err != nil {
		return nil, err
	}
	return FromValue(v, "")
}

// FromValue reads a stub mapping from a decoded document; pointer is where it stands.
func FromValue(v any, pointer string) (*StubMapping, error) {
	return readStub(place{value: v, pointer: pointer})
}

func readStub(v place) (*StubMapping, error) {
	s := &StubMapping{}
	if err := v.bean(javaStub, s.read); err != nil {
		return nil, err
	}
	if s.Request == nil {
		s.Request = &RequestPattern{Method: AnyMethod}
	}
	if s.Response == nil {
		s.Response = &ResponseDefinition{Status: 200}
	}
	if err := s.Response.onlyChanges(v.pointer + "/response"); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *StubMapping) read(name string, v place) (known bool, err error) {
	switch name {
	case "id", "uuid":
		err = s.readID(v)
	case "name":
		err = v.strInto(&s.Name, &s.empty, name)
	case "persistent":
		s.Persistent, err = v.boolean()
	case "priority":
		s.Priority, err = v.integer("java.lang.Integer")
	case "request":
		s.Request, err = readRequest(v)
	case "response":
		s.Response, err = readResponse(v)
	case "scenarioName":
		err = v.strInto(&s.ScenarioName, &s.empty, name)
	case "requiredScenarioState":
		err = v.strInto(&s.RequiredScenarioState, &s.empty, name)
	case "newScenarioState":
		err = v.strInto(&s.NewScenarioState, &s.empty, name)
	case "metadata":
		s.Metadata, err = v.parameters(javaMetadata)
	case "postServeActions":
		s.PostServeActions, err = readActions(v)
	case "serveEventListeners":
		s.ServeEventListeners, err = readListeners(v)
	case "insertionIndex":
		err = s.readInsertionIndex(v)
	case "$schema": // which names the schema for an editor
	case ExtensionField:
		s.Extension, err = readExtension(v)
	default:
		return false, nil
	}
	return true, err
}

func (s *StubMapping) readInsertionIndex(v place) error {
	n, err := v.integer("long")
	if n != nil {
		s.InsertionIndex = int64(*n)
	}
	return err
}

func (s *StubMapping) readID(v place) error {
	id, given, err := v.uuid()
	if given {
		s.ID = id.String()
	}
	return err
}

// readActions reads postServeActions: a list, or in old files an object of parameters by name.
func readActions(v place) ([]ServeAction, error) {
	var out []ServeAction
	switch t := v.value.(type) {
	case *jsondoc.Object:
		out = make([]ServeAction, 0, t.Len())
		for _, m := range t.Members() {
			params, ok := m.Value.(*jsondoc.Object)
			if !ok {
				return nil, v.noMap(m.Value)
			}
			out = append(out, ServeAction{Name: m.Name, Parameters: params})
		}
	case []any:
		return readActionList(v, t, javaAction)
	}
	return out, nil
}

// readListeners reads serveEventListeners: a list; anything else has none.
func readListeners(v place) ([]ServeAction, error) {
	list, ok := v.value.([]any)
	if !ok {
		return nil, nil
	}
	return readActionList(v, list, javaListener)
}

func readActionList(v place, list []any, java string) ([]ServeAction, error) {
	out := make([]ServeAction, 0, len(list))
	for i, e := range list {
		if _, ok := e.(*jsondoc.Object); !ok && e != nil {
			return nil, v.noMap(e)
		}
		a, err := readAction(v.element(i, e), java)
		if err != nil {
			return nil, atList(err, v)
		}
		out = append(out, a)
	}
	return out, nil
}

// noMap is what Java throws where it takes a value for a map.
func (p place) noMap(v any) error {
	if v == nil {
		return p.refuse(`Cannot invoke "java.util.Map.size()" because "m" is null`)
	}
	class := place{value: v}.javaClass()
	return p.refuse(fmt.Sprintf("class %s cannot be cast to class java.util.Map (%s and java.util.Map are in module java.base of loader 'bootstrap')", class, class))
}

// javaClass is the class of what Jackson reads a value as.
func (p place) javaClass() string {
	switch v := p.value.(type) {
	case string:
		return "java.lang.String"
	case bool:
		return "java.lang.Boolean"
	case []any:
		return "java.util.ArrayList"
	case jsondoc.Number:
		switch javaNumber(v) {
		case "int/Int":
			return "java.lang.Integer"
		case "long/Long":
			return "java.lang.Long"
		case "BigInteger":
			return "java.math.BigInteger"
		}
		return "java.math.BigDecimal"
	}
	return "java.util.LinkedHashMap"
}

// atList reports an element's error at its list, as WireMock does: it converts the list in a second step.
func atList(err error, list place) error {
	e := *AsError(err, list.pointer)
	e.Pointer = list.pointer
	return &e
}

func readAction(v place, java string) (a ServeAction, err error) {
	err = v.bean(java, func(name string, v place) (bool, error) {
		var err error
		switch {
		case name == "name":
			a.Name, _, err = v.str()
		case name == "parameters":
			a.Parameters, err = v.parameters(javaParams)
		case name == "requestPhases" && java == javaListener:
			a.Phases, err = readPhases(v)
		default:
			return false, nil
		}
		return true, err
	})
	return a, err
}

func readPhases(v place) ([]string, error) {
	list, ok := v.value.([]any)
	if !ok {
		if v.value == nil {
			return nil, nil
		}
		return nil, v.cannotRead("java.util.HashSet<" + javaPhase + ">")
	}
	phases := make([]string, 0, len(list))
	for i, e := range list {
		p, err := v.element(i, e).enum(javaPhase, "AFTER_MATCH, AFTER_COMPLETE, BEFORE_MATCH, BEFORE_RESPONSE_SENT",
			"BEFORE_MATCH", "AFTER_MATCH", "BEFORE_RESPONSE_SENT", "AFTER_COMPLETE")
		if err != nil {
			return nil, err
		}
		phases = append(phases, p)
	}
	return phases, nil
}

// ParseFile reads a mapping file: one stub mapping, or {"mappings": […]} with several. Mappings with errors are left out;
// all errors of all of them are returned. multi says which form the file has.
func ParseFile(data []byte) (stubs []*StubMapping, multi bool, errs []*Error) {
	v, err := Decode(data)
	if err != nil {
		return nil, false, []*Error{AsError(err, NoPointer)}
	}
	return FromDocument(v)
}

// FromDocument is [ParseFile] for a document that is decoded.
func FromDocument(v any) (stubs []*StubMapping, multi bool, errs []*Error) {
	o, _ := v.(*jsondoc.Object)
	list, multi := multiple(o)
	if !multi {
		s, errs := readWhole(v, "")
		if s == nil {
			return nil, false, errs
		}
		return []*StubMapping{s}, false, nil
	}
	for i, m := range list {
		s, bad := readWhole(m, fmt.Sprintf("/mappings/%d", i))
		if s != nil {
			stubs = append(stubs, s)
		}
		errs = append(errs, bad...)
	}
	return stubs, true, errs
}

// Listed are the mappings of a document that is decoded, itself or those that it lists.
func Listed(v any) []any {
	o, _ := v.(*jsondoc.Object)
	if list, multi := multiple(o); multi {
		return list
	}
	return []any{v}
}

// readWhole reads a mapping to its end even when a part of it is wrong; then it returns all errors and no mapping.
func readWhole(v any, pointer string) (*StubMapping, []*Error) {
	var errs []*Error
	s, err := readStub(place{value: v, pointer: pointer, all: &errs})
	if err != nil {
		errs = append(errs, AsError(err, pointer))
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return s, nil
}

func multiple(o *jsondoc.Object) ([]any, bool) {
	if o == nil {
		return nil, false
	}
	v, ok := o.Get("mappings")
	if !ok {
		return nil, false
	}
	list, ok := v.([]any)
	return list, ok
}

// Position finds line and column (from 1) of the value at a JSON pointer, or of what contains it; 0, 0 when data is no
// JSON.
func Position(data []byte, pointer string) (line, column int) {
	return jsondoc.Position(data, pointer)
}

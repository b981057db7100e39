package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
)

type object = map[string]any

// describe makes the OpenAPI 3.1 document of the routes. Schemas are generated from the Go types, so that they always agree.
func describe(routes []route, version string) ([]byte, error) {
	s := schemas{}
	paths := object{}
	for _, r := range routes {
		if r.page {
			continue
		}
		path := openPath(r.path)
		item, ok := paths[path].(object)
		if !ok {
			item = object{}
			paths[path] = item
		}
		for _, method := range r.methods {
			item[strings.ToLower(method)] = s.operation(&r, method)
		}
	}
	s.add(envd.Observation{}) // the data of events
	doc := object{
		"openapi": "3.1.0",
		"info":    object{"title": "envd", "version": version, "description": "Environments, runs and verdicts of an envd daemon.", "license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"}},
		"paths":   paths,
		"components": object{
			"schemas":         s,
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer"}},
		},
		"security": []any{object{"token": []any{}}},
	}
	b, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	return bytes.ReplaceAll(b, []byte(`"#/$defs/`), []byte(`"#/components/schemas/`)), nil
}

var ginParameter = regexp.MustCompile(`[:*](\w+)`)

// openPath turns gin's notation into OpenAPI's: /runs/:id → /runs/{id}.
func openPath(path string) string { return ginParameter.ReplaceAllString(path, "{$1}") }

// schemas are the document's components, by name.
type schemas map[string]any

func (s schemas) operation(r *route, method string) object {
	op := object{"summary": r.summary, "operationId": operationID(method, r.path)}
	var parameters []any
	for _, m := range ginParameter.FindAllStringSubmatch(r.path, -1) {
		parameters = append(parameters, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, q := range r.query {
		parameters = append(parameters, object{"name": q.name, "in": "query", "description": q.about, "schema": object{"type": "string"}})
	}
	if parameters != nil {
		op["parameters"] = parameters
	}
	if r.request != nil {
		content := object{"application/json": object{"schema": s.add(r.request)}}
		if r.upload {
			content["application/x-tar"] = object{}
			content["application/gzip"] = object{}
		}
		op["requestBody"] = object{"required": true, "content": content}
	}
	media, answer := r.media, object{}
	if media == "" {
		media, answer = "application/json", object{"schema": s.add(r.answer)}
	}
	op["responses"] = object{
		strconv.Itoa(r.status): object{"description": http.StatusText(r.status), "content": object{media: answer}},
		"default":              object{"description": "An error", "content": object{"application/json": object{"schema": s.add(v1.ErrorBody{})}}},
	}
	if r.status == http.StatusCreated || r.methods[0] == http.MethodDelete {
		op["responses"].(object)["202"] = object{"description": "Accepted", "content": object{media: answer}}
	}
	if r.open {
		op["security"] = []any{}
	}
	return op
}

// operationID names an operation for generated clients: GET /v1/runs/:id → get_v1_runs_id.
func operationID(method, path string) string {
	return strings.ToLower(method) + "_" + strings.Trim(regexp.MustCompile(`\W+`).ReplaceAllString(path, "_"), "_")
}

// add puts a type's schema among the components and returns the reference to it.
func (s schemas) add(v any) any {
	if t := reflect.TypeOf(v); t.Kind() == reflect.Map {
		return object{"type": "object"}
	}
	r := jsonschema.Reflector{Anonymous: true, AllowAdditionalProperties: true, Mapper: mapped}
	schema := r.Reflect(v)
	for name, definition := range schema.Definitions {
		s[name] = definition
	}
	return object{"$ref": schema.Ref}
}

// mapped returns schemas for types that marshal themselves, and for those that the generator does not know.
func mapped(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[envd.Duration]():
		return &jsonschema.Schema{Type: "string", Description: "a duration in Go's notation, such as 1m30s, or in days, such as 7d; answers have Go's", Examples: []any{"1h"}}
	case reflect.TypeFor[envd.Histogram]():
		return &jsonschema.Schema{Type: "object", Description: "counts of values in logarithmic buckets"}
	}
	return nil
}

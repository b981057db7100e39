package record

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// Spec says what is recorded and how: WireMock's RecordSpec.
type Spec struct {
	Target            string                  // base URL that is proxied while recording
	Filter            *mapping.RequestPattern // nil takes every request
	IDs               []string                // of the serve events to take; nil takes all
	NonProxied        bool                    // also requests that were not proxied
	CaptureHeaders    []CaptureHeader
	Body              BodyMatcher
	ExtractText       int64 // longest text body, in characters, that stays in its mapping
	ExtractBinary     int64 // longest binary body, in bytes, that stays in its mapping
	IDsOnly           bool
	Persist           bool
	RepeatsAsScenario bool
}

// CaptureHeader is a request header that recorded stubs match on.
type CaptureHeader struct {
	Name            string
	CaseInsensitive *bool
}

// BodyMatcher says how recorded stubs match request bodies.
type BodyMatcher struct {
	Kind string // auto, equalTo, equalToJson or equalToXml
	// The options of the matchers; nil when not given, which is false, or true for the last two with auto.
	CaseInsensitive, IgnoreArrayOrder, IgnoreExtraElements *bool
}

const never = math.MaxInt64

// DefaultSpec is what an empty document asks for.
func DefaultSpec() *Spec {
	return &Spec{Body: BodyMatcher{Kind: "auto"}, ExtractText: never, ExtractBinary: never, Persist: true, RepeatsAsScenario: true}
}

const specClass = "com.github.tomakehurst.wiremock.recording.RecordSpec"

// fields that a spec may have; the last two only serve Java extensions.
var fields = []string{"targetBaseUrl", "filters", "captureHeaders", "requestBodyPattern", "extractBodyCriteria",
	"outputFormat", "persist", "repeatsAsScenarios", "transformers", "transformerParameters", "requestBodyPatternFactory"}

// ParseSpec reads a spec. The error is a *mapping.Error.
func ParseSpec(data []byte) (*Spec, error) {
	v, err := mapping.Decode(data)
	if err != nil {
		return nil, err
	}
	s := DefaultSpec()
	if v == nil {
		return s, nil
	}
	doc, ok := v.(*jsondoc.Object)
	if !ok {
		return nil, invalid("", "Cannot construct instance of `"+specClass+"`")
	}
	for _, m := range doc.Members() {
		if !slices.Contains(fields, m.Name) {
			return nil, invalid("/"+m.Name, fmt.Sprintf("Unrecognized field %q (class %s), not marked as ignorable", m.Name, specClass))
		}
		if m.Value == nil {
			continue
		}
		if err := s.set(m.Name, m.Value); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func invalid(pointer, detail string) error {
	return &mapping.Error{Code: 10, Pointer: pointer, Title: "Error parsing JSON", Detail: detail}
}

func (s *Spec) set(name string, v any) (err error) {
	switch name {
	case "targetBaseUrl":
		s.Target = text(v)
	case "persist":
		s.Persist = truth(v, true)
	case "repeatsAsScenarios":
		s.RepeatsAsScenario = truth(v, true)
	case "outputFormat":
		switch strings.ToLower(text(v)) {
		case "full":
		case "ids":
			s.IDsOnly = true
		default:
			return invalid("/outputFormat", "Invalid output format")
		}
	case "filters":
		return s.setFilters(v)
	case "captureHeaders":
		if list, ok := v.([]any); ok && list != nil {
			return &mapping.Error{Code: 10, Pointer: "/captureHeaders", Title: "Error parsing JSON", Detail: "Cannot deserialize value of type " +
				"`java.util.LinkedHashMap<java.lang.String,com.github.tomakehurst.wiremock.recording.CaptureHeadersSpec>` from Array value (token `JsonToken.START_ARRAY`)"}
		}
		for _, m := range members(v) {
			s.CaptureHeaders = append(s.CaptureHeaders, CaptureHeader{m.Name, optional(v, m.Name, "caseInsensitive")})
		}
	case "requestBodyPattern":
		s.Body = bodyMatcher(v)
	case "extractBodyCriteria":
		if s.ExtractText, err = threshold(v, "textSizeThreshold"); err == nil {
			s.ExtractBinary, err = threshold(v, "binarySizeThreshold")
		}
		return err
	}
	return nil
}

// setFilters reads a request pattern and, beside its fields, ids and allowNonProxied.
func (s *Spec) setFilters(v any) error {
	pattern := &jsondoc.Object{}
	for _, m := range members(v) {
		switch m.Name {
		case "ids":
			list, _ := m.Value.([]any)
			for _, id := range list {
				s.IDs = append(s.IDs, strings.ToLower(text(id)))
			}
		case "allowNonProxied":
			s.NonProxied = truth(m.Value, false)
		case "url", "urlPattern", "urlPath", "urlPathPattern", "urlPathTemplate", "method", "headers", "queryParameters",
			"formParameters", "pathParameters", "cookies", "basicAuth", "basicAuthCredentials", "bodyPatterns",
			"multipartPatterns", "scheme", "host", "port", "clientIp", "customMatcher":
			pattern.Set(m.Name, m.Value)
		}
	}
	if pattern.Len() == 0 {
		return nil
	}
	p, err := mapping.RequestFromValue(pattern, "/filters")
	s.Filter = p
	return err
}

func bodyMatcher(v any) BodyMatcher {
	m := BodyMatcher{Kind: "auto"}
	for _, f := range members(v) {
		switch f.Name {
		case "matcher":
			switch kind := text(f.Value); kind {
			case "equalTo", "equalToJson", "equalToXml":
				m.Kind = kind
			}
		case "caseInsensitive":
			b := truth(f.Value, false)
			m.CaseInsensitive = &b
		case "ignoreArrayOrder":
			b := truth(f.Value, false)
			m.IgnoreArrayOrder = &b
		case "ignoreExtraElements":
			b := truth(f.Value, false)
			m.IgnoreExtraElements = &b
		}
	}
	return m
}

var fileSize = regexp.MustCompile(`(?i)^([\d.]+)\s*(\w)?b?$`)

// threshold reads a size: a number of bytes, or text such as "10 kb".
func threshold(v any, name string) (int64, error) {
	const pointer = "/extractBodyCriteria"
	var value any
	for _, m := range members(v) {
		if m.Name == name {
			value = m.Value
		}
	}
	if value == nil {
		return never, nil
	}
	written := strings.ReplaceAll(strings.TrimSpace(text(value)), ",", ".")
	parts := fileSize.FindStringSubmatch(written)
	if parts == nil {
		return 0, invalid(pointer, "Invalid size string: "+text(value))
	}
	size, err := strconv.ParseFloat(parts[1], 64)
	if err != nil {
		return 0, invalid(pointer, "Invalid size string: "+text(value))
	}
	switch strings.ToUpper(parts[2]) {
	case "":
	case "K":
		size *= 1 << 10
	case "M":
		size *= 1 << 20
	case "G":
		size *= 1 << 30
	default:
		return 0, invalid(pointer, "Invalid size unit: "+parts[2])
	}
	return int64(math.Round(min(size, 1<<60))), nil
}

func members(v any) []jsondoc.Member {
	if o, ok := v.(*jsondoc.Object); ok {
		return o.Members()
	}
	return nil
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return jsondoc.Compact(v)
}

func truth(v any, def bool) bool {
	switch t := v.(type) {
	case bool:
		return t
	case string:
		return strings.EqualFold(t, "true")
	}
	return def
}

func optional(v any, name, field string) *bool {
	for _, m := range members(v) {
		if m.Name != name {
			continue
		}
		for _, f := range members(m.Value) {
			if f.Name == field && f.Value != nil {
				b := truth(f.Value, false)
				return &b
			}
		}
	}
	return nil
}

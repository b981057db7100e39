package mapping

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// RecordSpec says what is recorded and how: the body of POST /__admin/recordings/start and …/snapshot.
type RecordSpec struct {
	Target            string          // base URL that is proxied while recording
	Filter            *RequestPattern // nil takes every request
	IDs               []string        // of the serve events to take; nil takes all
	NonProxied        bool            // also requests that were not proxied
	CaptureHeaders    []CaptureHeader
	Body              RecordedBody
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

// RecordedBody says how recorded stubs match request bodies.
type RecordedBody struct {
	Kind string // auto, equalTo, equalToJson or equalToXml
	// The options of the matchers; nil when not given, which is false, or true for the last two with auto.
	CaseInsensitive, IgnoreArrayOrder, IgnoreExtraElements *bool
}

const (
	javaRecording = javaPackage + "recording."
	javaSpec      = javaRecording + "RecordSpec"
	javaFilters   = javaRecording + "ProxiedServeEventFilters"
	javaCapture   = javaRecording + "CaptureHeadersSpec"
	javaFormatter = javaRecording + "SnapshotOutputFormatter"

	autoMatcher    = "auto"
	neverExtracted = math.MaxInt64
)

// DefaultRecordSpec is what an empty document asks for.
func DefaultRecordSpec() *RecordSpec {
	return &RecordSpec{Body: RecordedBody{Kind: autoMatcher}, ExtractText: neverExtracted, ExtractBinary: neverExtracted, Persist: true, RepeatsAsScenario: true}
}

// ParseRecordSpec reads a spec. The error is an *Error.
func ParseRecordSpec(data []byte) (*RecordSpec, error) {
	v, err := Decode(data)
	if err != nil {
		return nil, err
	}
	s := DefaultRecordSpec()
	if err := (place{value: v}).creator(javaSpec, s.read); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *RecordSpec) read(name string, v place) (known bool, err error) {
	truth := func(dst *bool) {
		var b *bool
		if b, err = v.boolean(); b != nil {
			*dst = *b
		}
	}
	switch name {
	case "targetBaseUrl":
		s.Target, _, err = v.str()
	case "persist":
		truth(&s.Persist)
	case "repeatsAsScenarios":
		truth(&s.RepeatsAsScenario)
	case "outputFormat":
		err = s.readFormat(v)
	case "filters":
		err = s.readFilters(v)
	case "captureHeaders":
		err = s.readHeaders(v)
	case "requestBodyPattern", "requestBodyPatternFactory":
		err = s.Body.read(v)
	case "extractBodyCriteria":
		if s.ExtractText, err = threshold(v, "textSizeThreshold"); err == nil {
			s.ExtractBinary, err = threshold(v, "binarySizeThreshold")
		}
	case "transformers": // these serve extensions in Java
		_, err = v.strings()
	case "transformerParameters":
		_, err = v.parameters(javaParams)
	default:
		return false, nil
	}
	return true, err
}

func (s *RecordSpec) readFormat(v place) error {
	if _, list := v.value.([]any); list {
		return v.refuse("Input mismatch reading Enum `" + javaFormatter + "`: properties-based `@JsonCreator` ([method " + javaFormatter +
			"#fromString(java.lang.String)]) expects String Value, got Array value (`JsonToken.START_ARRAY`)")
	}
	format, given, err := v.str()
	if err != nil {
		return v.cannotRead(javaFormatter)
	}
	s.IDsOnly = strings.EqualFold(format, "ids")
	if given && !s.IDsOnly && !strings.EqualFold(format, "full") {
		return parsing(v.pointer, "Invalid output format")
	}
	return nil
}

// readFilters reads a request pattern and, beside its members, ids and allowNonProxied. Other members do not count.
func (s *RecordSpec) readFilters(v place) error {
	if v.value == nil {
		return nil
	}
	pattern := &jsondoc.Object{}
	err := v.bean(javaFilters, func(name string, v place) (bool, error) {
		var err error
		switch name {
		case "ids":
			s.IDs, err = v.uuids()
		case "allowNonProxied":
			s.NonProxied, err = v.primitiveBoolean()
		case "url", "urlPattern", "urlPath", "urlPathPattern", "urlPathTemplate", "method", "headers", "queryParameters",
			"formParameters", "pathParameters", "cookies", "basicAuth", "basicAuthCredentials", "bodyPatterns",
			"multipartPatterns", "scheme", "host", "port", "clientIp", "customMatcher":
			pattern.Set(name, v.value)
		}
		return true, err
	})
	if err != nil || pattern.Len() == 0 {
		return err
	}
	s.Filter, err = RequestFromValue(pattern, v.pointer)
	return err
}

// uuids reads an array of UUIDs; nil for null.
func (p place) uuids() ([]string, error) {
	list, ok := p.value.([]any)
	if !ok {
		if p.value == nil {
			return nil, nil
		}
		return nil, parsing(p.pointer, "Cannot deserialize value of type `java.util.ArrayList<java.util.UUID>` from "+p.token())
	}
	out := make([]string, len(list)) // null is the ID of no event
	for i, e := range list {
		id, given, err := p.element(i, e).uuid()
		if err != nil {
			return nil, err
		}
		if given {
			out[i] = id.String()
		}
	}
	return out, nil
}

func (s *RecordSpec) readHeaders(v place) error {
	if v.value == nil {
		return nil
	}
	o, ok := v.value.(*jsondoc.Object)
	if !ok {
		return v.cannotFill("java.util.LinkedHashMap<java.lang.String," + javaCapture + ">")
	}
	for _, m := range o.Members() {
		h := CaptureHeader{Name: m.Name}
		if m.Value != nil {
			err := v.member(m.Name, m.Value).bean(javaCapture, func(name string, v place) (bool, error) {
				var err error
				if name == "caseInsensitive" {
					h.CaseInsensitive, err = v.boolean()
				}
				return name == "caseInsensitive", err
			})
			if err != nil {
				return err
			}
		}
		s.CaptureHeaders = append(s.CaptureHeaders, h)
	}
	return nil
}

// read reads the kind of matcher and the options that it has.
func (b *RecordedBody) read(v place) error {
	if v.value == nil {
		return nil
	}
	java, options := "RequestBodyAutomaticPatternFactory", map[string]**bool{
		"caseInsensitive": &b.CaseInsensitive, "ignoreArrayOrder": &b.IgnoreArrayOrder, "ignoreExtraElements": &b.IgnoreExtraElements,
	}
	if o, ok := v.value.(*jsondoc.Object); ok {
		matcher, _ := o.Get("matcher")
		switch matcher {
		case "equalTo":
			java = "RequestBodyEqualToPatternFactory"
			delete(options, "ignoreArrayOrder")
			delete(options, "ignoreExtraElements")
		case "equalToJson":
			java = "RequestBodyEqualToJsonPatternFactory"
			delete(options, "caseInsensitive")
		case "equalToXml":
			java, options = "RequestBodyEqualToXmlPatternFactory", nil
		default: // WireMock takes what it does not know for auto
			matcher = autoMatcher
		}
		b.Kind, _ = matcher.(string)
	}
	return v.bean(javaRecording+java, func(name string, v place) (known bool, err error) {
		if name == "matcher" {
			switch v.value.(type) {
			case string, jsondoc.Number, bool: // the name of one, or of none
				return true, nil
			}
			return false, nil
		}
		dst, known := options[name]
		if known {
			*dst, err = v.boolean()
		}
		return known, err
	})
}

var fileSize = regexp.MustCompile(`(?i)^([\d.]+)\s*(\w)?b?$`)

// threshold reads a size from the criteria: a number of bytes, or text such as "10 kb".
func threshold(criteria place, name string) (int64, error) {
	o, ok := criteria.value.(*jsondoc.Object)
	if !ok {
		return neverExtracted, nil
	}
	value, _ := o.Get(name)
	written := ""
	switch v := value.(type) {
	case nil:
		return neverExtracted, nil
	case string:
		written = v
	case jsondoc.Number: // of whatever sign
		size, err := strconv.ParseFloat(string(v), 64)
		return int64(max(-1, min(size, 1<<60))), err
	default:
		return 0, parsing(criteria.pointer, `Cannot invoke "String.trim()" because "in" is null`)
	}
	invalid := parsing(criteria.pointer, "Invalid size string: "+jsondoc.Compact(value))
	parts := fileSize.FindStringSubmatch(strings.ReplaceAll(strings.TrimSpace(written), ",", "."))
	if parts == nil {
		return 0, invalid
	}
	size, err := strconv.ParseFloat(parts[1], 64)
	if err != nil {
		return 0, invalid
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
		return 0, parsing(criteria.pointer, "Invalid size unit: "+parts[2])
	}
	return int64(math.Round(min(size, 1<<60))), nil
}

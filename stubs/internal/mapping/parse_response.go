package mapping

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

const (
	javaResponse = javaPackage + "http.ResponseDefinition"
	javaFault    = javaPackage + "http.Fault"
	javaDribble  = javaPackage + "http.ChunkedDribbleDelay"
	javaDelay    = javaPackage + "http.DelayDistribution"
	javaParams   = javaPackage + "extension.Parameters"
)

// bodies are the body fields as given.
type bodies struct {
	text, base64 *string
	json         any
}

func readResponse(v place) (*ResponseDefinition, error) {
	if v.value == nil {
		return nil, nil
	}
	d, b := &ResponseDefinition{Status: 200}, bodies{}
	err := v.bean(javaResponse, func(name string, m place) (bool, error) {
		if known, err := b.read(name, m); known || err != nil {
			return known, err
		}
		return d.read(name, m)
	})
	if err != nil {
		return nil, err
	}
	return d, b.into(d, v.pointer)
}

func (b *bodies) read(name string, v place) (known bool, err error) {
	switch name {
	case "body":
		b.text, err = v.optional()
	case "base64Body":
		b.base64, err = v.optional()
	case "jsonBody":
		b.json = v.value
	default:
		return false, nil
	}
	return true, err
}

func (p place) optional() (*string, error) {
	s, given, err := p.str()
	if !given {
		return nil, err
	}
	return &s, err
}

func (b *bodies) into(d *ResponseDefinition, pointer string) error {
	switch {
	case b.text != nil:
		d.BodyKind, d.Body = TextBody, []byte(*b.text)
	case b.json != nil:
		d.BodyKind, d.JSON, d.Body = JSONBody, b.json, jsondoc.AppendCompact(nil, b.json)
	case b.base64 != nil:
		data, err := DecodeBase64(*b.base64)
		if err != nil {
			return parsing(pointer, err.Error())
		}
		d.BodyKind, d.Body = BinaryBody, data
	}
	return nil
}

// DecodeBase64 decodes with or without padding and words errors as java.util.Base64 does.
func DecodeBase64(s string) ([]byte, error) {
	if i := strings.IndexAny(s, "\r\n"); i >= 0 { // which Go skips
		return nil, fmt.Errorf("Illegal base64 character %x", s[i]) // Java's wording
	}
	if len(s) == 1 {
		return nil, errors.New("Input byte[] should at least have 2 bytes for base64 bytes") // Java's wording
	}
	data, err := base64.StdEncoding.DecodeString(s)
	if err == nil {
		return data, nil
	}
	if raw, rawErr := base64.RawStdEncoding.DecodeString(s); rawErr == nil {
		return raw, nil
	}
	if at, bad := errors.AsType[base64.CorruptInputError](err); bad && int(at) < len(s) {
		return nil, fmt.Errorf("Illegal base64 character %x", s[at]) // Java's wording
	}
	return nil, errors.New("Input byte array has incorrect ending byte at " + fmt.Sprint(len(s))) // Java's wording
}

func (d *ResponseDefinition) read(name string, v place) (known bool, err error) {
	switch name {
	case "status":
		err = d.readStatus(v)
	case "statusMessage":
		err = v.strInto(&d.StatusMessage, &d.empty, name)
	case "bodyFileName":
		err = v.strInto(&d.BodyFileName, &d.empty, name)
	case "headers":
		d.Headers, err = readHeaders(v)
	case "additionalProxyRequestHeaders":
		d.AdditionalProxyRequestHeaders, err = readHeaders(v)
	case "removeProxyRequestHeaders":
		d.RemoveProxyRequestHeaders, err = v.strings()
	case "fixedDelayMilliseconds":
		d.FixedDelayMilliseconds, err = v.integer("java.lang.Integer")
	case "delayDistribution":
		d.DelayDistribution, err = readDelay(v)
	case "chunkedDribbleDelay":
		d.ChunkedDribbleDelay, err = readDribble(v)
	case "proxyBaseUrl":
		err = v.strInto(&d.ProxyBaseURL, &d.empty, name)
		d.ProxyBaseURL = strings.TrimSpace(d.ProxyBaseURL)
	case "proxyUrlPrefixToRemove":
		err = v.strInto(&d.ProxyURLPrefixToRemove, &d.empty, name)
	case "fault":
		err = d.readFault(v)
	case "transformers":
		d.Transformers, err = v.strings()
	case "transformerParameters":
		d.TransformerParameters, err = v.parameters(javaParams)
	case "fromConfiguredStub":
		d.FromConfiguredStub, err = v.boolean()
	case ExtensionField:
		d.Extension, err = readResponseExtension(v)
	default:
		return false, nil
	}
	return true, err
}

func (d *ResponseDefinition) readStatus(v place) error {
	n, err := v.integer("int")
	if err == nil && n != nil && *n > 0 {
		d.Status = *n
	}
	return err
}

func (d *ResponseDefinition) readFault(v place) error {
	s, err := v.enum(javaFault, "CONNECTION_RESET_BY_PEER, EMPTY_RESPONSE, RANDOM_DATA_THEN_CLOSE, MALFORMED_RESPONSE_CHUNK",
		string(ConnectionResetByPeer), string(EmptyResponse), string(MalformedResponseChunk), string(RandomDataThenClose))
	d.Fault = Fault(s)
	return err
}

// readHeaders reads an object of strings or arrays of strings; anything else than an object has no headers.
func readHeaders(v place) ([]Header, error) {
	if v.value == nil {
		return nil, nil
	}
	out := []Header{}
	o, ok := v.value.(*jsondoc.Object)
	if !ok {
		return out, nil
	}
	for _, m := range o.Members() {
		h := Header{Name: m.Name}
		switch t := m.Value.(type) {
		case string:
			h.Values, h.Single = []string{t}, true
		case []any:
			for _, e := range t {
				s, ok := e.(string)
				if !ok {
					return nil, parsing(v.pointer, "")
				}
				h.Values = append(h.Values, s)
			}
			if len(t) == 0 {
				return nil, parsing(v.pointer, "No value for "+m.Name)
			}
			h.Single = len(h.Values) == 1
		default:
			return nil, parsing(v.pointer, "null value in entry: "+m.Name+"=null")
		}
		out = append(out, h)
	}
	return out, nil
}

var javaDelays = map[DelayType]string{
	FixedDelay: javaPackage + "http.FixedDelayDistribution", UniformDelay: javaPackage + "http.UniformDistribution",
	LogNormalDelay: javaPackage + "http.LogNormal",
}

func readDelay(v place) (*DelayDistribution, error) {
	if v.value == nil {
		return nil, nil
	}
	o, ok := v.value.(*jsondoc.Object)
	kind, has := any(nil), false
	if ok {
		kind, has = o.Get("type")
	}
	property := ""
	if i := strings.LastIndexByte(v.pointer, '/'); i >= 0 {
		property = " (for POJO property '" + v.pointer[i+1:] + "')"
	}
	if !has || kind == nil {
		return nil, parsing(v.pointer, "Could not resolve subtype of [simple type, class "+javaDelay+"]: missing type id property 'type'"+property)
	}
	d := &DelayDistribution{Type: DelayType(fmt.Sprint(kind))}
	java, known := javaDelays[d.Type]
	if !known {
		return nil, parsing(v.pointer, fmt.Sprintf("Could not resolve type id '%s' as a subtype of `%s`: known type ids = [fixed, lognormal, uniform]%s", d.Type, javaDelay, property))
	}
	return d, v.bean(java, d.read)
}

// ConvertDelay reads a delay distribution that stands in the parameters of a listener. WireMock converts it late and tells of
// errors without their place.
func ConvertDelay(o *jsondoc.Object) (*DelayDistribution, error) {
	d, err := readDelay(place{value: o})
	if err == nil {
		return d, nil
	}
	e := AsError(err, "")
	detail := e.Detail + "\n at [Source: UNKNOWN; byte offset: #UNKNOWN]"
	if member := strings.TrimPrefix(e.Pointer, "/"); member != "" {
		detail += fmt.Sprintf(" (through reference chain: %s[%q])", javaDelays[d.Type], member)
	}
	return nil, errors.New(detail)
}

func (d *DelayDistribution) read(name string, v place) (known bool, err error) {
	integer := func(dst *int, java string) {
		var n *int
		if n, err = v.integer(java); n != nil {
			*dst = *n
		}
	}
	float := func(dst *float64) {
		var f *float64
		if f, err = v.double(); f != nil {
			*dst = *f
		}
	}
	switch {
	case name == "type":
	case name == "milliseconds" && d.Type == FixedDelay:
		integer(&d.Milliseconds, "long")
	case name == "lower" && d.Type == UniformDelay:
		integer(&d.Lower, "int")
	case name == "upper" && d.Type == UniformDelay:
		integer(&d.Upper, "int")
	case name == "median" && d.Type == LogNormalDelay:
		float(&d.Median)
	case name == "sigma" && d.Type == LogNormalDelay:
		float(&d.Sigma)
	case name == "maxValue" && d.Type == LogNormalDelay:
		d.MaxValue, err = v.double()
	default:
		return false, nil
	}
	return true, err
}

func readDribble(v place) (*ChunkedDribbleDelay, error) {
	if v.value == nil {
		return nil, nil
	}
	d := &ChunkedDribbleDelay{}
	err := v.bean(javaDribble, func(name string, v place) (bool, error) {
		if name != "numberOfChunks" && name != "totalDuration" {
			return false, nil
		}
		n, err := v.integer("java.lang.Integer")
		if n == nil || err != nil {
			return true, err
		}
		if name == "numberOfChunks" {
			d.NumberOfChunks, d.hasChunks = *n, true
		} else {
			d.TotalDuration, d.hasDuration = time.Duration(*n)*time.Millisecond, true
		}
		return true, nil
	})
	return d, err
}

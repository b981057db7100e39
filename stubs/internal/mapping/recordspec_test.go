package mapping

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRecordSpec(t *testing.T) {
	s, err := ParseRecordSpec([]byte(`{"targetBaseUrl":"http://x","filters":{"method":"PUT","ids":["00000000-0000-0000-0000-00000000000A"],"allowNonProxied":true,"zork":1},
		"captureHeaders":{"A":{"caseInsensitive":true},"B":null},"requestBodyPattern":{"matcher":"equalToJson","ignoreArrayOrder":true},
		"extractBodyCriteria":{"textSizeThreshold":"1.5 kb"},"outputFormat":"ids","persist":0,"repeatsAsScenarios":"false","transformers":["x"]}`))
	require.NoError(t, err)
	yes := true
	assert.Equal(t, "PUT", s.Filter.Method)
	s.Filter = nil
	assert.Equal(t, &RecordSpec{Target: "http://x", IDs: []string{"00000000-0000-0000-0000-00000000000a"}, NonProxied: true,
		CaptureHeaders: []CaptureHeader{{"A", &yes}, {"B", nil}}, Body: RecordedBody{Kind: "equalToJson", IgnoreArrayOrder: &yes},
		ExtractText: 1536, ExtractBinary: neverExtracted, IDsOnly: true}, s)
}

func TestSizesOfRecordedBodies(t *testing.T) {
	for written, want := range map[string]int64{`"10"`: 10, `"10 KB"`: 10 << 10, `"0,5 k"`: 512, `"2mb"`: 2 << 20, `"1 G"`: 1 << 30, `7`: 7, `-1`: -1, `1.5`: 1, `null`: neverExtracted} {
		s, err := ParseRecordSpec([]byte(`{"extractBodyCriteria":{"textSizeThreshold":` + written + `}}`))
		require.NoError(t, err, written)
		assert.Equal(t, want, s.ExtractText, written)
	}
}

func TestRecordSpecsThatWireMockRefuses(t *testing.T) {
	const recording = "com.github.tomakehurst.wiremock.recording."
	for spec, want := range map[string]Error{
		`{"zork":1}`:                {Pointer: "/zork", Detail: `Unrecognized field "zork" (class ` + recording + `RecordSpec), not marked as ignorable`},
		`[]`:                        {Pointer: "/", Detail: "Cannot deserialize value of type `" + recording + "RecordSpec` from Array value (token `JsonToken.START_ARRAY`)"},
		`{"outputFormat":"html"}`:   {Pointer: "/outputFormat", Detail: "Invalid output format"},
		`{"outputFormat":{}}`:       {Pointer: "/outputFormat", Detail: "Cannot deserialize value of type `" + recording + "SnapshotOutputFormatter` from Object value (token `JsonToken.START_OBJECT`)"},
		`{"persist":"x"}`:           {Pointer: "/persist", Detail: "Cannot deserialize value of type `java.lang.Boolean` from String \"x\": only \"true\" or \"false\" recognized"},
		`{"filters":[]}`:            {Pointer: "/filters", Detail: "Cannot deserialize value of type `" + recording + "ProxiedServeEventFilters` from Array value (token `JsonToken.START_ARRAY`)"},
		`{"filters":{"ids":["x"]}}`: {Pointer: "/filters/ids/0", Detail: `Cannot deserialize value of type ` + "`java.util.UUID`" + ` from String "x": UUID has to be represented by standard 36-char representation`},
		`{"filters":{"ids":"x"}}`:   {Pointer: "/filters/ids", Detail: "Cannot deserialize value of type `java.util.ArrayList<java.util.UUID>` from String value (token `JsonToken.VALUE_STRING`)"},
		`{"filters":{"headers":1}}`: {Pointer: "/filters/headers", Detail: "Cannot deserialize value of type `java.util.LinkedHashMap<java.lang.String,com.github.tomakehurst.wiremock.matching.MultiValuePattern>` from Integer value (token `JsonToken.VALUE_NUMBER_INT`)"},
		`{"filters":{"allowNonProxied":"x"}}`: {Pointer: "/filters/allowNonProxied",
			Detail: `Cannot deserialize value of type ` + "`boolean`" + ` from String "x": only "true"/"True"/"TRUE" or "false"/"False"/"FALSE" recognized`},
		`{"captureHeaders":"x"}`: {Pointer: "/captureHeaders",
			Detail: "Cannot construct instance of `java.util.LinkedHashMap` (although at least one Creator exists): no String-argument constructor/factory method to deserialize from String value ('x')"},
		`{"captureHeaders":{"A":{"x":1}}}`:        {Pointer: "/captureHeaders/A/x", Detail: `Unrecognized field "x" (class ` + recording + `CaptureHeadersSpec), not marked as ignorable`},
		`{"requestBodyPattern":{"matcher":null}}`: {Pointer: "/requestBodyPattern/matcher", Detail: `Unrecognized field "matcher" (class ` + recording + `RequestBodyAutomaticPatternFactory), not marked as ignorable`},
		`{"requestBodyPattern":{"matcher":"equalToXml","caseInsensitive":true}}`: {Pointer: "/requestBodyPattern/caseInsensitive",
			Detail: `Unrecognized field "caseInsensitive" (class ` + recording + `RequestBodyEqualToXmlPatternFactory), not marked as ignorable`},
		`{"extractBodyCriteria":{"textSizeThreshold":"10 zb"}}`: {Pointer: "/extractBodyCriteria", Detail: "Invalid size unit: z"},
		`{"extractBodyCriteria":{"textSizeThreshold":"much"}}`:  {Pointer: "/extractBodyCriteria", Detail: `Invalid size string: "much"`},
		`{"extractBodyCriteria":{"textSizeThreshold":true}}`:    {Pointer: "/extractBodyCriteria", Detail: `Cannot invoke "String.trim()" because "in" is null`},
		`{"transformers":"x"}`: {Pointer: "/transformers",
			Detail: "Cannot construct instance of `java.util.ArrayList` (although at least one Creator exists): no String-argument constructor/factory method to deserialize from String value ('x')"},
		`{"transformerParameters":1}`: {Pointer: "/transformerParameters", Detail: "Cannot deserialize value of type `com.github.tomakehurst.wiremock.extension.Parameters` from Integer value (token `JsonToken.VALUE_NUMBER_INT`)"},
	} {
		_, err := ParseRecordSpec([]byte(spec))
		want.Code, want.Title = 10, "Error parsing JSON"
		assert.Equal(t, &want, err, spec)
	}
}

func FuzzParseRecordSpec(f *testing.F) {
	f.Add([]byte(`{"targetBaseUrl":"http://x","filters":{"urlPattern":"/a.*","ids":["x"]},"captureHeaders":{"A":{"caseInsensitive":true}}}`))
	f.Add([]byte(`{"extractBodyCriteria":{"textSizeThreshold":"10 kb","binarySizeThreshold":"1.5 M"},"outputFormat":"ids"}`))
	f.Add([]byte(`{"requestBodyPattern":{"matcher":"equalToJson","ignoreArrayOrder":"true"},"persist":"false"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := ParseRecordSpec(data); (s == nil) == (err == nil) {
			t.Fatalf("spec %v with error %v", s, err)
		}
	})
}

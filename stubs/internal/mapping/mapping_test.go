package mapping

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// What WireMock 3.13.2 stores and prints back.
func TestParseAndPrint(t *testing.T) {
	const id = `"id":"11111111-1111-4111-8111-111111111111"`
	const uuid = `"uuid":"11111111-1111-4111-8111-111111111111"`
	for in, want := range map[string]string{
		`{}`: `"request":{"method":"ANY"},"response":{"status":200},` + uuid,
		`{"$schema":"https://x/stub-mapping.json","request":{"clientIp":{"absent":true},"url":"/a"}}`:      `"request":{"url":"/a","clientIp":{"absent":true},"method":"ANY"},"response":{"status":200},` + uuid,
		`{"request":{"url":"/a","urlPath":"/b"},"response":{"body":"b","jsonBody":{},"bodyFileName":"x"}}`: `"request":{"url":"/a","method":"ANY"},"response":{"status":200,"body":"b","bodyFileName":"x"},` + uuid,
		`{"response":{"status":"201","delayDistribution":{"type":"uniform","lower":1,"upper":2}}}`:         `"request":{"method":"ANY"},"response":{"status":201,"delayDistribution":{"type":"uniform","lower":1,"upper":2}},` + uuid,
		`{"response":{"delayDistribution":{"type":"lognormal","median":1,"sigma":0.1,"maxValue":5}}}`:      `"request":{"method":"ANY"},"response":{"status":200,"delayDistribution":{"type":"lognormal","median":1.0,"sigma":0.1,"maxValue":5.0}},` + uuid,
		`{"response":{"headers":{"A":"b","C":["d","e"]},"jsonBody":{"a":1.50}}}`:                           `"request":{"method":"ANY"},"response":{"status":200,"jsonBody":{"a":1.50},"headers":{"A":"b","C":["d","e"]}},` + uuid,
		`{"postServeActions":{"a":{"x":1}}}`:                                                               `"request":{"method":"ANY"},"response":{"status":200},` + uuid + `,"postServeActions":[{"name":"a","parameters":{"x":1}}]`,
		`{"postServeActions":{},"response":{"fault":1,"proxyBaseUrl":" http://x "}}`:                       `"request":{"method":"ANY"},"response":{"status":200,"proxyBaseUrl":"http://x","fault":"EMPTY_RESPONSE"},` + uuid + `,"postServeActions":[]`,
		`{"serveEventListeners":[{"name":"a","requestPhases":[0," AFTER_MATCH "]}]}`:                       `"request":{"method":"ANY"},"response":{"status":200},` + uuid + `,"serveEventListeners":[{"name":"a","requestPhases":["BEFORE_MATCH","AFTER_MATCH"]}]`,
		`{"metadata":{"b":null,"a":1.50}}`:                                                                 `"request":{"method":"ANY"},"response":{"status":200},` + uuid + `,"metadata":{"a":1.50}`,
		`{"request":{"basicAuth":{"username":"u","password":"p"},"headers":{}}}`:                           `"request":{"method":"ANY","headers":{},"basicAuthCredentials":{"username":"u","password":"p"}},"response":{"status":200},` + uuid,
		`{"request":{"multipartPatterns":[{"matchingType":"ALL"}]},"response":{"body":""}}`:                `"request":{"method":"ANY","multipartPatterns":[{"matchingType":"ALL"}]},"response":{"status":200,"body":""},` + uuid,
	} {
		m, err := Parse([]byte(in))
		require.NoError(t, err, in)
		m.ID = "11111111-1111-4111-8111-111111111111"
		assert.Equal(t, "{"+id+","+want+"}", string(jsondoc.AppendCompact(nil, m.Value())), in)
	}
}

func TestParseErrors(t *testing.T) {
	for in, want := range map[string]Error{
		``:                                  {Pointer: "/", Detail: "No content to map due to end-of-input"},
		`[]`:                                {Pointer: "/", Detail: "Cannot deserialize value of type `com.github.tomakehurst.wiremock.stubbing.StubMapping` from Array value (token `JsonToken.START_ARRAY`)"},
		`{"x":1}`:                           {Pointer: "/x", Detail: `Unrecognized field "x" (class com.github.tomakehurst.wiremock.stubbing.StubMapping), not marked as ignorable`},
		`{"request":{"port":"a"}}`:          {Pointer: "/request/port", Detail: "Cannot deserialize value of type `java.lang.Integer` from String \"a\": not a valid `java.lang.Integer` value"},
		`{"response":{"fault":"X"}}`:        {Pointer: "/response/fault", Detail: "Cannot deserialize value of type `com.github.tomakehurst.wiremock.http.Fault` from String \"X\": not one of the values accepted for Enum class: [CONNECTION_RESET_BY_PEER, EMPTY_RESPONSE, RANDOM_DATA_THEN_CLOSE, MALFORMED_RESPONSE_CHUNK]"},
		`{"response":{"base64Body":"###"}}`: {Pointer: "/response", Detail: "Illegal base64 character 23"},
		`{"response":{"fault":4}}`:          {Pointer: "/response/fault", Detail: "Cannot deserialize value of type `com.github.tomakehurst.wiremock.http.Fault` from number 4: index value outside legal index range [0..3]"},
		`{"response":{"fault":true}}`:       {Pointer: "/response/fault", Detail: "Cannot deserialize value of type `com.github.tomakehurst.wiremock.http.Fault` from Boolean value (token `JsonToken.VALUE_TRUE`)"},
		`{"request":" x "}`:                 {Pointer: "/request", Detail: "Cannot construct instance of `com.github.tomakehurst.wiremock.matching.RequestPattern` (although at least one Creator exists): no String-argument constructor/factory method to deserialize from String value ('x')"},
		`{"postServeActions":{"a":1.5}}`:    {Pointer: "/postServeActions", Detail: "class java.math.BigDecimal cannot be cast to class java.util.Map (java.math.BigDecimal and java.util.Map are in module java.base of loader 'bootstrap')"},
		`{"serveEventListeners":["x"]}`:     {Pointer: "/serveEventListeners", Detail: "class java.lang.String cannot be cast to class java.util.Map (java.lang.String and java.util.Map are in module java.base of loader 'bootstrap')"},
		`{"id":"x"}`:                        {Pointer: "/id", Detail: "Cannot deserialize value of type `java.util.UUID` from String \"x\": UUID has to be represented by standard 36-char representation"},
		`{"request":{"headers":{"a/b":{"foo":"x"}}}}`:                        {Pointer: "/request/headers/a/b", Detail: `{"foo":"x"} is not a valid match operation`},
		`{"serveEventListeners":[{"name":"webhook","requestPhases":["X"]}]}`: {Pointer: "/serveEventListeners", Detail: "Cannot deserialize value of type `com.github.tomakehurst.wiremock.extension.ServeEventListener$RequestPhase` from String \"X\": not one of the values accepted for Enum class: [AFTER_MATCH, AFTER_COMPLETE, BEFORE_MATCH, BEFORE_RESPONSE_SENT]"},
	} {
		_, err := Parse([]byte(in))
		got, ok := errors.AsType[*Error](err)
		require.True(t, ok, in)
		want.Code, want.Title = 10, "Error parsing JSON"
		assert.Equal(t, want, *got, in)
	}
}

// Where WireMock says that a document stops being JSON: what it reads as a whole it does not look into.
func TestPlacesOfSyntaxErrors(t *testing.T) {
	for in, pointer := range map[string]string{
		`@`:                          NoPointer,
		`{"id":@}`:                   NoPointer,
		`{"request":{"url":"/a",},}`: "/request",
		`{"request":{"url":`:         "/request",
		`{"request":{"headers":{"A":{"equalTo":"x",}}}}`:                       "/request/headers",
		`{"request":{"bodyPatterns":[@]}}`:                                     "/request/bodyPatterns",
		`{"request":{"bodyPatterns":[{"equalTo":"x"},{"equalToJson":{"a":[@`:   "/request/bodyPatterns/1",
		`{"request":{"multipartPatterns":[{"bodyPatterns":[{"equalTo":@}]}]}}`: "/request/multipartPatterns/0/bodyPatterns/0",
		`{"response":{"jsonBody":{"a":[@]}}}`:                                  "/response/jsonBody",
		`{"metadata":{"a":{"b":@}}}`:                                           "/metadata",
	} {
		_, err := Parse([]byte(in))
		got, ok := errors.AsType[*Error](err)
		require.True(t, ok, in)
		assert.Equal(t, pointer, got.Pointer, in)
	}
}

func TestDelaysStayWithinTheirBounds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	limit := 120.0
	for range 2000 {
		u := (&DelayDistribution{Type: UniformDelay, Lower: 10, Upper: 12}).Sample(rnd)
		assert.True(t, u >= 10*time.Millisecond && u <= 12*time.Millisecond, u)
		l := (&DelayDistribution{Type: LogNormalDelay, Median: 100, Sigma: 1, MaxValue: &limit}).Sample(rnd)
		assert.True(t, l > 0 && l <= 120*time.Millisecond, l)
	}
	assert.Equal(t, 7*time.Millisecond, (&DelayDistribution{Type: FixedDelay, Milliseconds: 7}).Sample(rnd))
}

// Whatever is accepted prints as JSON that is accepted again and prints the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"request":{"method":"GET","urlPathTemplate":"/a/{b}","pathParameters":{"b":{"equalTo":"1"}},"bodyPatterns":[{"equalToJson":{"a":1}},{"matchesJsonPath":{"expression":"$.a","contains":"x"}}]},"response":{"status":200,"jsonBody":[1.50]}}`,
		`{"priority":"3","persistent":"true","metadata":{"a":null},"scenarioName":"s","requiredScenarioState":"Started"}`,
		`{"request":{"headers":{"A":{"hasExactly":[{"equalTo":"1"}]}},"multipartPatterns":[{"matchingType":"ANY","bodyPatterns":[{"binaryEqualTo":"AQID"}]}]}}`,
		`{"response":{"headers":{"a":["b","c"]},"base64Body":"AQID","delayDistribution":{"type":"fixed","milliseconds":1},"chunkedDribbleDelay":{"numberOfChunks":2,"totalDuration":3}}}`,
		`{"serveEventListeners":[{"name":"webhook","requestPhases":["AFTER_COMPLETE"],"parameters":{"url":"x"}}]}`,
		`{"envd":{"ttl":"1m"}}`, `{"request":5}`, `{"response":{"status":1e99}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		if m.ID == "" {
			m.ID = "11111111-1111-4111-8111-111111111111"
		}
		printed := jsondoc.AppendCompact(nil, m.Value())
		again, err := Parse(printed)
		if err != nil {
			t.Fatalf("%s: %v", printed, err)
		}
		if p := jsondoc.AppendCompact(nil, again.Value()); string(p) != string(printed) {
			t.Fatalf("%s became %s", printed, p)
		}
	})
}

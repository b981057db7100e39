package stubs_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
)

type subEvent struct {
	Type string
	Data struct {
		Message string
		Errors  []struct{ Detail string }
	}
}

// What WireMock 3.13.2 notes with a request whose body a pattern could not look into, matched by another stub or not.
func TestFindingsAreSubEvents(t *testing.T) {
	for _, c := range []struct{ pattern, body, kind, message string }{
		{`{"equalToJson":"{}"}`, `not json`, "JSON_ERROR", "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: (String)\"not json\"; line: 1, column: 4]"},
		{`{"equalToJson":"{}"}`, ``, "WARNING", `argument "content" is null`},
		{`{"equalToJson":"{}"}`, `{"a":1}`, "", ""},
		{`{"matchesJsonPath":"$.a"}`, `{"b":1}`, "WARNING", `Warning: JSON path expression failed to match document '{"b":1}' because of error 'No results for path: $['a']'`},
		{`{"matchesJsonPath":"$.a"}`, `<x/>`, "WARNING", `Warning: JSON path expression failed to match document '<x/>' because it's not JSON but probably XML`},
		{`{"matchesJsonPath":{"expression":"$.a","equalTo":"1"}}`, `<x/>`, "WARNING", `Warning: JSON path expression '$.a' failed to match document '<x/>' because it's not JSON but probably XML`},
		{`{"matchesJsonPath":{"expression":"$.a","equalTo":"1"}}`, `{"b":1}`, "", ""},
		{`{"and":[{"matchesJsonPath":"$.a"},{"contains":"z"}]}`, `{"b":1}`, "WARNING", `Warning: JSON path expression failed to match document '{"b":1}' because of error 'No results for path: $['a']'`},
		{`{"not":{"equalToJson":"{\"a\":1}"}}`, `{"a":1}`, "", ""},
		{`{"equalToXml":"<a/>"}`, `text`, "WARNING", "Content is not allowed in prolog."},
		{`{"equalToXml":"<a/>"}`, `<a`, "WARNING", "XML document structures must start and end within the same entity."},
		{`{"matchesXPath":"/a"}`, `text`, "WARNING", "Warning: failed to parse the XML document\nXML: text"},
		{`{"matchesXPath":"/a"}`, ``, "WARNING", "Warning: failed to parse the XML document\nXML: null"},
		{`{"contains":"x"}`, `y`, "", ""},
	} {
		for _, matched := range []bool{false, true} {
			t.Run(fmt.Sprint(c.pattern, c.body, matched), func(t *testing.T) {
				s := newServer(t, stubs.Options{}, `{"priority":1,"request":{"url":"/a","bodyPatterns":[`+c.pattern+`]}}`)
				if matched {
					require.Equal(t, 201, send(s, "POST", "/__admin/mappings", `{"request":{"url":"/a"}}`).status)
				}
				status := 404
				if matched {
					status = 200
				}
				require.Equal(t, status, send(s, "POST", "/a", c.body).status)
				var list struct {
					Requests []struct{ SubEvents []subEvent }
				}
				require.NoError(t, json.Unmarshal([]byte(send(s, "GET", "/__admin/requests", "").body), &list))
				require.Len(t, list.Requests, 1)
				check(t, c.kind, c.message, list.Requests[0].SubEvents)
				if matched {
					return
				}
				var near struct {
					NearMisses []struct {
						MatchResult struct{ SubEvents []subEvent }
					}
				}
				require.NoError(t, json.Unmarshal([]byte(send(s, "GET", "/__admin/requests/unmatched/near-misses", "").body), &near))
				require.Len(t, near.NearMisses, 1)
				check(t, c.kind, c.message, near.NearMisses[0].MatchResult.SubEvents)
			})
		}
	}
}

// check compares the sub-events other than the report of a mismatch with the only one that is wanted, or with none.
func check(t *testing.T, kind, message string, got []subEvent) {
	t.Helper()
	if n := len(got); n > 0 && got[n-1].Type == "REQUEST_NOT_MATCHED" {
		got = got[:n-1]
	}
	if kind == "" {
		assert.Empty(t, got)
		return
	}
	require.Len(t, got, 1)
	assert.Equal(t, kind, got[0].Type)
	if kind == "WARNING" {
		assert.Equal(t, message, got[0].Data.Message)
		return
	}
	require.Len(t, got[0].Data.Errors, 1)
	assert.Equal(t, message, got[0].Data.Errors[0].Detail)
}

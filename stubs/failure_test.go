package stubs_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
)

// TestWhereWireMockThrows has the requests on which WireMock answers 500 because a pattern of it throws.
func TestWhereWireMockThrows(t *testing.T) {
	const unix, template = `{"before":"now","actualFormat":"unix"}`, `{"matchesPathTemplate":"/a/{b}"}`
	for _, c := range []struct {
		request, target string
		header          [2]string
		want            int
	}{
		{`"headers":{"X":` + unix + `}`, "/x", [2]string{"X", "abc"}, 500},
		{`"headers":{"X":` + unix + `}`, "/x", [2]string{}, 404},
		{`"headers":{"A":{"equalTo":"1"},"X":` + unix + `}`, "/x", [2]string{"X", "abc"}, 500},
		{`"headers":{"X":{"includes":[` + unix + `]}}`, "/x", [2]string{"X", "abc"}, 500},
		{`"headers":{"X":` + template + `}`, "/x", [2]string{}, 500},
		{`"queryParameters":{"q":` + unix + `}`, "/x?q=abc", [2]string{}, 500},
		{`"queryParameters":{"q":` + unix + `}`, "/x", [2]string{}, 404},
		{`"queryParameters":{"q":` + template + `}`, "/x", [2]string{}, 500},
		{`"formParameters":{"q":` + template + `}`, "/x", [2]string{}, 500},
		{`"cookies":{"c":` + unix + `}`, "/x", [2]string{"Cookie", "c=abc"}, 500},
		{`"cookies":{"c":` + unix + `}`, "/x", [2]string{}, 500},
		{`"cookies":{"c":` + template + `}`, "/x", [2]string{}, 404},
		{`"urlPathTemplate":"/x/{id}","pathParameters":{"id":` + unix + `}`, "/x/abc", [2]string{}, 500},
		{`"method":"PUT","headers":{"X":` + template + `}`, "/x", [2]string{}, 500},
	} {
		s := newServer(t, stubs.Options{}, `{"request":{`+c.request+`},"response":{"status":299}}`)
		require.NoError(t, s.Start())
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+c.target, http.NoBody)
		require.NoError(t, err)
		if c.header[0] != "" {
			req.Header.Set(c.header[0], c.header[1])
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, c.want, resp.StatusCode, "%s %s %v", c.request, c.target, c.header)
	}
}

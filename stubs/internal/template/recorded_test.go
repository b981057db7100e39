package template

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// recordedCase is a template, a request, and what WireMock 3.13.2 rendered: want, or the text of its plain 500, or its
// error page.
type recordedCase struct {
	Template     string
	Method       string
	URL          string
	PathTemplate string
	Headers      map[string]string
	Body         string
	Parameters   json.RawMessage
	Want         string
	Error        string
	Page         bool
}

func (c recordedCase) model(t *testing.T) *Model {
	req := &event.Request{
		ID: uuid.New(), Method: "GET", URL: "/", Scheme: "http", Host: "127.0.0.1", Port: 80, ClientIP: "127.0.0.1",
		Header: http.Header{"Host": {"127.0.0.1"}}, Body: []byte(c.Body),
	}
	if c.Method != "" {
		req.Method = c.Method
	}
	if c.URL != "" {
		req.URL = c.URL
	}
	for name, value := range c.Headers {
		req.Header.Set(name, value)
		if name == "Host" {
			req.Host = value
		}
	}
	var variables []Variable
	if c.PathTemplate != "" {
		path := strings.Split(req.Path(), "/")
		for i, part := range strings.Split(c.PathTemplate, "/") {
			if name, ok := strings.CutPrefix(part, "{"); ok {
				variables = append(variables, Variable{strings.TrimSuffix(name, "}"), path[i]})
			}
		}
	}
	var parameters *jsondoc.Object
	if c.Parameters != nil {
		doc, err := jsondoc.Decode(c.Parameters)
		require.NoError(t, err)
		parameters, _ = doc.(*jsondoc.Object)
	}
	return NewModel(RequestName, req, variables, parameters)
}

// TestRecorded plays templates that were rendered by WireMock 3.13.2.
func TestRecorded(t *testing.T) {
	f, err := os.Open("testdata/recorded.ndjson")
	require.NoError(t, err)
	defer f.Close()
	e, err := New(Options{})
	require.NoError(t, err)
	count, used := 0, map[string]bool{}
	for lines := bufio.NewScanner(f); lines.Scan(); count++ {
		var c recordedCase
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
		for _, m := range calledHelper.FindAllStringSubmatch(c.Template, -1) {
			used[m[1]] = true
		}
		tmpl, err := e.Compile(c.Template)
		var got string
		if err == nil {
			got, err = tmpl.Render(context.Background(), c.model(t))
		}
		switch {
		case c.Page:
			var bad *CompileError
			assert.ErrorAs(t, err, &bad, c.Template)
		case c.Error != "":
			assert.IsType(t, &RenderError{}, err, c.Template)
			assert.EqualError(t, err, c.Error, c.Template)
		default:
			assert.NoError(t, err, c.Template)
			assert.Equal(t, c.Want, got, c.Template)
		}
	}
	require.Greater(t, count, 600)
	for name := range helpers {
		if !strings.Contains("hostname randomInt", name) { // what they give depends on the machine or on chance
			assert.True(t, used[name], "no recording uses %s", name)
		}
	}
}

var calledHelper = regexp.MustCompile(`[{(#~&]\s*(\w+)[ })~]`)

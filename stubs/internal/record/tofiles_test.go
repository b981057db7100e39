package record

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/files"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

func TestToFiles(t *testing.T) {
	h := &host{}
	var mappings, bodies files.Memory
	f := &ToFiles{Mappings: &mappings, Bodies: &bodies, MatchHeaders: []string{"accept"}, ServeEvents: h.ServeEvents}
	for range 2 { // the second time it is known
		e := h.serve("POST", "/a/b?c=d", "application/json", `{"q":1}`, "application/json", []byte("[]"))
		e.Request.Header.Set("Accept", "x/y")
		require.NoError(t, f.Served(e))
	}
	multipart := h.serve("POST", "/", "multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nv\r\n--B--\r\n", "text/plain", nil)
	require.NoError(t, f.Served(multipart))
	own := h.serve("GET", "/own", "", "", "text/plain", nil)
	own.Response.Proxied = false
	require.NoError(t, f.Served(own))

	names, err := mappings.List()
	require.NoError(t, err)
	require.Len(t, names, 2)
	assert.Regexp(t, `^mapping-\(root\)-[0-9A-Za-z]{5}\.json$`, names[0])
	assert.Regexp(t, `^mapping-a-b-[0-9A-Za-z]{5}\.json$`, names[1])
	data, err := mappings.Read(names[1])
	require.NoError(t, err)
	m, err := mapping.Parse(data)
	require.NoError(t, err)
	assert.Equal(t, strings.Replace(strings.Replace(names[1], "mapping", "body", 1), ".json", "", 1)+".json", m.Response.BodyFileName)
	assert.Equal(t, `{"url":"/a/b?c=d","method":"POST","headers":{"Accept":{"equalTo":"x/y"}},`+
		`"bodyPatterns":[{"equalToJson":"{\"q\":1}","ignoreArrayOrder":true,"ignoreExtraElements":true}]}`, string(jsondoc.AppendCompact(nil, m.Request.Value())))
	body, err := bodies.Read(m.Response.BodyFileName)
	require.NoError(t, err)
	assert.Equal(t, "[]", string(body))

	data, err = mappings.Read(names[0])
	require.NoError(t, err)
	m, err = mapping.Parse(data)
	require.NoError(t, err)
	require.Len(t, m.Request.Multipart, 1)
	assert.Equal(t, "n", m.Request.Multipart[0].Name)
}

package report

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

// Every report that people or scripts read names the images by their digests.
func TestImages(t *testing.T) {
	r := load(t, "pass")
	pulled := envd.ImageFact{Service: "api", Reference: "example.com/api:1", ID: "sha256:aa", Digest: "example.com/api@sha256:bb"}
	built := envd.ImageFact{Service: "web", Reference: "envd-built:cc", ID: "sha256:dd"}
	r.Observations = append(r.Observations, envd.Observation{Image: &pulled}, envd.Observation{Image: &built})
	var text, page, doc bytes.Buffer
	require.NoError(t, Text(&text, r, TextOptions{}))
	require.NoError(t, HTML(&page, r))
	for _, out := range []string{text.String(), page.String()} {
		assert.Contains(t, out, "api from example.com/api@sha256:bb")
		assert.Contains(t, out, "web from envd-built:cc, image ID sha256:dd")
	}
	require.NoError(t, JSON(&doc, r))
	var d Document
	require.NoError(t, json.Unmarshal(doc.Bytes(), &d))
	assert.Equal(t, []envd.ImageFact{pulled, built}, d.Images)
}

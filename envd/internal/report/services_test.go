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

// Every report that people or scripts read tells of services that were started again.
func TestRestarts(t *testing.T) {
	r := load(t, "pass")
	for i, why := range []string{"exit code 1", "signal: killed"} {
		r.Observations = append(r.Observations,
			envd.Observation{Service: &envd.ServiceEvent{Service: "api", Name: envd.ServiceExited, Detail: why, Restarting: true}},
			envd.Observation{Service: &envd.ServiceEvent{Service: "api", Name: envd.ServiceStarted, Restart: i + 1}})
	}
	var text, page, doc bytes.Buffer
	require.NoError(t, Text(&text, r, TextOptions{}))
	require.NoError(t, HTML(&page, r))
	for _, out := range []string{text.String(), page.String()} {
		assert.Contains(t, out, "2 restarts of api, the last after signal: killed")
	}
	require.NoError(t, JSON(&doc, r))
	var d Document
	require.NoError(t, json.Unmarshal(doc.Bytes(), &d))
	assert.Equal(t, []Restarts{{Service: "api", Count: 2, Last: "signal: killed"}}, d.Restarts)
}

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestComposeHooks has hooks that fail, and one whose effect outlives its service.
func TestComposeHooks(t *testing.T) {
	c := newComposed(t, map[string]string{
		"starts.yaml": `
services:
  web:
    image: ` + stackImage + `
    post_start:
      - command: [/stack, cat, /no/such/file]
      - command: [/stack, never, run]
`,
		"ends.yaml": `
services:
  web:
    image: ` + stackImage + `
    volumes: [./kept:/kept]
    environment: {ROLE: web}
    pre_stop:
      - {command: [/stack, copy, /proc/self/environ, /kept/ending], environment: {WHY: "${TOKEN}"}}
      - command: [/stack, cat, /no/such/file]
`,
		"kept/page": "",
	})
	out, code := c.envd("up", "-f", "starts.yaml", "--id", "e2e-hook-starts")
	assert.Equal(t, 3, code)
	assert.Contains(t, out, "service web: post_start: /stack cat /no/such/file exited with 1: open /no/such/file: no such file or directory")
	assertGone(t, "e2e-hook-starts")

	id := "e2e-hook-ends"
	c.up(id, "-f", "ends.yaml")
	out, code = c.envd("down", id)
	assert.Zero(t, code, "a hook that fails keeps nothing from its end: %s", out)
	told, err := os.ReadFile(filepath.Join(c.dir, "state", "runs", id, "runner.log"))
	require.NoError(t, err)
	assert.Contains(t, string(told), "service web: pre_stop: /stack cat /no/such/file exited with 1")
	assertGone(t, id)
	b, err := os.ReadFile(filepath.Join(c.dir, "kept", "ending"))
	require.NoError(t, err)
	assert.Contains(t, string(b), "ROLE=web", "it ran in the service")
	assert.Contains(t, string(b), "WHY=s3cret-of-env")
	run, err := os.ReadFile(filepath.Join(c.dir, "state", "runs", id, "run.json"))
	require.NoError(t, err)
	assert.NotContains(t, string(run), "s3cret-of-env")
}

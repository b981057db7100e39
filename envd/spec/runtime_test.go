package spec

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestChosenRuntime(t *testing.T) {
	const text = "apiVersion: envd/v1\nname: shop\nenvironment:\n  runtime: RUNTIME\n  services: {shop: {command: [sh]}}\n"
	for _, c := range []struct {
		name, own, other string
		built            []string
		want, mistake    string
	}{
		{"the spec's own", "docker", "", nil, "docker", ""},
		{"another one", "docker", "process", nil, "process", ""},
		{"an unknown one", "docker", "dcoker", nil, "", "--runtime:1:1: there is no runtime \"dcoker\" [unknown-value]\n" +
			"  1 | dcoker\n    | ^~~~~~\n  help: did you mean \"docker\"? (known: docker, fake, kind, kubernetes, process)\n"},
		{"one that is not built in", "docker", "kind", []string{"process", "docker"}, "", "--runtime:1:1: there is no runtime \"kind\" [unknown-value]\n" +
			"  1 | kind\n    | ^~~~\n  help: known: docker, process\n"},
		{"the spec's own is not built in", "kind", "", []string{"process", "docker"}, "",
			"envd.yaml:4:12: runtime kind is not built into this envd [unknown-value]\n  4 |   runtime: kind\n    |            ^~~~\n  help: known: docker, process\n"},
		{"another one than what is not built in", "kind", "process", []string{"process", "docker"}, "process", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := testOptions()
			opts.Runtime, opts.Runtimes = c.other, c.built
			s, found := Parse("envd.yaml", []byte(strings.Replace(text, "RUNTIME", c.own, 1)), opts)
			var b strings.Builder
			assert.NoError(t, found.Render(&b, false))
			assert.Equal(t, c.mistake, b.String())
			if c.mistake == "" && assert.NotNil(t, s) {
				assert.Equal(t, c.want, s.Environment.Runtime)
			}
		})
	}
}

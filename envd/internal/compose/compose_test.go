package compose_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/compose"
	"github.com/envd-dev/envd/envd/spec"
)

var update = flag.Bool("update", false, "write the golden files anew")

// variables are all that the process has.
var variables = map[string]string{"TOKEN": "s3cret", "EMPTY": ""}

func options() spec.Options {
	return spec.Options{Compose: compose.Load, Lookup: envd.Lookup{
		Env: func(name string) (string, bool) { v, ok := variables[name]; return v, ok }, File: os.ReadFile,
	}}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(got), 0o644))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// TestGood compares what is made of files with golden files, in which no variable's value may stand.
func TestGood(t *testing.T) {
	t.Chdir(filepath.Join("testdata", "good"))
	dir, err := os.Getwd()
	require.NoError(t, err)
	s, found := spec.FromCompose([]string{"full.yaml"}, nil, true, options())
	require.NoError(t, found.Err())
	b, err := json.MarshalIndent(s, "", "  ")
	require.NoError(t, err)
	text := strings.ReplaceAll(string(b), dir, "DIR") + "\n"
	for _, secret := range []string{"s3cret", "d0tenv", "k3y"} {
		assert.NotContains(t, text, secret, "values stay references")
	}
	golden(t, "full.golden", text)

	again, _ := spec.FromCompose([]string{"full.yaml"}, nil, true, options())
	assert.Equal(t, s, again, "reading twice gives the same spec")
}

// TestBad compares every mistake of each file, with its place, with golden files.
func TestBad(t *testing.T) {
	t.Chdir(filepath.Join("testdata", "bad"))
	files, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		s, found := spec.FromCompose([]string{name}, nil, false, options())
		assert.Nil(t, s, name)
		var out strings.Builder
		require.NoError(t, found.Render(&out, false))
		golden(t, strings.TrimSuffix(name, ".yaml")+".golden", out.String())
	}
}

func TestLaterFilesAndProfiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	base := write("compose.yaml", "services:\n  web: {image: web:1, environment: {A: one, B: one}}\n  debug: {image: debug, profiles: [debug]}\n")
	over := write("compose.test.yaml", "services:\n  web: {image: web:2, environment: {B: two}}\n")
	s, found := spec.FromCompose([]string{base, over}, []string{"debug"}, false, options())
	require.NoError(t, found.Err())
	require.Len(t, s.Environment.Services, 2)
	web := s.Environment.Service("web")
	assert.Equal(t, "web:2", web.Image)
	assert.Equal(t, map[string]envd.Value{"A": {Text: "one"}, "B": {Text: "two"}}, web.Env)
	assert.NotNil(t, s.Environment.Service("debug"))

	write("compose.test.yaml", "services:\n  web:\n    privileged: true\n")
	_, found = spec.FromCompose([]string{base, over}, nil, false, options())
	require.Len(t, found, 1)
	assert.Equal(t, over+":3:17: services.web.privileged: true is not supported by envd [unsupported]", found[0].String())
}

func TestProcessRuntimeIsRefusedWithReasons(t *testing.T) {
	path := filepath.Join(t.TempDir(), "compose.yaml")
	require.NoError(t, os.WriteFile(path, []byte("services:\n  web: {image: web:1}\n  api:\n    build: .\n"), 0o600))
	o := options()
	o.Runtime = "process"
	_, found := spec.FromCompose([]string{path}, nil, false, o)
	require.Len(t, found, 2)
	assert.Equal(t, path+":2:16: service web is the image web:1: the process runtime runs programs of this machine, not images [unsupported]", found[0].String())
	assert.Contains(t, found[1].String(), ":4:12: service api is built from "+filepath.Dir(path)+": the process runtime")
}

// TestStubsReplaceServices has a spec with stubs in the place of two services: one under its name, one under another.
func TestStubsReplaceServices(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(`
services:
  web:
    image: web
    depends_on: {payments: {condition: service_healthy}, mail: {condition: service_started}}
  payments:
    image: payments
    expose: [8080, 443]
    networks: {default: {aliases: [pay.internal]}}
  mail: {image: mail}
`), 0o600))
	read := func(stubs string) (*envd.Spec, spec.Diagnostics) {
		o := options()
		o.Dir = dir
		return spec.Parse("envd.yaml", []byte("apiVersion: envd/v1\nname: shop\nenvironment:\n  compose: compose.yaml\n  stubs: "+stubs+"\n"), o)
	}
	s, found := read(`{payments: {}, mail.example.com: {replaces: mail}}`)
	require.NoError(t, found.Err())
	assert.Equal(t, "docker", s.Environment.Runtime, "compose files live in containers")
	require.Len(t, s.Environment.Services, 1)
	assert.Empty(t, s.Environment.Services[0].DependsOn, "a stub is there before any service")
	assert.Empty(t, s.Environment.Services[0].After)
	payments := s.Environment.Stub("payments")
	assert.Equal(t, []int{8080}, payments.Ports, "the ports of the service that it stands in for")
	assert.Equal(t, []int{443}, payments.TLSPorts)
	assert.Equal(t, []string{"pay.internal"}, payments.Aliases)
	mail := s.Environment.Stub("mail.example.com")
	assert.Equal(t, []int{80}, mail.Ports)
	assert.Equal(t, []string{"mail"}, mail.Aliases)

	_, found = read(`{payments: {}, smtp.example.com: {replaces: mial}}`)
	require.Len(t, found, 1)
	assert.Equal(t, `envd.yaml:5:54: stub smtp.example.com replaces "mial", which is no service of the compose file [unknown-service]`, found[0].String())
	assert.Contains(t, found[0].Help, `did you mean "mail"?`)
}

// TestSeveralFiles has files that include others, extend services of others, and take back what others say.
func TestSeveralFiles(t *testing.T) {
	t.Chdir(filepath.Join("testdata", "several"))
	dir, err := os.Getwd()
	require.NoError(t, err)
	s, found := spec.FromCompose([]string{"compose.yaml", "compose.over.yaml"}, nil, true, options())
	require.NoError(t, found.Err())
	b, err := json.MarshalIndent(s, "", "  ")
	require.NoError(t, err)
	text := strings.ReplaceAll(string(b), dir, "DIR") + "\n"
	assert.NotContains(t, text, "d0tenv", "values stay references")
	golden(t, "golden.json", text)
}

// TestStacks reads files in the manner of those that people publish, and compares what is made of each, or what is refused
// of it, with one golden file.
func TestStacks(t *testing.T) {
	t.Chdir(filepath.Join("testdata", "stacks"))
	files, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	require.Greater(t, len(files), 15)
	o := options()
	given := map[string]string{"ARCH": runtime.GOARCH, "STACK_VERSION": "8.15.0", "ELASTIC_PASSWORD": "s3cret", "KC_DB_PASSWORD": "s3cret", "POSTGRES_PASSWORD": "s3cret"}
	o.Lookup.Env = func(name string) (string, bool) { v, ok := given[name]; return v, ok }
	var out strings.Builder
	for _, name := range files {
		fmt.Fprintf(&out, "== %s\n", name)
		s, found := spec.FromCompose([]string{name}, nil, false, o)
		for _, d := range found {
			fmt.Fprintln(&out, d)
		}
		if s == nil {
			continue
		}
		for _, svc := range s.Environment.Services {
			fmt.Fprintf(&out, "%s: %s", svc.Name, cmp.Or(svc.Image, "built"))
			for _, on := range svc.DependsOn {
				fmt.Fprintf(&out, ", after %s is ready", on)
			}
			for _, on := range svc.After {
				fmt.Fprintf(&out, ", after %s has started", on)
			}
			if svc.Restart != nil {
				fmt.Fprintf(&out, ", restart %+v", *svc.Restart)
			}
			fmt.Fprintln(&out)
		}
	}
	golden(t, "stacks.golden", out.String())
}

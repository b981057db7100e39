package docker_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/moby/moby/api/pkg/authconfig"
	registrytypes "github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/docker"
	"github.com/envd-dev/envd/envd/internal/runtime/runtimetest"
)

const (
	registryUser   = "developer"
	registrySecret = "s3cret"
)

// engine is a client of the engine, for what a test does beside the runtime.
func engine(t testing.TB) *client.Client {
	cli, err := client.New(client.FromEnv)
	require.NoError(t, err)
	t.Cleanup(func() { cli.Close() })
	return cli
}

// privateRegistry serves a registry that wants credentials, and returns its host.
func privateRegistry(t *testing.T) string {
	store := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, secret, _ := r.BasicAuth(); user != registryUser || secret != registrySecret {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`, http.StatusUnauthorized)
			return
		}
		store.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	return "localhost:" + port
}

// push puts an image of the test's program under a name into the registry, and removes it from the engine. What it says
// makes its content its own.
func push(t *testing.T, cli *client.Client, name, says string) (digest string) {
	ctx := context.Background()
	id := importImage(t, cli, map[string]string{"says": says})
	_, err := cli.ImageTag(ctx, client.ImageTagOptions{Source: id, Target: name})
	require.NoError(t, err)
	auth, err := authconfig.Encode(registrytypes.AuthConfig{Username: registryUser, Password: registrySecret})
	require.NoError(t, err)
	pushing, err := cli.ImagePush(ctx, name, client.ImagePushOptions{RegistryAuth: auth})
	require.NoError(t, err)
	require.NoError(t, pushing.Wait(ctx))
	seen, err := cli.ImageInspect(ctx, name)
	require.NoError(t, err)
	require.NotEmpty(t, seen.RepoDigests)
	removeImage(t, cli, id)
	return seen.RepoDigests[0]
}

// importImage makes an image of this test's program and some files.
func importImage(t testing.TB, cli *client.Client, files map[string]string) (id string) {
	var layer bytes.Buffer
	archive := tar.NewWriter(&layer)
	binary, err := os.ReadFile(program)
	require.NoError(t, err)
	files["program"] = string(binary)
	for name, content := range files {
		require.NoError(t, archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755, Size: int64(len(content))}))
		_, err := archive.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	name := "envd-test/" + strings.ToLower(rand.Text())
	imported, err := cli.ImageImport(context.Background(), client.ImageImportSource{Source: &layer, SourceName: "-"}, name, client.ImageImportOptions{})
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, imported)
	require.NoError(t, err)
	seen, err := cli.ImageInspect(context.Background(), name)
	require.NoError(t, err)
	t.Cleanup(func() { removeImage(t, cli, seen.ID) })
	return seen.ID
}

func removeImage(t testing.TB, cli *client.Client, id string) {
	_, err := cli.ImageRemove(context.Background(), id, client.ImageRemoveOptions{Force: true})
	if err != nil {
		assert.ErrorContains(t, err, "No such image")
	}
}

// configure makes a docker configuration with a credential helper for a registry, which a script is.
func configure(t *testing.T, host, secret string) {
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	config := fmt.Sprintf(`{"credHelpers": {%q: "envdtest"}}`, host)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600))
	helper := fmt.Sprintf("#!/bin/sh\nread host\n[ \"$1 $host\" = 'get %s' ] || exit 1\necho '{\"Username\": \"%s\", \"Secret\": \"%s\"}'\n", host, registryUser, secret)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "docker-credential-envdtest"), []byte(helper), 0o755))
}

func prepare(rt *docker.Runtime, id string, svc *envd.Service, args map[string]string) error {
	return rt.Do(context.Background(), id, envd.Operation{Kind: envd.OpImage, Target: svc.Name, Service: svc, Env: args})
}

func fact(t *testing.T, rt *docker.Runtime, id, service string) envd.ImageFact {
	f, ok := rt.Image(context.Background(), id, service)
	require.True(t, ok)
	return f
}

func TestPrivateRegistry(t *testing.T) {
	rt, id := environment(t, nil)
	cli, host := engine(t), privateRegistry(t)
	name := host + "/shop/api:1"
	digest := push(t, cli, name, "first")
	svc := &envd.Service{Name: "api", Image: name, Command: []string{"/program", runtimetest.Verb, "read:/says"}}

	t.Setenv("DOCKER_CONFIG", t.TempDir())
	assert.ErrorContains(t, prepare(rt, id, svc, nil), "docker login "+host, "no credentials")
	configure(t, host, "wrong")
	assert.ErrorContains(t, prepare(rt, id, svc, nil), "does not let the credentials of the docker configuration read it", "wrong credentials")
	svc.Pull = envd.PullNever
	assert.ErrorContains(t, prepare(rt, id, svc, nil), "pull: never")

	configure(t, host, registrySecret)
	svc.Pull = envd.PullMissing
	require.NoError(t, prepare(rt, id, svc, nil))
	first := fact(t, rt, id, "api")
	assert.Equal(t, envd.ImageFact{Service: "api", Reference: name, ID: first.ID, Digest: digest}, first)
	assert.Regexp(t, `^sha256:[0-9a-f]{64}$`, first.ID)

	moved := push(t, cli, name, "second") // from elsewhere: the engine here keeps what it has
	_, err := cli.ImageInspect(context.Background(), first.ID)
	require.NoError(t, err)
	_, err = cli.ImageTag(context.Background(), client.ImageTagOptions{Source: first.ID, Target: name})
	require.NoError(t, err)
	require.NoError(t, prepare(rt, id, svc, nil))
	assert.Equal(t, first.ID, fact(t, rt, id, "api").ID, "it is there")
	svc.Pull = envd.PullAlways
	require.NoError(t, prepare(rt, id, svc, nil))
	assert.Equal(t, moved, fact(t, rt, id, "api").Digest, "the tag has moved")
	require.NoError(t, start(rt, id, svc))
	assert.Contains(t, logOf(t, rt, id, "api"), " stdout second\n")

	pinned := &envd.Service{Name: "pinned", Image: digest, Command: []string{"/program", runtimetest.Verb, "read:/says"}}
	require.NoError(t, prepare(rt, id, pinned, nil))
	assert.Equal(t, first.ID, fact(t, rt, id, "pinned").ID)
	require.NoError(t, start(rt, id, pinned))
	assert.Contains(t, logOf(t, rt, id, "pinned"), " stdout first\n")

	assert.ErrorContains(t, prepare(rt, id, &envd.Service{Name: "typo", Image: host + "/shop/apo:1"}, nil), host+" has none of that name and tag")
	assert.ErrorContains(t, prepare(rt, id, &envd.Service{Name: "bad", Image: "No:Such:Name"}, nil), "is no name of an image")
	for _, f := range []envd.ImageFact{first, fact(t, rt, id, "api")} {
		t.Cleanup(func() { removeImage(t, cli, f.ID) })
	}
}

func TestMissingCredentialHelper(t *testing.T) {
	rt, id := environment(t, nil)
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"credsStore": "no-such-store"}`), 0o600))
	err := prepare(rt, id, &envd.Service{Name: "api", Image: "localhost:1/api:1"}, nil)
	assert.ErrorContains(t, err, "there is no program docker-credential-no-such-store in PATH")
}

// buildFolder is a build context around the test's program.
func buildFolder(t *testing.T, dockerfile string, files map[string]string) string {
	dir := t.TempDir()
	files["Dockerfile"] = dockerfile
	for name, content := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	b, err := os.ReadFile(program)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "program"), b, 0o755))
	return dir
}

func TestBuild(t *testing.T) {
	rt, id := environment(t, nil)
	cli := engine(t)
	dir := buildFolder(t, `
FROM scratch AS base
COPY . /
ARG VERSION=none
ENV VERSION=$VERSION NAME=base
FROM base AS other
ENV NAME=other
`, map[string]string{".dockerignore": "secret\n**/*.tmp\nDockerfile\n", "secret": "x", "deep/a.tmp": "x", "deep/kept": "kept"})
	svc := &envd.Service{
		Name: "built", Build: &envd.Build{Context: dir, Target: "base"}, Image: "envd-test/named:1",
		Command: []string{"/program", runtimetest.Verb, "env:VERSION", "env:NAME", "read:/deep/kept"},
	}
	require.NoError(t, prepare(rt, id, svc, map[string]string{"VERSION": "7"}))
	first := fact(t, rt, id, "built")
	t.Cleanup(func() { removeImage(t, cli, first.ID) })
	assert.Regexp(t, `^envd-built:[0-9a-f]{64}$`, first.Reference)
	named, err := cli.ImageInspect(context.Background(), "envd-test/named:1")
	require.NoError(t, err)
	assert.Equal(t, first.ID, named.ID)
	require.NoError(t, start(rt, id, svc))
	logs := logOf(t, rt, id, "built")
	for _, line := range []string{"7", "base", "kept"} {
		assert.Contains(t, logs, " stdout "+line+"\n")
	}

	for _, file := range []string{"/secret", "/deep/a.tmp", "/Dockerfile"} {
		lost := &envd.Service{Name: "lost", Build: svc.Build, Command: []string{"/program", runtimetest.Verb, "read:" + file}}
		require.NoError(t, prepare(rt, id, lost, map[string]string{"VERSION": "7"}))
		assert.Equal(t, first.ID, fact(t, rt, id, "lost").ID, "nothing has changed: it is built once")
		require.NoError(t, start(rt, id, lost))
		exit, err := rt.Wait(context.Background(), id, "lost")
		require.NoError(t, err)
		assert.NotZero(t, exit.Code, "%s is ignored", file)
	}

	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("other"), 0o644))
	require.NoError(t, prepare(rt, id, svc, map[string]string{"VERSION": "7"}))
	assert.Equal(t, first, fact(t, rt, id, "built"), "what is ignored changes nothing")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "deep/kept"), []byte("changed"), 0o644))
	require.NoError(t, prepare(rt, id, svc, map[string]string{"VERSION": "7"}))
	second := fact(t, rt, id, "built")
	t.Cleanup(func() { removeImage(t, cli, second.ID) })
	assert.NotEqual(t, first.ID, second.ID)
}

func TestBuildFails(t *testing.T) {
	rt, id := environment(t, nil)
	build := func(dockerfile string) error {
		dir := buildFolder(t, dockerfile, map[string]string{})
		return prepare(rt, id, &envd.Service{Name: "api", Build: &envd.Build{Context: dir}}, nil)
	}
	err := build("FROM scratch\nCOPY program /\nRUN [\"/program\", \"" + runtimetest.Verb + "\", \"print:compiling\", \"exit:3\"]\n")
	require.ErrorContains(t, err, "service api: build of ")
	assert.ErrorContains(t, err, "returned a non-zero code: 3")
	assert.Regexp(t, `last lines of the build:\n    Step 1/\d : FROM scratch\n`, err.Error())
	assert.ErrorContains(t, err, "    compiling")
	assert.ErrorContains(t, build("FROM scratch\nCOPY nothing /\n"), "nothing")
	assert.ErrorContains(t, build("FROM scratch\nRUN --mount=type=cache,target=/x make\n"), "classic builder")
	assert.ErrorContains(t, build("FORM scratch\n"), "FORM")
	err = prepare(rt, id, &envd.Service{Name: "api", Build: &envd.Build{Context: t.TempDir()}}, nil)
	assert.ErrorContains(t, err, "there is no Dockerfile in it")
}

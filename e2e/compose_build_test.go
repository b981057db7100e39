package e2e

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestComposeBuild builds with what the classic builder knows, and looks at what the builds left in their images.
func TestComposeBuild(t *testing.T) {
	c := newComposed(t, map[string]string{
		"compose.yaml": `
services:
  web:
    build:
      context: app
      dockerfile_inline: |
        FROM ` + stackImage + `
        ARG VERSION
        ENV VERSION=$$VERSION
        COPY . /all
        RUN ["/stack", "copy", "/etc/hosts", "/hosts"]
        RUN ["/stack", "copy", "/proc/self/limits", "/limits"]
        RUN ["/stack", "copy", "/proc/self/mounts", "/mounts"]
        RUN ["/stack", "copy", "/proc/net/dev", "/dev-of-net"]
      args: {VERSION: "${TOKEN}"}
      labels: {org.example.team: shop}
      tags: ["envd-e2e-tagged:1"]
      extra_hosts: ["mirror.example:192.0.2.7"]
      ulimits: {nproc: {soft: 12345, hard: 23456}}
      shm_size: 8m
      network: none
      provenance: false
      cache_from: ["type=registry,ref=registry.invalid/cache"]
    ports: ["80"]
  api:
    build: {context: app, dockerfile: ../api.dockerfile, no_cache: true}
`,
		"app/page": "a page", "app/.dockerignore": "left-out\n", "app/left-out": "x",
		"api.dockerfile": "FROM " + stackImage + "\nCOPY . /all\nRUN [\"/stack\", \"write\", \"/made\", \"yes\"]\n",
	})
	t.Cleanup(func() { exec.Command("docker", "rmi", "envd-e2e-tagged:1").Run() })
	id := "e2e-compose-build"
	c.up(id, "-f", "compose.yaml")
	in := func(service string, command ...string) string {
		out, code := c.envd(append([]string{"exec", id, "--service", service, "--", "/stack"}, command...)...)
		assert.Zero(t, code, "%s", out)
		return out
	}
	assert.Equal(t, "s3cret-of-env", in("web", "env", "VERSION"))
	assert.Equal(t, ".dockerignore\npage\n", in("web", "ls", "/all"), "the dockerfile is none of the context's files")
	assert.Equal(t, "mirror.example\n", in("web", "line", "/hosts", "192.0.2.7"))
	assert.Regexp(t, `^12345 +23456 `, in("web", "line", "/limits", "Max processes"))
	assert.Contains(t, in("web", "line", "/mounts", "shm /dev/shm"), "size=8192k")
	assert.NotContains(t, in("web", "cat", "/dev-of-net"), "eth0")
	out, err := exec.Command("docker", "image", "inspect", "-f", `{{index .Config.Labels "org.example.team"}}`, "envd-e2e-tagged:1").CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, "shop\n", string(out))
	assert.Equal(t, ".dockerignore\npage\n", in("api", "ls", "/all"))
	assert.Equal(t, "yes", in("api", "cat", "/made"))

	images := func(id string) map[string]string {
		out, _ := c.envd("inspect", id)
		found := map[string]string{}
		for _, m := range regexp.MustCompile(`(?m)^image +(\S+) +\S+ (sha256:\w+)`).FindAllStringSubmatch(out, -1) {
			found[m[1]] = m[2]
		}
		return found
	}
	again := id + "-again"
	c.up(again, "-f", "compose.yaml")
	first, second := images(id), images(again)
	require.Len(t, first, 2)
	assert.Equal(t, first["web"], second["web"], "the same files are built once")
	assert.NotEqual(t, first["api"], second["api"], "no_cache builds anew")
}

// TestComposeExternalVolume has a volume that is somebody else's: used, and never removed.
func TestComposeExternalVolume(t *testing.T) {
	c := newComposed(t, map[string]string{"compose.yaml": `
services:
  web: {image: ` + stackImage + `, entrypoint: [/stack, write, /data/of-envd, "yes"], volumes: [shared:/data, own:/own], restart: "no"}
  reader: {image: ` + stackImage + `, volumes: [{type: volume, source: shared, target: /data, read_only: true}], ports: ["80"]}
volumes:
  own: {}
  shared:
    external: true
    name: envd-e2e-shared
`})
	docker := func(args ...string) string {
		out, err := exec.Command("docker", args...).CombinedOutput()
		require.NoError(t, err, "docker %v: %s", args, out)
		return strings.TrimSpace(string(out))
	}
	id := "e2e-compose-external"
	out, code := c.envd("up", "-f", "compose.yaml", "--id", id+"-none")
	assert.Equal(t, 3, code)
	assert.Contains(t, out, "compose.yaml:7:3: the volume envd-e2e-shared is external, and the engine has none of that name: docker volume create envd-e2e-shared")
	assert.NotContains(t, docker("volume", "ls", "-q"), "envd-e2e-shared", "it is not made on the way")
	assertGone(t, id+"-none")

	docker("volume", "create", "envd-e2e-shared")
	t.Cleanup(func() { docker("volume", "rm", "envd-e2e-shared") })
	web := c.up(id, "-f", "compose.yaml")["reader:80"]
	require.Eventually(t, func() bool {
		out, _ := c.envd("inspect", id)
		return strings.Contains(out, "ended with exit code 0")
	}, time.Minute, 50*time.Millisecond)
	assert.Equal(t, "yes", c.ask(web, "/file", "/data/of-envd"))
	out, code = c.envd("down", id)
	require.Zero(t, code, "%s", out)
	assertGone(t, id)
	assert.Equal(t, "map[]", docker("volume", "inspect", "-f", "{{.Labels}}", "envd-e2e-shared"), "nothing of envd's is on it")

	assert.Contains(t, docker("volume", "ls", "-q"), "envd-e2e-shared")
}

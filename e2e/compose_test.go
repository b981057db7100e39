package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// composed runs envd in a directory with the given files.
type composed struct {
	t   *testing.T
	dir string
}

func newComposed(t *testing.T, files map[string]string) *composed {
	needs(t, "engine")
	importStack(t)
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	return &composed{t, dir}
}

// envd runs envd and returns what it printed, and its exit code.
func (c *composed) envd(args ...string) (string, int) {
	cmd := exec.Command(binary, args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "ENVD_STATE_DIR="+filepath.Join(c.dir, "state"), "TOKEN=s3cret-of-env")
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil {
		require.ErrorAs(c.t, err, &exit, "%s", out)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// up brings an environment up and returns where its ports can be reached; it is taken down at the test's end.
func (c *composed) up(id string, args ...string) map[string]string {
	out, code := c.envd(append([]string{"up", "--id", id, "-o", "json", "--ttl", "5m"}, args...)...)
	require.Zero(c.t, code, "%s", out)
	c.t.Cleanup(func() { c.envd("down", id) })
	var meta struct{ Addresses map[string]string }
	require.NoError(c.t, json.Unmarshal([]byte(out[strings.Index(out, "{"):]), &meta), "%s", out)
	return meta.Addresses
}

// ask returns what a service of testdata/stack answers, once it listens: one without a healthcheck is up before.
func (c *composed) ask(address, path, of string) string {
	var resp *http.Response
	require.Eventually(c.t, func() (ok bool) {
		var err error
		resp, err = http.Get("http://" + address + path + "?of=" + url.QueryEscape(of))
		return err == nil
	}, time.Minute, 50*time.Millisecond)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	require.Equal(c.t, http.StatusOK, resp.StatusCode, "%s %s: %s", path, of, b)
	return string(b)
}

const shop = `
name: shop
x-common: &common
  image: ` + stackImage + `
  environment: {GREETING: "${GREETING:-hello}", SECRET: "${TOKEN}", FROM_DOTENV: "${LATER}"}
services:
  web:
    <<: *common
    env_file: web.env
    ports: ["80"]
    depends_on:
      db: {condition: service_healthy}
      setup: {condition: service_completed_successfully}
      log: {condition: service_started}
    volumes: [data:/data, ./content:/content:ro]
    tmpfs: /scratch:size=1m
    secrets: [token]
    configs: [{source: conf, target: /etc/conf.txt}]
    networks: {default: {aliases: [shop.example.com]}}
    healthcheck: {test: [CMD, /stack, check, "localhost:80"], interval: 30s}
    deploy: {resources: {limits: {memory: 64M}}}
  db:
    image: ` + stackImage + `
    command: serve :5432 200ms
    healthcheck: {test: [CMD, /stack, check, "localhost:5432"], interval: 30s}
  log: {image: ` + stackImage + `}
  setup:
    image: ` + stackImage + `
    entrypoint: [/stack, write]
    command: [/data/made, by setup]
    depends_on: {db: {condition: service_healthy}}
    volumes: [data:/data]
  debugger: {image: ` + stackImage + `, profiles: [debug]}
volumes: {data: {}}
secrets: {token: {file: token.txt}}
configs: {conf: {content: "token=${TOKEN}"}}
`

func TestComposeFile(t *testing.T) {
	c := newComposed(t, map[string]string{
		"compose.yaml": shop, "web.env": "OF_FILE=yes\n", ".env": "LATER=of-dotenv\n", "token.txt": "s3cret-of-file\n", "content/page": "a page",
	})
	id := "e2e-compose"
	web := c.up(id, "-f", "compose.yaml")["web:80"]
	require.NotEmpty(t, web)
	for _, want := range []struct{ path, of, text string }{
		{"/env", "GREETING", "hello"},
		{"/env", "SECRET", "s3cret-of-env"},
		{"/env", "FROM_DOTENV", "of-dotenv"},
		{"/env", "OF_FILE", "yes"},
		{"/file", "/data/made", "by setup"},
		{"/file", "/content/page", "a page"},
		{"/file", "/run/secrets/token", "s3cret-of-file\n"},
		{"/file", "/etc/conf.txt", "token=s3cret-of-env"},
		{"/get", "http://log/", "log"},
		{"/get", "http://shop.example.com/", "web"},
	} {
		assert.Equal(t, want.text, c.ask(web, want.path, want.of), "%s of %s", want.path, want.of)
	}
	out, _ := c.envd("inspect", id)
	assert.Regexp(t, `service setup +ended with exit code 0`, out)
	assert.NotContains(t, out, "debugger")

	out, code := c.envd("down", id)
	require.Zero(t, code, "%s", out)
	assertGone(t, id)
	err := filepath.WalkDir(filepath.Join(c.dir, "state"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		assert.NotContains(t, string(b), "s3cret", path)
		assert.NotContains(t, string(b), "of-dotenv", path)
		return err
	})
	require.NoError(t, err)
}

// assertGone asks the engine itself.
func assertGone(t *testing.T, id string) {
	t.Helper()
	for _, what := range [][]string{{"ps", "-a"}, {"volume", "ls"}, {"network", "ls"}} {
		out, err := exec.Command("docker", append(what, "-q", "--filter", "label=dev.envd.environment="+id)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Empty(t, string(out), "docker %s", what[0])
	}
}

// TestComposeStub has a stub in the place of a service: the others wait for it no longer, and find it under its name.
func TestComposeStub(t *testing.T) {
	c := newComposed(t, map[string]string{
		"compose.yaml": `
services:
  web:
    image: ` + stackImage + `
    ports: ["80"]
    depends_on: {payments: {condition: service_healthy}}
  payments:
    image: registry.invalid/never/pulled:1
    expose: [8080]
    networks: {default: {aliases: [pay.internal]}}
`,
		"envd.yaml": `
apiVersion: envd/v1
name: shop
environment:
  compose: compose.yaml
  stubs:
    payments:
      tls: false
      inline: [{request: {url: /charge}, response: {body: paid}}]
`,
	})
	web := c.up("e2e-compose-stub", "envd.yaml")["web:80"]
	assert.Equal(t, "paid", c.ask(web, "/get", "http://payments:8080/charge"))
	assert.Equal(t, "paid", c.ask(web, "/get", "http://pay.internal:8080/charge"))
}

// TestComposeFailures has each way in which a service keeps those from starting that wait for it.
func TestComposeFailures(t *testing.T) {
	tests := map[string]struct{ service, want string }{
		"unhealthy": {
			`{image: ` + stackImage + `, healthcheck: {test: [CMD, /stack, check, "localhost:81"], interval: 100ms, timeout: 1s, retries: 1}}`,
			"service db was not ready within 1.1s",
		},
		"ended": {
			`{image: ` + stackImage + `, command: [serve, nowhere], healthcheck: {test: [CMD, /stack, check, "localhost:80"]}}`,
			"service db ended before it was ready: exit code 1",
		},
		"unchecked": {
			`{image: ` + stackImage + `}`,
			"others wait until service db is healthy, but neither it nor its image " + stackImage + " has a healthcheck",
		},
		"of image": {
			`{image: ` + checkedImage + `, command: "serve :81", healthcheck: {interval: 100ms, timeout: 1s, retries: 1}}`,
			"(its image's HEALTHCHECK asks: give the service one of its own, or disable it)",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newComposed(t, map[string]string{"compose.yaml": `
services:
  db: ` + test.service + `
  web: {image: ` + stackImage + `, depends_on: {db: {condition: service_healthy}}}
`})
			id := "e2e-compose-" + strings.ReplaceAll(name, " ", "-")
			out, code := c.envd("up", "-f", "compose.yaml", "--id", id)
			assert.Equal(t, 3, code)
			assert.Contains(t, out, test.want)
			assert.NotContains(t, out, "left behind", "of web neither, which was made ahead")
			assertGone(t, id)
		})
	}
	c := newComposed(t, map[string]string{"compose.yaml": `
services:
  job: {image: ` + stackImage + `, command: [write, /no/such/folder, x]}
  web: {image: ` + stackImage + `, depends_on: {job: {condition: service_completed_successfully}}}
`})
	out, code := c.envd("up", "-f", "compose.yaml", "--id", "e2e-compose-job")
	assert.Equal(t, 3, code)
	assert.Contains(t, out, "service job did not complete: exit code 1")
	assert.Contains(t, out, "open /no/such/folder: no such file or directory", "its last words")
}

// TestComposeSeveralFiles has a stack in several files, each with what is usual in such: an included one with variables
// of its own, a service extended from another folder, a later file that takes back what cannot be, and what has no effect.
func TestComposeSeveralFiles(t *testing.T) {
	c := newComposed(t, map[string]string{
		"compose.yaml": `
include:
  - path: db/compose.yaml
x-logging: &logging
  logging: {driver: json-file, options: {max-size: 10m}}
services:
  web:
    <<: *logging
    extends: {file: common/services.yaml, service: base}
    platform: linux/` + runtime.GOARCH + `
    ports: ["80"]
    privileged: true
    networks: [proxy, back]
    restart: unless-stopped
    depends_on:
      db: {condition: service_healthy, restart: true}
      job: {condition: service_completed_successfully}
      metrics: {condition: service_started, required: false}
    ulimits: {nproc: 65535}
    tty: true
    security_opt: ["no-new-privileges:true"]
    deploy: {mode: global, placement: {constraints: [node.role == manager]}, update_config: {parallelism: 1}}
  job:
    image: ` + stackImage + `
    command: again /data/mark
    deploy: {restart_policy: {condition: on-failure, delay: 5s}}
  metrics: {image: registry.invalid/never/pulled:1, profiles: [metrics], devices: [/dev/kvm]}
networks:
  proxy: {external: true}
  back: {driver: bridge, ipam: {config: [{subnet: 172.28.0.0/16}]}}
`,
		"compose.envd.yaml":    "services:\n  web: {privileged: !reset null, environment: {MODE: test}}\n",
		"db/compose.yaml":      "services:\n  db:\n    image: \"" + stackImage + "\"\n    command: serve :${DB_PORT}\n    environment: {PASSWORD: \"${DB_PASSWORD}\"}\n    ports: [\"${DB_PORT}\"]\n    healthcheck: {test: [CMD, /stack, check, \"localhost:${DB_PORT}\"], start_period: 30s, start_interval: 100ms}\n",
		"db/.env":              "DB_PORT=5432\nDB_PASSWORD=s3cret-of-db\n",
		"common/services.yaml": "services:\n  base:\n    image: \"" + stackImage + "\"\n    environment: {MODE: base, SECRET: \"${TOKEN}\"}\n    env_file: base.env\n    volumes: [./content:/content:ro]\n  other: {image: \"x:${NOWHERE}\", privileged: true}\n",
		"common/base.env":      "OF_FILE=yes\n", "common/content/page": "a page",
	})
	id := "e2e-compose-several"
	addresses := c.up(id, "-f", "compose.yaml", "-f", "compose.envd.yaml")
	web, db := addresses["web:80"], addresses["db:5432"]
	for _, want := range []struct{ address, path, of, text string }{
		{web, "/env", "MODE", "test"},
		{web, "/env", "SECRET", "s3cret-of-env"},
		{web, "/env", "OF_FILE", "yes"},
		{web, "/file", "/content/page", "a page"},
		{web, "/get", "http://db:5432/", "db"},
		{db, "/env", "PASSWORD", "s3cret-of-db"},
	} {
		assert.Equal(t, want.text, c.ask(want.address, want.path, want.of), "%s of %s", want.path, want.of)
	}
	assert.Regexp(t, `Max processes +65535 +65535`, c.ask(web, "/file", "/proc/1/limits"))
	assert.Contains(t, c.ask(web, "/file", "/proc/self/status"), "NoNewPrivs:\t1")
	out, _ := c.envd("inspect", id)
	assert.Regexp(t, `service job +ended with exit code 0, 1 restart\n`, out)
	assert.Regexp(t, `service web +running\n`, out)
	out, _ = c.envd("logs", id, "web")
	assert.Regexp(t, `(?m)serving :80$`, out, "what is written to a terminal is recorded")
	out, code := c.envd("down", id)
	require.Zero(t, code, "%s", out)
	assertGone(t, id)
}

// TestComposeRestart has services with restart policies end by themselves, or by somebody else's hand.
func TestComposeRestart(t *testing.T) {
	c := newComposed(t, map[string]string{
		"compose.yaml": `
services:
  web: {image: ` + stackImage + `, ports: ["80"], restart: always, volumes: ["/kept"]}
  broken: {image: ` + stackImage + `, command: [serve, nowhere], restart: always}
  twice: {image: ` + stackImage + `, command: [serve, nowhere], restart: "on-failure:2"}
`,
		"envd.yaml": `
apiVersion: envd/v1
name: shop
artifact: {file: run.yaml}
environment: {compose: run.yaml}
stages: [{name: nothing, functional: {command: ["true"]}}]
gate: {conditions: [no undeclared connections]}
`,
		"run.yaml": `
services:
  job: {image: ` + stackImage + `, command: again /data/mark, restart: on-failure}
  web: {image: ` + stackImage + `, depends_on: {job: {condition: service_completed_successfully}, once: {condition: service_started}}}
  once: {image: ` + stackImage + `, command: [write, /data/made, once], restart: "no"}
`,
	})
	id := "e2e-compose-restart"
	web := c.up(id, "-f", "compose.yaml")["web:80"]
	c.ask(web, "/", "")
	name := "envd-" + id + "-web"
	out, err := exec.Command("docker", "cp", filepath.Join(c.dir, "compose.yaml"), name+":/kept.yaml").CombinedOutput()
	require.NoError(t, err, "%s", out)
	out, err = exec.Command("docker", "kill", name).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Eventually(t, func() bool {
		out, _ := c.envd("inspect", id)
		return regexp.MustCompile(`service web +running, 1 restart\n`).MatchString(out) &&
			regexp.MustCompile(`service twice +ended with exit code 1, 2 restarts\n`).MatchString(out)
	}, time.Minute, 100*time.Millisecond)
	assert.Contains(t, c.ask(web, "/file", "/kept.yaml"), "services:", "it is the same container, with what was written there")
	text, code := c.envd("down", id) // while the broken one waits for its next start
	require.Zero(t, code, "%s", text)
	assertGone(t, id)

	text, code = c.envd("run", "envd.yaml", "--out", "evidence")
	assert.Zero(t, code, "an end on the way up is what the policy is for, and one of what is to run once is none: %s", text)
	assert.Regexp(t, `1 restart of job, the last after exit code 1`, text)
	text, code = c.envd("verify", "evidence")
	assert.Zero(t, code, "%s", text)
}

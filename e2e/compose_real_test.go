package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// realStackFile is six services as people write them: two databases and a queue that end as their makers meant them to,
// an app twice, and a loop in a shell, which is deaf to SIGTERM because it is the first process of its container.
const realStackFile = `name: envd-bench-real
x-often: &often {interval: 1s, timeout: 30s, retries: 60}
services:
  db:
    image: $postgres
    environment: {POSTGRES_USER: shop, POSTGRES_DB: shop, POSTGRES_PASSWORD: s3cret}
    healthcheck: {<<: *often, test: [CMD, pg_isready, -h, localhost, -U, shop]}
  cache:
    image: $redis
    healthcheck: {<<: *often, test: [CMD, redis-cli, ping]}
  queue:
    image: $rabbitmq
    hostname: queue
    expose: [5672]
    healthcheck: {<<: *often, test: [CMD, rabbitmq-diagnostics, -q, check_port_connectivity]}
  api:
    image: $podinfo
    command: [/podinfo, --port=9898, "--cache-server=tcp://cache:6379"]
    healthcheck: {<<: *often, test: [CMD, /podcli, check, http, "localhost:9898/readyz"]}
    depends_on: {db: {condition: service_healthy}, cache: {condition: service_healthy}}
  web:
    image: $podinfo
    command: [/podinfo, --port=9898, "--backend-url=http://api:9898/echo"]
    healthcheck: {<<: *often, test: [CMD, /podcli, check, http, "localhost:9898/readyz"]}
    depends_on: {api: {condition: service_healthy}}
  worker:
    image: $debian
    environment: {PGPASSWORD: s3cret}
    command: [sh, -c, 'while true; do psql -h db -U shop -qtAc "select now()"; sleep 1; done']
    healthcheck: {<<: *often, test: [CMD, psql, -h, db, -U, shop, -c, select 1]}
    depends_on: {db: {condition: service_healthy}, queue: {condition: service_healthy}}
`

// realImages is a spec that builds what realStackFile runs.
const realImages = `apiVersion: envd/v1
name: images
environment:
  runtime: docker
  services:
    postgres: {build: postgres, command: [sleep, infinity], stop: {signal: KILL}}
    redis: {build: redis, command: [sleep, infinity], stop: {signal: KILL}}
    rabbitmq: {build: rabbitmq, command: [sleep, infinity], stop: {signal: KILL}}
    podinfo: {build: podinfo, stop: {signal: KILL}}
`

// TestComposeRealStack has real software come up and end, each as its makers meant it to, databases and queues after those that depend on them.
func TestComposeRealStack(t *testing.T) {
	needs(t, "docker", "debian", "podinfo")
	c := newComposed(t, nil)
	envd := func(args ...string) []byte {
		out, code := c.envd(args...)
		require.Zero(t, code, "%v\n%s", args, out)
		return []byte(out)
	}
	file, id := realStack(t, c.dir, envd), fmt.Sprintf("e2e-real-%d", os.Getpid())
	c.up(id, "-f", file)
	envd("exec", id, "--service", "web", "--", "/podcli", "check", "http", "http://api:9898/readyz")
	envd("down", id)
	assertGone(t, id)

	run := filepath.Join(c.dir, "state", "runs", id)
	for service, words := range map[string]string{"db": "received fast shutdown request", "cache": "bye bye", "queue": "Stopping message store"} {
		log, err := os.ReadFile(filepath.Join(run, "logs", service+".log"))
		require.NoError(t, err)
		assert.Contains(t, string(log), words)
	}
	codes, order := exits(t, filepath.Join(run, "observations.ndjson"))
	assert.Equal(t, map[string]int{"db": 0, "cache": 0, "queue": 0, "api": 0, "web": 0, "worker": 137}, codes, "a loop in a shell does not notice its signal")
	for service, on := range map[string]string{"api": "db", "worker": "queue"} {
		assert.Less(t, slices.Index(order, service), slices.Index(order, on), "%s ends before %s", service, on)
	}
	journal, err := os.ReadFile(filepath.Join(run, "journal.ndjson"))
	require.NoError(t, err)
	event := func(text string) int { return strings.Index(string(journal), text) }
	assert.Less(t, event(`"service.stop api","event":"started"`), event(`"service.stop web","event":"succeeded"`), "they are stopped at once")
	assert.Positive(t, event(`"service.stop api","event":"started"`))
}

// exits reads from observations with which codes services ended, and in which order.
func exits(t *testing.T, path string) (codes map[string]int, order []string) {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	codes = map[string]int{}
	for d := json.NewDecoder(f); d.More(); {
		var o struct {
			Service struct {
				Service, Name string
				ExitCode      int `json:"exit_code"`
			}
		}
		require.NoError(t, d.Decode(&o))
		if s := o.Service; s.Name == "exited" {
			codes[s.Service] = s.ExitCode
			order = append(order, s.Service)
		}
	}
	return codes, order
}

// realStack writes realStackFile with the images that it runs, and returns its path.
func realStack(t testing.TB, dir string, envd func(args ...string) []byte) string {
	images := buildRealImages(t, dir, envd)
	file := filepath.Join(dir, "compose.yaml")
	require.NoError(t, os.WriteFile(file, []byte(os.Expand(realStackFile, func(name string) string { return images[name] })), 0o644))
	return file
}

// buildRealImages builds the images of the scripts' databases and queues, and one of podinfo and its client, and returns
// their names in the engine. Dir is where files go and envd runs.
func buildRealImages(t testing.TB, dir string, envd func(args ...string) []byte) map[string]string {
	debian := debianImage(t)
	write := func(name string, data []byte) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, 0o755))
	}
	for _, script := range []string{"modules", "mysql_rabbitmq"} {
		archive, err := txtar.ParseFile("testdata/modules/" + script + ".txtar")
		require.NoError(t, err)
		for _, f := range archive.Files {
			if filepath.Dir(f.Name) != "." {
				write(f.Name, []byte(strings.ReplaceAll(string(f.Data), "DEBIAN", debian)))
			}
		}
	}
	for _, program := range []string{"podinfo", "podcli"} {
		data, err := os.ReadFile(repository("bin", program))
		require.NoError(t, err)
		write("podinfo/"+program, data)
	}
	write("podinfo/Dockerfile", []byte("FROM scratch\nCOPY podinfo podcli /\nENTRYPOINT []\nCMD [\"/podinfo\"]\n"))
	write("images.yaml", []byte(realImages))
	id := fmt.Sprintf("real-images-%d", os.Getpid())
	envd("up", filepath.Join(dir, "images.yaml"), "--id", id)
	defer envd("down", id)
	var state struct {
		Meta struct {
			Images []struct{ Service, Reference string }
		}
	}
	require.NoError(t, json.Unmarshal(envd("inspect", id, "-o", "json"), &state))
	names := map[string]string{"debian": debian}
	for _, i := range state.Meta.Images {
		names[i.Service] = i.Reference
	}
	require.Len(t, names, 5)
	return names
}

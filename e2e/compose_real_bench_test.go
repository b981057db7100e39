package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
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

// realImages builds what realStackFile runs.
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

// BenchmarkComposeRealStack is BenchmarkComposeStack with real software, which takes its time to start and to end: podinfo
// goes on for three seconds after it was asked to end, and web ends before api does. Compose waits the ten seconds of grace for
// the worker, which does not notice that it was asked, and asks the queue only then.
func BenchmarkComposeRealStack(b *testing.B) {
	needs(b, "docker", "debian", "podinfo")
	r := newBench(b, realImages)
	images := r.realImages(b)
	file := filepath.Join(r.dir, "compose.yaml")
	require.NoError(b, os.WriteFile(file, []byte(os.Expand(realStackFile, func(name string) string { return images[name] })), 0o644))
	compareWithCompose(b, r, file, 3, nil)
}

// realImages builds the images of the scripts' databases and queues, and one of podinfo and its client, and returns
// their names in the engine.
func (r bench) realImages(b *testing.B) map[string]string {
	debian := debianImage(b)
	for _, script := range []string{"modules", "mysql_rabbitmq"} {
		archive, err := txtar.ParseFile("testdata/modules/" + script + ".txtar")
		require.NoError(b, err)
		for _, f := range archive.Files {
			if filepath.Dir(f.Name) != "." {
				r.write(b, f.Name, []byte(strings.ReplaceAll(string(f.Data), "DEBIAN", debian)))
			}
		}
	}
	for _, program := range []string{"podinfo", "podcli"} {
		data, err := os.ReadFile(repository("bin", program))
		require.NoError(b, err)
		r.write(b, "podinfo/"+program, data)
	}
	r.write(b, "podinfo/Dockerfile", []byte("FROM scratch\nCOPY podinfo podcli /\nENTRYPOINT []\nCMD [\"/podinfo\"]\n"))
	id := fmt.Sprintf("bench-images-%d", os.Getpid())
	r.envd(b, "up", r.spec, "--id", id)
	defer r.envd(b, "down", id)
	var state struct {
		Meta struct{ Images []envd.ImageFact }
	}
	require.NoError(b, json.Unmarshal(r.envd(b, "inspect", id, "-o", "json"), &state))
	names := map[string]string{"debian": debian}
	for _, i := range state.Meta.Images {
		names[i.Service] = i.Reference
	}
	require.Len(b, names, 5)
	return names
}

func (r bench) write(b *testing.B, name string, data []byte) {
	path := filepath.Join(r.dir, name)
	require.NoError(b, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(b, os.WriteFile(path, data, 0o755))
}

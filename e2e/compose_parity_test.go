package e2e

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// question is a command in a service, and what it is to print: with envd, and with Docker Compose on the same file.
type question struct{ service, command, answer string }

// parityProject names what Compose brings up.
const parityProject = "envd-e2e-parity"

// parity are files that mean the same to Compose and to envd, each with questions that tell.
var parity = map[string]struct {
	file      string
	questions []question
}{
	"image-healthcheck": {`
services:
  db: {image: ` + checkedImage + `, command: serve :80 1s, environment: {ROLE: db}}
  # runs before db listens, unless it waits until the check of db's image succeeds
  probe: {image: ` + stackImage + `, command: check db:80, depends_on: {db: {condition: service_healthy}}}
  slow:
    image: ` + checkedImage + `
    healthcheck: {interval: 200ms, retries: 20}
    depends_on: {probe: {condition: service_completed_successfully}}
  # neither serves on port 80, where the check of the image asks
  worker: {image: ` + checkedImage + `, command: serve :81, environment: {ROLE: worker}, healthcheck: {disable: true}}
  other: {image: ` + checkedImage + `, command: serve :82, healthcheck: {test: [NONE]}}
`, []question{{"slow", "get http://db/env?of=ROLE", "db"}, {"slow", "get http://worker:81/env?of=ROLE", "worker"}}},
	"networks": {`
services:
  vpn:
    image: ` + stackImage + `
    environment: {ROLE: vpn}
    extra_hosts: ["of-vpn.example:127.0.0.1"]
    networks: {default: {aliases: [inner.example]}}
  app:
    image: ` + stackImage + `
    command: serve :8080
    environment: {ROLE: app}
    network_mode: service:vpn
    healthcheck: {test: [CMD, /stack, check, "localhost:8080"], interval: 200ms, retries: 20}
  client: {image: ` + stackImage + `, environment: {ROLE: client}, depends_on: {app: {condition: service_healthy}}}
  alone: {image: ` + stackImage + `, network_mode: none}
`, []question{
		{"client", "get http://vpn:8080/env?of=ROLE", "app"},
		{"client", "get http://inner.example:8080/env?of=ROLE", "app"},
		{"app", "get http://localhost/env?of=ROLE", "vpn"},
		{"app", "get http://of-vpn.example/env?of=ROLE", "vpn"},
		{"app", "get http://client/env?of=ROLE", "client"},
		{"alone", "get http://localhost/file?of=/proc/net/route", "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT                                                       \n"},
	}},
	"variables": {`
services:
  web:
    image: ${IMAGE}
    env_file: [{path: web.env}, {path: not-there.env, required: false}, {path: raw.env, format: raw}]
    environment:
      A: "${TOKEN:?it must be there}"
      B: ${NOPE:-b} ${NOPE-${ALSO_NOT:-c}} ${EMPTY:-d} ${EMPTY-e}
      C: $$literal $${TOKEN}
      D: ${TOKEN:+set}${NOPE:+not}${EMPTY+there}
      E: "${QUOTED}"
      F: ${MADE_OF}
      TOKEN:
      NOPE:
      OVER: of-file
      G: ${COMPOSE_PROJECT_NAME}
    command: ["serve", ":${PORT:-80}"]
    labels: {"port-${PORT:-80}": "yes"}
`, []question{
		{"web", "env A", "s3cret-of-env"},
		{"web", "env B", "b c d "},
		{"web", "env C", "$literal ${TOKEN}"},
		{"web", "env D", "setthere"},
		{"web", "env E", "a  b#c"},
		{"web", "env F", "made of a  b#c"},
		{"web", "env TOKEN", "s3cret-of-env"},
		{"web", "env NOPE", ""},
		{"web", "env OVER", "of-file"},
		{"web", "env OF_FILE", "from s3cret-of-env"},
		{"web", "env G", parityProject},
		{"web", "env RAW", "'as ${TOKEN} is' # all of it"},
	}},
	"hooks": {`
services:
  db:
    image: ` + stackImage + `
    volumes: [kept:/data]
    working_dir: /data
    environment: {ROLE: db}
    post_start:
      - {command: [/stack, copy, /proc/self/environ, /data/first], environment: {WHEN: after}}
      - {command: [/stack, copy, /proc/self/status, second], user: "1234", working_dir: /data}
    pre_stop:
      - command: [/stack, write, /data/third, ending]
  # starts once the hooks of db have run
  reader: {image: ` + stackImage + `, command: cat /data/second, volumes: [kept:/data], depends_on: {db: {condition: service_started}}}
  last: {image: ` + stackImage + `, depends_on: {reader: {condition: service_completed_successfully}}}
volumes: {kept: {}}
`, []question{
		{"db", "line /data/second Uid:", "1234\t1234\t1234\t1234\n"},
		{"db", "has /data/first WHEN=after", ""},
		{"db", "has /data/first ROLE=db", ""},
	}},
	"settings": {`
services:
  web:
    image: ` + stackImage + `
    oom_score_adj: 500
    cpuset: "0"
    cpu_period: 50000
    cpu_quota: 25000
    mem_limit: 64m
    pids_limit: 100
    dns_search: [corp.example]
    dns_opt: ["timeout:7"]
    ipc: none
    cgroup: private
    stop_signal: SIGINT
    stop_grace_period: 3s
    develop: {watch: [{path: ., action: rebuild}]}
    annotations: {a: b}
    x-note: nobody's
`, []question{
		{"web", "cat /proc/1/oom_score_adj", "500\n"},
		{"web", "line /proc/1/status Cpus_allowed_list:", "0\n"},
		{"web", "line /etc/resolv.conf search", "corp.example\n"},
		{"web", "line /proc/1/mounts shm", ""},
	}},
}

// TestComposeParity brings each file up with Docker Compose and with envd, and asks both the same.
func TestComposeParity(t *testing.T) {
	needs(t, "engine", "docker-compose")
	for name, test := range parity {
		t.Run(name, func(t *testing.T) {
			c := newComposed(t, map[string]string{
				"compose.yaml": test.file,
				".env":         "IMAGE=" + stackImage + "\nEMPTY=\nQUOTED='a  b#c'\nMADE_OF=\"made of ${QUOTED}\"\nCOMPOSE_PROJECT_NAME=" + parityProject + "\n",
				"raw.env":      "# raw\nRAW='as ${TOKEN} is' # all of it\n",
				"web.env":      "OF_FILE=from ${TOKEN}\nOVER=of-env-file\n",
			})
			id := "e2e-parity-" + name
			c.up(id, "-f", "compose.yaml")
			c.compose("up", "-d", "--wait")
			for _, q := range test.questions {
				asked := strings.Fields("/stack " + q.command)
				out, code := c.envd(append([]string{"exec", id, "--service", q.service, "--"}, asked...)...)
				assert.Zero(t, code, "envd, %s: %s: %s", q.service, q.command, out)
				assert.Equal(t, q.answer, out, "envd, %s: %s", q.service, q.command)
				assert.Equal(t, q.answer, c.compose(append([]string{"exec", "-T", q.service}, asked...)...), "Compose, %s: %s", q.service, q.command)
			}
			out, code := c.envd("down", id)
			require.Zero(t, code, "%s", out)
			assertGone(t, id)
		})
	}
}

// compose runs Docker Compose on the test's file, and returns what it printed. What it brought up is taken down at the
// test's end.
func (c *composed) compose(args ...string) string {
	run := func(args ...string) ([]byte, error) {
		cmd := exec.Command(repository("bin", "docker-compose"), args...)
		cmd.Dir, cmd.Env = c.dir, append(os.Environ(), "TOKEN=s3cret-of-env")
		return cmd.CombinedOutput()
	}
	if args[0] == "up" {
		c.t.Cleanup(func() {
			out, err := run("down", "--volumes", "--timeout", "1")
			assert.NoError(c.t, err, "%s", out)
		})
	}
	out, err := run(args...)
	require.NoError(c.t, err, "docker-compose %v: %s", args, out)
	return string(out)
}

package standalone

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
)

func parse(t *testing.T, args ...string) (*config, []error) {
	t.Helper()
	v, errs := parseFlags(flags(), args)
	c, more := configure(v)
	return c, append(errs, more...)
}

func TestFlagsAreReadLikeTheJarsOptions(t *testing.T) {
	c, errs := parse(t, "--port=9000", "-https-port", "9443", "--verb", "--root-dir", t.TempDir(), "--max-template-cache-entries",
		"--permitted-system-keys", "a.*,b.*", "--use-chunked-encoding", "BODY_FILE", "--trust-proxy-target", "a.test",
		"--trust-proxy-target", "b.test", "--enable-browser-proxying", "--disable-gzip=true", "--proxy-via", "user:pw@proxy.test",
		"--admin-api-basic-auth", "me:secret", "--proxy-timeout", "1500", "--jetty-header-buffer-size", "16384", "--", "--zork")
	require.Empty(t, errs)
	assert.Equal(t, 9000, c.port)
	assert.Equal(t, 9443, c.httpsPort)
	assert.True(t, c.verbose)
	assert.Equal(t, []string{"a.*", "b.*"}, c.server.PermittedSystemKeys)
	assert.Equal(t, stubs.ChunkedBodyFile, c.server.Chunked)
	assert.Equal(t, []string{"a.test", "b.test"}, c.server.Proxy.Trusted)
	assert.True(t, c.server.NoGzip)
	assert.Equal(t, "http://user:pw@proxy.test:80", c.server.Proxy.Via.String())
	assert.Equal(t, []string{"me", "secret"}, []string{c.adminUser, c.adminPassword})
	assert.Equal(t, 1500*time.Millisecond, c.server.Proxy.Timeout)
	assert.Equal(t, 16384, c.maxHeader)
	assert.False(t, c.server.Proxy.ReuseConnections, "as with the jar")
}

func TestDefaults(t *testing.T) {
	c, errs := parse(t)
	require.Empty(t, errs)
	assert.Equal(t, 8080, c.port)
	assert.Equal(t, -1, c.httpsPort)
	assert.Equal(t, ".", c.server.Dir)
	assert.Equal(t, stubs.ChunkedAlways, c.server.Chunked)
	assert.False(t, c.server.NoTemplating)
}

func TestBadFlags(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
	}{
		{"--prot 1", "flag --prot is unknown: did you mean --port?"},
		{"--xyzzyxyzzy", "flag --xyzzyxyzzy is unknown: envd wiremock --help lists them"},
		{"--jetty-header", "flag --jetty-header could be --jetty-header-buffer-size or --jetty-header-request-size or --jetty-header-response-size"},
		{"--port", "flag --port needs a value"},
		{"--port abc", `flag --port: "abc" is not a number`},
		{"--port 70000", "flag --port: 70000 is not between 0 and 65535"},
		{"--port 1 --port 2", "flag --port is given twice"},
		{"--verbose=false", `flag --verbose takes no value, not even "false": leave the flag out to switch it off`},
		{"8080", `argument "8080" is not a flag`},
		{"--port 1 --disable-http", "flags --port and --disable-http exclude each other"},
		{"--disable-http", "flag --disable-http needs --https-port: there would be nothing to listen on"},
		{"--admin-api-basic-auth me", "flag --admin-api-basic-auth: credentials must be in the format username:password"},
		{"--use-chunked-encoding foo", `flag --use-chunked-encoding: "foo" is not one of always, never and body_file`},
		{"--https-require-client-cert", "flag --https-require-client-cert needs --https-truststore: no client could be trusted"},
		{"--trust-all-proxy-targets", "flag --trust-all-proxy-targets has no effect without --enable-browser-proxying"},
		{"--record-mappings --no-request-journal", "flag --record-mappings needs the request journal: leave out --no-request-journal"},
		{"--extensions com.example.X", "flag --extensions cannot apply outside a Java virtual machine: extensions are Java classes"},
		{"--load-resources-from-classpath x", "flag --load-resources-from-classpath cannot apply outside a Java virtual machine: there is no classpath: give the folder to --root-dir"},
		{"--proxy-all nonsense", `flag --proxy-all: "nonsense" is not a base URL such as https://api.example.com`},
		{"--proxy-via https://p.test", "flag --proxy-via: a proxy server is reached over http, not https"},
		{"--filename-template {{{name}}}-x", `flag --filename-template: every part between hyphens of "{{{name}}}-x" needs a {{{placeholder}}}`},
		{"--keystore-type zip --https-keystore x", `flag --keystore-type: "zip" is not one of JKS, JCEKS, PKCS12 and PEM`},
		{"--disable-connection-reuse maybe", `flag --disable-connection-reuse: "maybe" is neither true nor false`},
	} {
		t.Run(c.args, func(t *testing.T) {
			_, errs := parse(t, strings.Fields(c.args)...)
			require.NotEmpty(t, errs)
			assert.Equal(t, c.want, errs[0].Error())

			var out, errOut bytes.Buffer
			assert.Equal(t, 2, Main(context.Background(), strings.Fields(c.args), &out, &errOut))
			assert.Contains(t, errOut.String(), "envd wiremock: "+c.want+"\n")
			assert.Empty(t, out.String())
		})
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	_, errs := parse(t, "--zork", "--port", "x", "--use-chunked-encoding", "y")
	assert.Len(t, errs, 3)
}

func TestFlagsWithoutEffectSayWhy(t *testing.T) {
	c, errs := parse(t, "--jetty-acceptor-threads", "4", "--container-threads", "8", "--disable-extensions-scanning", "--async-response-enabled", "true")
	require.Empty(t, errs)
	require.Len(t, c.notices, 4)
	for _, notice := range c.notices {
		assert.Regexp(t, "^flag --[a-z-]+ has no effect: ", notice)
	}
}

func TestHelpAndVersion(t *testing.T) {
	var out bytes.Buffer
	require.Equal(t, 0, Main(context.Background(), []string{"--help"}, &out, &out))
	for _, f := range flags() {
		assert.Contains(t, out.String(), "--"+f.name)
	}
	for line := range strings.Lines(out.String()) {
		assert.LessOrEqual(t, len(strings.TrimRight(line, "\n")), 100)
	}
	out.Reset()
	require.Equal(t, 0, Main(context.Background(), []string{"--version"}, &out, &out))
	assert.Equal(t, Version+"\n", out.String())
}

// TestFlagsAreTheJars compares the names with what the jar's own help lists.
func TestFlagsAreTheJars(t *testing.T) {
	jars, err := filepath.Glob("../../.tools/wiremock-standalone-*.jar")
	require.NoError(t, err)
	java, err := exec.LookPath("java")
	if len(jars) == 0 || err != nil {
		skipOrFail(t, "the real jar in .tools and java")
	}
	help, err := exec.Command(java, "-jar", jars[0], "--help").Output()
	require.NoError(t, err)
	// One name is broken over two lines.
	text := regexp.MustCompile(`(?m)^(--\S+-) .*\n  (\S+) .*`).ReplaceAllString(string(help), "$1$2")
	var want, got []string
	for _, m := range regexp.MustCompile(`(?m)^--([a-z0-9-]*[a-z0-9])`).FindAllStringSubmatch(text, -1) {
		want = append(want, m[1])
	}
	for _, f := range flags() {
		got = append(got, f.name)
	}
	slices.Sort(want)
	slices.Sort(got)
	assert.Equal(t, want, got)
}

package standalone

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/envd-dev/envd/stubs"
)

const (
	defaultPort     = 8080
	defaultPassword = "password"
)

// config is what the flags say, checked.
type config struct {
	server stubs.Options

	bind          string
	port          int // -1 does not listen on HTTP
	httpsPort     int // -1 does not listen on HTTPS
	noHTTP2Plain  bool
	noHTTP2TLS    bool
	maxHeader     int
	idleTimeout   time.Duration
	stopTimeout   time.Duration
	adminUser     string
	adminPassword string
	adminAuth     bool
	adminHTTPS    bool

	keystore   store
	truststore store
	clientCert bool // required
	caStore    store
	browser    bool

	verbose, noBanner, trace, logRequests bool
	notices                               []string // what the user should know before the server starts
}

// store is a keystore flag with its companions.
type store struct {
	path, password, keyPassword, kind string
}

// checker reads values and gathers what is wrong with them.
type checker struct {
	values
	errs []error
}

func (c *checker) fail(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

// number is the flag's value, which lies between least and most; def when it is not given.
func (c *checker) number(name string, def, least, most int) int {
	text := c.get(name, "")
	if text == "" {
		return def
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		c.fail("flag --%s: %q is not a number", name, text)
	} else if n < least || n > most {
		c.fail("flag --%s: %d is not between %d and %d", name, n, least, most)
	}
	return n
}

func (c *checker) millis(name string) time.Duration {
	const most = int(24 * time.Hour / time.Millisecond * 30)
	return time.Duration(c.number(name, 0, 0, most)) * time.Millisecond
}

func (c *checker) boolean(name string, def bool) bool {
	switch text := c.get(name, ""); strings.ToLower(text) {
	case "":
		return def
	case "true":
		return true
	case "false":
		return false
	default:
		c.fail("flag --%s: %q is neither true nor false", name, text)
		return def
	}
}

// only fails when flag is given although the other one is not.
func (c *checker) only(flag, with string) {
	if c.has(flag) && !c.has(with) {
		c.fail("flag --%s has no effect without --%s", flag, with)
	}
}

// configure turns flag values into a configuration, or reports everything that is wrong with them.
func configure(v values) (*config, []error) {
	c := &checker{values: v}
	out := &config{
		bind: c.get("bind-address", ""), port: c.number("port", defaultPort, 0, 65535), httpsPort: c.number("https-port", -1, 0, 65535),
		noHTTP2Plain: c.has("disable-http2-plain"), noHTTP2TLS: c.has("disable-http2-tls"),
		maxHeader:   max(c.number("jetty-header-request-size", 0, 1, 1<<30), c.number("jetty-header-buffer-size", 0, 1, 1<<30)),
		idleTimeout: c.millis("jetty-idle-timeout"), stopTimeout: c.millis("jetty-stop-timeout"),
		adminHTTPS: c.has("admin-api-require-https"),
		clientCert: c.has("https-require-client-cert"), browser: c.has("enable-browser-proxying"),
		verbose: c.has("verbose"), noBanner: c.has("disable-banner"), trace: c.has("print-all-network-traffic"),
		logRequests: c.has("verbose") && !c.has("disable-request-logging"),
	}
	c.listeners(out)
	c.admin(out)
	c.stores(out)
	c.serverOptions(&out.server)
	c.proxyOptions(&out.server.Proxy)
	c.unsupported(out)
	return out, c.errs
}

func (c *checker) listeners(out *config) {
	if c.has("disable-http") {
		if c.has("port") {
			c.fail("flags --port and --disable-http exclude each other")
		}
		if !c.has("https-port") {
			c.fail("flag --disable-http needs --https-port: there would be nothing to listen on")
		}
		out.port = -1
	}
	if out.bind != "" && net.ParseIP(out.bind) == nil && strings.ContainsAny(out.bind, ":/ ") {
		c.fail("flag --bind-address: %q is neither an address nor a host name", out.bind)
	}
}

func (c *checker) admin(out *config) {
	if !c.has("admin-api-basic-auth") {
		return
	}
	user, password, ok := strings.Cut(c.get("admin-api-basic-auth", ""), ":")
	if !ok || strings.Contains(password, ":") || user == "" || password == "" {
		c.fail("flag --admin-api-basic-auth: credentials must be in the format username:password")
	}
	out.adminUser, out.adminPassword, out.adminAuth = user, password, true
}

func (c *checker) stores(out *config) {
	out.keystore = store{path: filePath(c.get("https-keystore", "")), password: c.get("keystore-password", defaultPassword),
		keyPassword: c.get("key-manager-password", defaultPassword), kind: c.get("keystore-type", "JKS")}
	out.truststore = store{path: filePath(c.get("https-truststore", "")), password: c.get("truststore-password", defaultPassword),
		kind: c.get("truststore-type", "JKS")}
	out.caStore = store{path: filePath(c.get("ca-keystore", "")), password: c.get("ca-keystore-password", defaultPassword),
		kind: c.get("ca-keystore-type", "jks")}
	if out.clientCert && out.truststore.path == "" {
		c.fail("flag --https-require-client-cert needs --https-truststore: no client could be trusted")
	}
	c.only("keystore-password", "https-keystore")
	c.only("truststore-password", "https-truststore")
	for _, flag := range []string{"ca-keystore", "trust-all-proxy-targets", "trust-proxy-target"} {
		c.only(flag, "enable-browser-proxying")
	}
	c.only("ca-keystore-password", "ca-keystore")
	c.only("ca-keystore-type", "ca-keystore")
	if c.has("trust-proxy-target") && c.has("trust-all-proxy-targets") {
		c.fail("flags --trust-proxy-target and --trust-all-proxy-targets exclude each other")
	}
	for name, kind := range map[string]string{"keystore-type": out.keystore.kind, "truststore-type": out.truststore.kind, "ca-keystore-type": out.caStore.kind} {
		switch strings.ToLower(kind) {
		case "jks", "jceks", "pkcs12", "pem":
		default:
			c.fail("flag --%s: %q is not one of JKS, JCEKS, PKCS12 and PEM", name, kind)
		}
	}
}

// filePath takes file: URLs, as Java's flags do.
func filePath(path string) string {
	if rest, ok := strings.CutPrefix(path, "file:"); ok {
		if u, err := url.Parse(path); err == nil && u.Path != "" {
			return u.Path
		}
		return rest
	}
	return path
}

func (c *checker) serverOptions(o *stubs.Options) {
	o.Dir = c.get("root-dir", ".")
	if info, err := os.Stat(o.Dir); err == nil && !info.IsDir() {
		c.fail("flag --root-dir: %s is not a folder", filepath.Clean(o.Dir))
	}
	o.Journal.Disabled = c.has("no-request-journal")
	if o.Journal.Disabled && c.has("record-mappings") {
		c.fail("flag --record-mappings needs the request journal: leave out --no-request-journal")
	}
	if o.Journal.Entries = c.number("max-request-journal-entries", 0, 0, 1<<31-1); c.has("max-request-journal-entries") && o.Journal.Entries == 0 {
		o.Journal.Empty = true
	}
	if o.Journal.ResponseBodyLimit = c.number("logged-response-body-size-limit", 0, 0, 1<<31-1); c.has("logged-response-body-size-limit") && o.Journal.ResponseBodyLimit == 0 {
		o.Journal.ResponseBodyLimit = -1
	}
	o.GlobalTemplating = c.has("global-response-templating")
	o.NoTemplating = c.has("disable-response-templating")
	if o.TemplateCache = c.number("max-template-cache-entries", 0, 0, 1<<31-1); o.TemplateCache == 0 && c.get("max-template-cache-entries", "") == "0" {
		o.TemplateCache = -1
	}
	o.PermittedSystemKeys = c.list("permitted-system-keys")
	o.NoGzip = c.has("disable-gzip")
	o.StubCORS = c.has("enable-stub-cors")
	o.RecordMappings, o.MatchHeaders = c.has("record-mappings"), c.list("match-headers")
	o.Webhooks = c.number("webhook-threadpool-size", 0, 1, 1<<20)
	switch policy := c.get("use-chunked-encoding", "always"); strings.ToLower(policy) {
	case "always":
	case "never":
		o.Chunked = stubs.ChunkedNever
	case "body_file":
		o.Chunked = stubs.ChunkedBodyFile
	default:
		c.fail("flag --use-chunked-encoding: %q is not one of always, never and body_file", policy)
	}
	if template := c.get("filename-template", ""); template != "" && !wellFormedFileName(template) {
		c.fail("flag --filename-template: every part between hyphens of %q needs a {{{placeholder}}}", template)
	} else {
		o.FilenameTemplate = template
	}
}

// wellFormedFileName is the real server's own check of the template.
func wellFormedFileName(template string) bool {
	for part := range strings.SplitSeq(template, "-") {
		if !strings.Contains(part, "{{{") || !strings.Contains(part, "}}}") {
			return false
		}
	}
	return true
}

func (c *checker) proxyOptions(o *stubs.ProxyOptions) {
	o.Allow, o.Deny = c.list("allow-proxy-targets"), c.list("deny-proxy-targets")
	o.Timeout = c.millis("proxy-timeout")
	o.PreserveHost, o.PreserveUserAgent = c.has("preserve-host-header"), c.has("preserve-user-agent-proxy-header")
	o.Encodings = c.list("supported-proxy-encodings")
	o.MaxConnections = c.number("max-http-client-connections", 0, 1, 1<<20)
	o.ReuseConnections = !c.boolean("disable-connection-reuse", true)
	o.Browser = c.has("enable-browser-proxying")
	o.NoPassThrough = !c.boolean("proxy-pass-through", true)
	o.TrustAll, o.Trusted = c.has("trust-all-proxy-targets"), c.list("trust-proxy-target")
	if via := c.get("proxy-via", ""); via != "" {
		u, err := proxyURL(via)
		if err != nil {
			c.fail("flag --proxy-via: %w", err)
		}
		o.Via = u
	}
}

func proxyURL(via string) (*url.URL, error) {
	if !strings.Contains(via, "://") {
		via = "http://" + via
	}
	u, err := url.Parse(via)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme != "http":
		return nil, fmt.Errorf("a proxy server is reached over http, not %s", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("the host is missing")
	case u.Port() == "":
		u.Host += ":80"
	}
	return u, nil
}

// unsupported names the flags that were given and can have no effect here.
func (c *checker) unsupported(out *config) {
	for _, f := range flags() {
		switch {
		case f.jvm == "" || !c.has(f.name):
		case f.fatal:
			c.fail("flag --%s cannot apply outside a Java virtual machine: %s", f.name, f.jvm)
		default:
			out.notices = append(out.notices, fmt.Sprintf("flag --%s has no effect: %s", f.name, f.jvm))
		}
	}
	if target := c.get("proxy-all", ""); c.has("proxy-all") {
		c.proxyAll(target, &out.server)
	}
}

const proxyAllPriority = 10 // below every stub that does not ask for less

// proxyAll adds the stub that proxies what no other stub answers.
func (c *checker) proxyAll(target string, o *stubs.Options) {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		c.fail("flag --proxy-all: %q is not a base URL such as https://api.example.com", target)
		return
	}
	o.Proxy.HostHeader = u.Host
	doc, err := json.Marshal(map[string]any{
		"priority": proxyAllPriority,
		"request":  map[string]any{"method": "ANY"},
		"response": map[string]any{"proxyBaseUrl": target},
	})
	if err != nil {
		c.fail("flag --proxy-all: %w", err)
		return
	}
	o.Mappings = append(o.Mappings, stubs.Source{Name: "--proxy-all", Document: doc, Once: true})
}

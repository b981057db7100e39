package stubs

import (
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"time"

	"github.com/envd-dev/envd/stubs/internal/proxy"
	"github.com/envd-dev/envd/stubs/internal/respond"
)

// ResponseOptions say how responses are made and sent.
type ResponseOptions struct {
	// GlobalTemplating renders every response as a template, not only those that name the response-template transformer.
	GlobalTemplating bool
	// NoTemplating switches templating off.
	NoTemplating bool
	// TemplateCache bounds the compiled templates that are kept: 0 keeps 10,000, a negative number none.
	TemplateCache int
	// PermittedSystemKeys are case-insensitive regular expressions: the environment variables that templates may read.
	// Without any, those that begin with "wiremock".
	PermittedSystemKeys []string
	// Chunked says which HTTP/1.1 responses use Transfer-Encoding: chunked instead of a Content-Length.
	Chunked ChunkedEncoding
	// NoGzip never compresses response bodies; by default they are when the client accepts gzip.
	NoGzip bool
	// StubCORS answers preflight requests and adds CORS headers to stub responses. The admin API always does.
	StubCORS bool
	// FilenameTemplate names the files of persistent mappings: a template over id, name, method, url, priority and scenario
	// fields, such as "{{{name}}}-{{{id}}}.json". "" names them as WireMock does by default.
	FilenameTemplate string
	// RecordMappings writes a mapping file and a body file for every proxied request that is new; the mappings match on the
	// request headers MatchHeaders.
	RecordMappings bool
	MatchHeaders   []string
	// Webhooks bounds the webhooks under way at the same time; 0 is 10. Those that wait are 10,000 and 64 MiB at most: further
	// ones are not sent, which an ERROR sub-event of their request says.
	Webhooks int
	// Proxy configures responses that are fetched from elsewhere (proxyBaseUrl, browser proxying) and webhooks.
	Proxy ProxyOptions
}

// ChunkedEncoding is a policy on Transfer-Encoding: chunked.
type ChunkedEncoding = respond.ChunkedEncoding

// The policies of WireMock's flag use-chunked-encoding.
const (
	ChunkedAlways   = respond.ChunkedAlways
	ChunkedNever    = respond.ChunkedNever
	ChunkedBodyFile = respond.ChunkedBodyFile // only for responses with a bodyFileName
)

// ProxyOptions configure requests that the server itself sends.
type ProxyOptions struct {
	// Allow and Deny list the targets that may be reached: IP addresses, hyphenated ranges of them and host names with
	// wildcards. Without Allow everything may; Deny is looked at after it.
	Allow, Deny []string
	// Via is a proxy server to go through, with its credentials; nil goes directly.
	Via *url.URL
	// Timeout bounds a proxied request; 0 is five minutes.
	Timeout time.Duration
	// PreserveHost sends the client's Host header on; HostHeader, when not empty, is sent instead of the target's.
	PreserveHost bool
	HostHeader   string
	// PreserveUserAgent sends the client's User-Agent on.
	PreserveUserAgent bool
	// Encodings are the Accept-Encoding values that are passed on; without any, all are.
	Encodings []string
	// MaxConnections bounds the connections to one target; 0 is 1,000. ReuseConnections keeps them open.
	MaxConnections   int
	ReuseConnections bool
	// Browser lets browsers use the server as their HTTP proxy: what no stub answers goes to the target that the browser
	// named, unless the settings say otherwise. NoPassThrough is the setting to start with.
	Browser       bool
	NoPassThrough bool
	// TrustAll accepts every certificate of a browser's target, Trusted those of the hosts named. Targets of proxyBaseUrl
	// are not verified, as with WireMock.
	TrustAll bool
	Trusted  []string
	// Roots are trusted in addition to the system's certificates, Certificates are shown to targets that ask for one.
	Roots        *x509.CertPool
	Certificates []tls.Certificate
	// Authority is the certificate, in DER, of the authority that signs for the hosts that browsers reach over HTTPS;
	// GET /__admin/certs/wiremock-ca.crt gives it.
	Authority []byte
}

// client makes the client that all requests of the server's own go through.
func (o ProxyOptions) client() (*proxy.Client, error) {
	return proxy.New(proxy.Options{
		Allow: o.Allow, Deny: o.Deny, Via: o.Via, Timeout: o.Timeout, PreserveUserAgent: o.PreserveUserAgent,
		MaxConnections: o.MaxConnections, ReuseConnections: o.ReuseConnections,
		TrustAll: o.TrustAll, Trusted: o.Trusted, Roots: o.Roots, Certificates: o.Certificates,
	})
}

package e2e

import (
	"bufio"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"
)

const storePassword = "storepass"

// TestWireMockServesNamesAndProtocols runs envd wiremock with several keys: each host gets its own certificate, over HTTP/2
// or HTTP/1.1 as the client asks for.
func TestWireMockServesNamesAndProtocols(t *testing.T) {
	dir := t.TempDir()
	shop, pay := newIdentity(t, "shop.test"), newIdentity(t, "pay.test")
	keys := filepath.Join(dir, "keys.pem")
	require.NoError(t, os.WriteFile(keys, append(shop.pem(t), pay.pem(t)...), 0o600))
	s := startWireMock(t, dir, "--https-keystore", keys, "--keystore-type", "PEM")

	roots := pool(shop, pay)
	for _, name := range []string{"shop.test", "pay.test"} {
		for _, http2 := range []bool{true, false} {
			resp, body := s.get(t, s.https, &tls.Config{RootCAs: roots, ServerName: name}, http2)
			assert.Equal(t, name, resp.TLS.PeerCertificates[0].Subject.CommonName)
			assert.Equal(t, http2, resp.ProtoMajor == 2)
			assert.Equal(t, "over https", body)
		}
	}
	for _, http2 := range []bool{true, false} {
		resp, body := s.get(t, s.http, nil, http2)
		assert.Equal(t, http2, resp.ProtoMajor == 2, "without TLS")
		assert.Equal(t, "over http", body)
	}
	_, journal := s.request(t, s.http+"/__admin/requests?limit=2", nil, false)
	var seen struct {
		Requests []struct {
			Request struct{ Protocol, Scheme string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(journal), &seen))
	require.Len(t, seen.Requests, 2)
	assert.Equal(t, "HTTP/1.1", seen.Requests[0].Request.Protocol)
	assert.Equal(t, "HTTP/2.0", seen.Requests[1].Request.Protocol)

	plain := startWireMock(t, dir, "--https-keystore", keys, "--disable-http2-tls")
	conn, err := tls.Dial("tcp", strings.TrimPrefix(plain.https, "https://"), &tls.Config{RootCAs: roots, ServerName: "shop.test", NextProtos: []string{"h2", "http/1.1"}})
	require.NoError(t, err)
	assert.Empty(t, conn.ConnectionState().NegotiatedProtocol)
	require.NoError(t, conn.Close())
}

// TestWireMockAsksForClientCertificates runs envd wiremock with a truststore, and with one that it requires.
func TestWireMockAsksForClientCertificates(t *testing.T) {
	dir := t.TempDir()
	own, known, stranger := newIdentity(t, "localhost"), newIdentity(t, "known"), newIdentity(t, "stranger")
	keystore, err := pkcs12.Modern.Encode(own.key, own.cert, nil, storePassword)
	require.NoError(t, err)
	truststore, err := pkcs12.Modern.EncodeTrustStore([]*x509.Certificate{known.cert}, storePassword)
	require.NoError(t, err)
	for name, data := range map[string][]byte{"keys.p12": keystore, "trust.p12": truststore} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	flags := []string{"--https-keystore", filepath.Join(dir, "keys.p12"), "--keystore-type", "PKCS12", "--keystore-password", storePassword,
		"--key-manager-password", storePassword, "--https-truststore", filepath.Join(dir, "trust.p12"), "--truststore-type", "PKCS12",
		"--truststore-password", storePassword}
	as := func(who ...*identity) *tls.Config {
		c := &tls.Config{RootCAs: pool(own), ServerName: "localhost"}
		for _, w := range who {
			c.Certificates = append(c.Certificates, tls.Certificate{Certificate: [][]byte{w.cert.Raw}, PrivateKey: w.key})
		}
		return c
	}

	strict := startWireMock(t, dir, append(flags, "--https-require-client-cert")...)
	_, body := strict.get(t, strict.https, as(known), true)
	assert.Equal(t, "over https", body)
	for name, config := range map[string]*tls.Config{"none": as(), "a stranger's": as(stranger)} {
		_, err := wireMockClient(config, false).Get(strict.https + "/x")
		require.ErrorContains(t, err, "tls:", name)
	}

	lenient := startWireMock(t, dir, flags...)
	_, body = lenient.get(t, lenient.https, as(stranger), false)
	assert.Equal(t, "over https", body, "a truststore alone asks nobody, as with WireMock")

	out, err := exec.Command(binary, append([]string{"wiremock", "--https-port", "0", "--port", "0", "--root-dir", dir}, flags[:4]...)...).CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "--https-keystore: "+filepath.Join(dir, "keys.p12")+": keystore password was incorrect")
}

// TestWireMockReadsKeystoresOfJava takes its keystores from keytool, with passwords of their own for store and key.
func TestWireMockReadsKeystoresOfJava(t *testing.T) {
	keytool, err := exec.LookPath("keytool")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("needs keytool, which comes with a JDK")
		}
		t.Skip("NOT TESTED: needs keytool, which comes with a JDK")
	}
	dir := t.TempDir()
	store := filepath.Join(dir, "keys.jks")
	for _, name := range []string{"shop.test", "pay.test"} {
		out, err := exec.Command(keytool, "-genkeypair", "-keystore", store, "-storetype", "JKS", "-storepass", storePassword, "-keypass", "keypass",
			"-alias", name, "-dname", "CN="+name, "-ext", "SAN=dns:"+name, "-keyalg", "EC").CombinedOutput()
		require.NoError(t, err, string(out))
	}
	s := startWireMock(t, dir, "--https-keystore", "file:"+store, "--keystore-password", storePassword, "--key-manager-password", "keypass")
	for _, name := range []string{"shop.test", "pay.test"} {
		resp, _ := s.get(t, s.https, &tls.Config{InsecureSkipVerify: true, ServerName: name}, false)
		assert.Equal(t, name, resp.TLS.PeerCertificates[0].Subject.CommonName)
	}
}

// identity is a key with a certificate that it has signed itself.
type identity struct {
	key  crypto.Signer
	cert *x509.Certificate
}

func newIdentity(t *testing.T, name string) *identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &identity{key, cert}
}

func (i *identity) pem(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	require.NoError(t, err)
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return append(key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw})...)
}

func pool(trusted ...*identity) *x509.CertPool {
	p := x509.NewCertPool()
	for _, i := range trusted {
		p.AddCert(i.cert)
	}
	return p
}

// wireMock is a running envd wiremock with one stub, /x, which tells the scheme.
type wireMock struct{ http, https string }

func startWireMock(t *testing.T, dir string, flags ...string) *wireMock {
	t.Helper()
	mappings := filepath.Join(dir, "mappings")
	require.NoError(t, os.MkdirAll(mappings, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(mappings, "x.json"), []byte(
		`{"request":{"url":"/x"},"response":{"body":"over {{request.scheme}}","transformers":["response-template"]}}`), 0o600))
	cmd := exec.Command(binary, append([]string{"wiremock", "--port", "0", "--https-port", "0", "--bind-address", "127.0.0.1", "--root-dir", dir}, flags...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		assert.NoError(t, cmd.Process.Signal(os.Interrupt))
		assert.NoError(t, cmd.Wait())
	})
	s := &wireMock{}
	for lines := bufio.NewScanner(out); s.https == "" && lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		switch name {
		case "port":
			s.http = "http://127.0.0.1:" + strings.TrimSpace(value)
		case "https-port":
			s.https = "https://127.0.0.1:" + strings.TrimSpace(value)
		}
	}
	require.NotEmpty(t, s.https, "the server prints its ports")
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return s
}

func (s *wireMock) get(t *testing.T, base string, config *tls.Config, http2 bool) (*http.Response, string) {
	t.Helper()
	return s.request(t, base+"/x", config, http2)
}

func (s *wireMock) request(t *testing.T, target string, config *tls.Config, http2 bool) (*http.Response, string) {
	t.Helper()
	resp, err := wireMockClient(config, http2).Get(target)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
	return resp, string(body)
}

// wireMockClient speaks HTTP/2, without TLS too, or HTTP/1.1.
func wireMockClient(config *tls.Config, http2 bool) *http.Client {
	var p http.Protocols
	p.SetHTTP1(!http2)
	p.SetHTTP2(http2)
	p.SetUnencryptedHTTP2(http2)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, Protocols: &p, DisableKeepAlives: true}}
}

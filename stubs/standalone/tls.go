package standalone

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/envd-dev/envd/stubs/internal/keystore"
	"github.com/envd-dev/envd/stubs/internal/transport"
)

const (
	certificateLife = 10 * 365 * 24 * time.Hour
	authorityBits   = 2048
)

// tls fills in the certificates that the listeners need.
func (c *config) tls(o *transport.Options) error {
	trusted, err := c.truststore.load()
	if err != nil {
		return fmt.Errorf("flag --https-truststore: %w", err)
	}
	if trusted != nil {
		c.server.Proxy.Roots, c.server.Proxy.Certificates = trusted.Pool(), trusted.Certificates()
	}
	if c.httpsPort >= 0 {
		if o.TLS, err = c.serverTLS(trusted); err != nil {
			return err
		}
	}
	if !c.browser {
		return nil
	}
	authority, err := c.authority()
	if err != nil {
		return fmt.Errorf("flag --ca-keystore: %w", err)
	}
	c.server.Proxy.Authority = authority.leaf
	o.Tunnel = authority.config
	return nil
}

func (c *config) serverTLS(trusted *keystore.Store) (*tls.Config, error) {
	config := &tls.Config{}
	if c.keystore.path == "" {
		var made makeOnce
		config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return made.get() }
	} else {
		keys, err := c.keystore.load()
		if err != nil {
			return nil, fmt.Errorf("flag --https-keystore: %w", err)
		}
		if config.Certificates = keys.Certificates(); len(config.Certificates) == 0 {
			return nil, fmt.Errorf("flag --https-keystore: %s holds no private key with a certificate", c.keystore.path)
		}
		slices.SortStableFunc(config.Certificates, func(a, b tls.Certificate) int { return cmp.Compare(preference(a), preference(b)) })
	}
	if trusted == nil {
		return config, nil
	}
	if c.clientCert { // without it WireMock asks for no certificate: the truststore serves proxying then
		config.ClientCAs, config.ClientAuth = trusted.Pool(), tls.RequireAndVerifyClientCert
	}
	return config, nil
}

// preference is Java's among the keys of a store where the client asks for a name that none has: elliptic curves first.
func preference(c tls.Certificate) int {
	if c.Leaf.PublicKeyAlgorithm == x509.ECDSA {
		return 0
	}
	return 1
}

// load reads the keystore file; nil when the flag was not given.
func (s store) load() (*keystore.Store, error) {
	if s.path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(s.path)
	if err != nil {
		return nil, err
	}
	// Java tries the key with the key manager's password alone; a store whose keys have its own password opens, too.
	loaded, err := keystore.Load(data, keystore.Passwords{Store: s.password, Key: s.keyPassword})
	if errors.Is(err, keystore.ErrPassword) && s.keyPassword != s.password {
		if again, errAgain := keystore.Load(data, keystore.Passwords{Store: s.password}); errAgain == nil {
			return again, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	return loaded, nil
}

// makeOnce makes the server's certificate when the first client asks for it, so that starting costs nothing.
type makeOnce struct {
	once sync.Once
	cert *tls.Certificate
	err  error
}

func (m *makeOnce) get() (*tls.Certificate, error) {
	m.once.Do(func() {
		names := []string{"localhost"}
		if host, err := os.Hostname(); err == nil && host != "localhost" {
			names = append(names, host)
		}
		m.cert, m.err = newCertificate(&x509.Certificate{
			Subject: pkix.Name{CommonName: "localhost", Organization: []string{"envd"}}, DNSNames: names,
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
			KeyUsage:    x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}, nil)
	})
	return m.cert, m.err
}

// newCertificate makes a key and a certificate for it, signed by issuer or, without one, by itself.
func newCertificate(template *x509.Certificate, issuer *tls.Certificate) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return certify(key, template, issuer)
}

// certify makes a certificate for a key.
func certify(key crypto.Signer, template *x509.Certificate, issuer *tls.Certificate) (_ *tls.Certificate, err error) {
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, err
	}
	now := time.Now()
	template.NotBefore, template.NotAfter = now.Add(-24*time.Hour), now.Add(certificateLife)
	parent, signer, chain := template, any(key), [][]byte(nil)
	if issuer != nil {
		parent, signer, chain = issuer.Leaf, issuer.PrivateKey, issuer.Certificate
		if issuer.Leaf.NotAfter.Before(template.NotAfter) {
			template.NotAfter = issuer.Leaf.NotAfter
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: append([][]byte{der}, chain...), PrivateKey: key, Leaf: leaf}, nil
}

// authority signs certificates for the hosts that browsers reach through the server.
type authority struct {
	ca   *tls.Certificate
	leaf []byte // the CA's certificate, DER

	mu    sync.Mutex
	hosts map[string]*tls.Certificate
}

const maxHosts = 1000

// config is the TLS configuration of a server that stands in for host.
func (a *authority) config(host string) (*tls.Config, error) {
	return &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName != "" {
			return a.certificate(hello.ServerName)
		}
		return a.certificate(host)
	}}, nil
}

func (a *authority) certificate(host string) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c, ok := a.hosts[host]; ok {
		return c, nil
	}
	template := &x509.Certificate{Subject: pkix.Name{CommonName: host}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	c, err := newCertificate(template, a.ca)
	if err != nil {
		return nil, err
	}
	if a.hosts == nil || len(a.hosts) == maxHosts {
		a.hosts = map[string]*tls.Certificate{}
	}
	a.hosts[host] = c
	return c, nil
}

// authority loads the certificate authority or, the first time, makes one and keeps it for the next.
func (c *config) authority() (*authority, error) {
	if c.caStore.path == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		c.caStore.path = filepath.Join(home, ".wiremock", "ca-keystore.jks")
	}
	loaded, err := c.caStore.load()
	if errors.Is(err, fs.ErrNotExist) {
		return c.newAuthority()
	}
	if err != nil {
		return nil, err
	}
	for _, cert := range loaded.Certificates() {
		if cert.Leaf.IsCA {
			return &authority{ca: &cert, leaf: cert.Leaf.Raw}, nil
		}
	}
	return nil, fmt.Errorf("%s holds no certificate authority", c.caStore.path)
}

func (c *config) newAuthority() (*authority, error) {
	key, err := rsa.GenerateKey(rand.Reader, authorityBits) // the real server can only sign with RSA
	if err != nil {
		return nil, err
	}
	ca, err := certify(key, &x509.Certificate{
		Subject:  pkix.Name{CommonName: "envd Certificate Authority", Organization: []string{"envd"}},
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		IsCA:     true, BasicConstraintsValid: true,
	}, nil)
	if err != nil {
		return nil, err
	}
	data, err := c.caStore.encode(ca)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(c.caStore.path), 0o700); err != nil {
		return nil, err
	}
	if err := writeNew(c.caStore.path, data); err != nil {
		return nil, err
	}
	return &authority{ca: ca, leaf: ca.Leaf.Raw}, nil
}

func (s store) encode(ca *tls.Certificate) ([]byte, error) {
	if strings.EqualFold(s.kind, "pkcs12") {
		return pkcs12.Modern.Encode(ca.PrivateKey, ca.Leaf, nil, s.password)
	}
	entry := keystore.KeyEntry{Alias: "wiremock-ca", Key: ca.PrivateKey.(crypto.Signer), Chain: []*x509.Certificate{ca.Leaf}}
	return keystore.EncodeJKS(entry, s.password, time.Now())
}

// writeNew writes a file whole or not at all, for servers that start at the same time.
func writeNew(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".ca-*")
	if err != nil {
		return err
	}
	_, err = f.Write(bytes.Clone(data))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

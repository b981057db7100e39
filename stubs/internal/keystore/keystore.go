// Package keystore reads the Java keystores that WireMock's HTTPS flags name (JKS, JCEKS and PKCS#12) and writes JKS,
// so that a certificate authority created here can be used by the real server and the other way round.
package keystore

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"software.sslmate.com/src/go-pkcs12"
)

// Store is what a keystore holds: private keys with their certificate chains, and trusted certificates.
type Store struct {
	Keys    []KeyEntry
	Trusted []*x509.Certificate
}

// KeyEntry is one private key and its chain, leaf first.
type KeyEntry struct {
	Alias string
	Key   crypto.Signer
	Chain []*x509.Certificate
}

// Passwords open a store: Store checks its integrity, Key (default: Store) decrypts its private keys.
type Passwords struct{ Store, Key string }

// ErrPassword says that a store or one of its keys does not open with the password given.
var ErrPassword = errors.New("keystore password was incorrect")

// Load reads a keystore of any known format, found by its first bytes: Java too reads PKCS#12 where JKS was announced.
// PEM files (certificates and one key) are taken as well.
func Load(data []byte, pw Passwords) (*Store, error) {
	if pw.Key == "" {
		pw.Key = pw.Store
	}
	switch {
	case bytes.HasPrefix(data, jksMagic[:]), bytes.HasPrefix(data, jceksMagic[:]):
		return parseJava(data, pw)
	case len(data) > 0 && data[0] == 0x30:
		return parsePKCS12(data, pw)
	case bytes.Contains(data, []byte("-----BEGIN ")): // tools write other text around
		return parsePEM(data)
	}
	return nil, errors.New("not a JKS, JCEKS, PKCS#12 or PEM keystore")
}

// Certificates are the store's keys as what crypto/tls serves.
func (s *Store) Certificates() []tls.Certificate {
	out := make([]tls.Certificate, 0, len(s.Keys))
	for _, k := range s.Keys {
		c := tls.Certificate{PrivateKey: k.Key}
		for _, x := range k.Chain {
			c.Certificate = append(c.Certificate, x.Raw)
		}
		if len(k.Chain) > 0 {
			c.Leaf = k.Chain[0]
			out = append(out, c)
		}
	}
	return out
}

// Pool is the set of certificates that the store trusts; like Java's it contains the leaf of every key entry too.
func (s *Store) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range s.Trusted {
		pool.AddCert(c)
	}
	for _, k := range s.Keys {
		if len(k.Chain) > 0 {
			pool.AddCert(k.Chain[0])
		}
	}
	return pool
}

func parsePKCS12(data []byte, pw Passwords) (*Store, error) {
	key, leaf, rest, err := pkcs12.DecodeChain(data, pw.Store)
	if err == nil {
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, fmt.Errorf("a private key of type %T cannot sign", key)
		}
		chain, trusted := chainOf(leafFirst(signer, append([]*x509.Certificate{leaf}, rest...)))
		return &Store{Keys: []KeyEntry{{Key: signer, Chain: chain}}, Trusted: trusted}, nil
	}
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, fmt.Errorf("%w: %w", ErrPassword, err)
	}
	if blocks, err := pkcs12.ToPEM(data, pw.Store); err == nil { //nolint:staticcheck // DecodeChain takes a single key; parseKey reads what this makes
		if s, err := several(blocks); err == nil && len(s.Keys) > 0 {
			return s, nil
		}
	}
	trusted, trustErr := pkcs12.DecodeTrustStore(data, pw.Store)
	if trustErr != nil {
		return nil, fmt.Errorf("read PKCS#12 keystore: %w", errors.Join(err, trustErr))
	}
	return &Store{Trusted: trusted}, nil
}

// several makes a store of keys with their chains and of what else is among the blocks.
func several(blocks []*pem.Block) (*Store, error) {
	s, certs := &Store{}, []*x509.Certificate(nil)
	for _, b := range blocks {
		if b.Type == "CERTIFICATE" {
			c, err := x509.ParseCertificate(b.Bytes)
			if err != nil {
				return nil, fmt.Errorf("read certificate: %w", err)
			}
			certs = append(certs, c)
			continue
		}
		key, err := parseKey(b.Bytes)
		if err != nil {
			return nil, err
		}
		s.Keys = append(s.Keys, KeyEntry{Alias: b.Headers["friendlyName"], Key: key})
	}
	for i, k := range s.Keys {
		if len(certs) == 0 {
			return nil, errors.New("a private key without its certificate")
		}
		leaf, rest := leafFirst(k.Key, certs)
		s.Keys[i].Chain, certs = chainOf(leaf, rest)
	}
	s.Trusted = certs
	return s, nil
}

// leafFirst finds the certificate of key: a store may hold trusted certificates before it.
func leafFirst(key crypto.Signer, certs []*x509.Certificate) (leaf *x509.Certificate, rest []*x509.Certificate) {
	for i, c := range certs {
		if pub, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); ok && pub.Equal(key.Public()) {
			return c, append(append([]*x509.Certificate{}, certs[:i]...), certs[i+1:]...)
		}
	}
	return certs[0], certs[1:]
}

// chainOf follows the issuers of leaf through certs; what is not on the way is a trusted certificate of its own.
func chainOf(leaf *x509.Certificate, certs []*x509.Certificate) (chain, rest []*x509.Certificate) {
	chain, rest = []*x509.Certificate{leaf}, certs
	for {
		last := chain[len(chain)-1]
		found := -1
		for i, c := range rest {
			if bytes.Equal(c.RawSubject, last.RawIssuer) && !c.Equal(last) && last.CheckSignatureFrom(c) == nil {
				found = i
				break
			}
		}
		if found < 0 {
			return chain, rest
		}
		chain = append(chain, rest[found])
		rest = append(append([]*x509.Certificate{}, rest[:found]...), rest[found+1:]...)
	}
}

func parsePEM(data []byte) (*Store, error) {
	var blocks []*pem.Block
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		blocks = append(blocks, block)
	}
	return several(blocks)
}

// parseKey reads a private key as PKCS#8, PKCS#1 or SEC 1.
func parseKey(der []byte) (crypto.Signer, error) {
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if rsa, rsaErr := x509.ParsePKCS1PrivateKey(der); rsaErr == nil {
			return rsa, nil
		}
		if ec, ecErr := x509.ParseECPrivateKey(der); ecErr == nil {
			return ec, nil
		}
		return nil, fmt.Errorf("read private key: %w", err)
	}
	signer, ok := k.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a private key of type %T cannot sign", k)
	}
	return signer, nil
}

package keystore

import (
	"bytes"
	"crypto/cipher"
	"crypto/des"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unicode/utf16"
)

// The layout follows sun.security.provider.JavaKeyStore and com.sun.crypto.provider.JceKeyStore: big-endian integers,
// strings with a two-byte length, DER certificates, and a SHA-1 over password, salt word and everything before it.
var (
	jksMagic   = [4]byte{0xFE, 0xED, 0xFE, 0xED}
	jceksMagic = [4]byte{0xCE, 0xCE, 0xCE, 0xCE}

	oidJKSProtection   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 42, 2, 17, 1, 1}
	oidJCEKSProtection = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 42, 2, 19, 1}
)

const (
	integritySalt = "Mighty Aphrodite"
	tagKey        = 1
	tagTrusted    = 2

	// maxPBEIterations bounds the work that a hostile file can ask for; keytool writes 200,000 by default.
	maxPBEIterations = 5_000_000
)

type protectedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

func parseJava(data []byte, pw Passwords) (*Store, error) {
	body := data[:max(0, len(data)-sha1.Size)]
	if sum := integrity(body, pw.Store); subtle.ConstantTimeCompare(sum, data[len(body):]) != 1 {
		return nil, fmt.Errorf("%w, or the file was tampered with", ErrPassword)
	}
	r := &reader{data: body[len(jksMagic):]}
	version, count := r.uint32(), r.uint32()
	if version != 1 && version != 2 {
		return nil, fmt.Errorf("JKS version %d is unknown", version)
	}
	s := &Store{}
	for i := uint32(0); i < count && r.err == nil; i++ {
		if err := s.readEntry(r, version, pw); err != nil {
			return nil, err
		}
	}
	return s, r.err
}

func (s *Store) readEntry(r *reader, version uint32, pw Passwords) error {
	tag, alias := r.uint32(), string(r.short())
	r.take(8) // creation time
	switch tag {
	case tagKey:
		sealed := r.long()
		chain := make([]*x509.Certificate, 0, 2)
		for n := r.uint32(); n > 0 && r.err == nil; n-- {
			c, err := r.certificate(version)
			if err != nil {
				return err
			}
			chain = append(chain, c)
		}
		if r.err != nil {
			return r.err
		}
		der, err := openKey(sealed, pw.Key)
		if err != nil {
			return fmt.Errorf("key %q: %w", alias, err)
		}
		key, err := parseKey(der)
		if err != nil {
			return fmt.Errorf("key %q: %w", alias, err)
		}
		s.Keys = append(s.Keys, KeyEntry{Alias: alias, Key: key, Chain: chain})
	case tagTrusted:
		c, err := r.certificate(version)
		if err != nil {
			return err
		}
		s.Trusted = append(s.Trusted, c)
	default:
		if r.err == nil {
			return fmt.Errorf("entry %q is neither a private key nor a certificate", alias)
		}
	}
	return r.err
}

// openKey decrypts one key entry to PKCS#8.
func openKey(sealed []byte, password string) ([]byte, error) {
	var k protectedKey
	if _, err := asn1.Unmarshal(sealed, &k); err != nil {
		return nil, fmt.Errorf("read encrypted key: %w", err)
	}
	switch {
	case k.Algorithm.Algorithm.Equal(oidJKSProtection):
		return openJKS(k.Data, password)
	case k.Algorithm.Algorithm.Equal(oidJCEKSProtection):
		return openJCEKS(k, password)
	}
	return nil, fmt.Errorf("key protection %s is unknown", k.Algorithm.Algorithm)
}

func openJKS(data []byte, password string) ([]byte, error) {
	if len(data) < 2*sha1.Size {
		return nil, errors.New("encrypted key is too short")
	}
	salt, sealed, check := data[:sha1.Size], data[sha1.Size:len(data)-sha1.Size], data[len(data)-sha1.Size:]
	plain := xorJKS(sealed, salt, password)
	if sum := sha1.Sum(append(javaPassword(password), plain...)); !bytes.Equal(sum[:], check) {
		return nil, ErrPassword
	}
	return plain, nil
}

// xorJKS applies the key stream SHA1(password‖salt), SHA1(password‖previous), …
func xorJKS(data, salt []byte, password string) []byte {
	out, last := make([]byte, len(data)), salt
	for at := 0; at < len(data); at += sha1.Size {
		block := sha1.Sum(append(javaPassword(password), last...))
		subtle.XORBytes(out[at:], data[at:], block[:])
		last = block[:]
	}
	return out
}

// openJCEKS undoes PBEWithMD5AndTripleDES as Java's own provider does it, with its slip in deriving the key: when
// both halves of the salt are equal, the first is reversed in part.
func openJCEKS(k protectedKey, password string) ([]byte, error) {
	var params struct {
		Salt       []byte
		Iterations int
	}
	if _, err := asn1.Unmarshal(k.Algorithm.Parameters.FullBytes, &params); err != nil {
		return nil, fmt.Errorf("read key protection: %w", err)
	}
	if len(params.Salt) != 8 || params.Iterations < 1 || params.Iterations > maxPBEIterations {
		return nil, fmt.Errorf("key protection with a salt of %d bytes and %d iterations", len(params.Salt), params.Iterations)
	}
	halves := [2][]byte{bytes.Clone(params.Salt[:4]), params.Salt[4:]}
	if bytes.Equal(halves[0], halves[1]) {
		h := halves[0]
		h[0], h[1], h[2] = h[3], h[0], h[1]
	}
	var derived []byte
	for _, part := range halves {
		for range params.Iterations {
			sum := md5.Sum(append(bytes.Clone(part), password...))
			part = sum[:]
		}
		derived = append(derived, part...)
	}
	block, err := des.NewTripleDESCipher(derived[:24])
	if err != nil {
		return nil, fmt.Errorf("key protection: %w", err)
	}
	if len(k.Data) == 0 || len(k.Data)%block.BlockSize() != 0 {
		return nil, errors.New("encrypted key is not a whole number of blocks")
	}
	plain := make([]byte, len(k.Data))
	cipher.NewCBCDecrypter(block, derived[24:]).CryptBlocks(plain, k.Data)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > block.BlockSize() {
		return nil, ErrPassword
	}
	return plain[:len(plain)-pad], nil
}

// EncodeJKS writes a store with one private key, protected by password, as keytool would.
func EncodeJKS(entry KeyEntry, password string, now time.Time) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(entry.Key)
	if err != nil {
		return nil, fmt.Errorf("encode private key: %w", err)
	}
	salt := make([]byte, sha1.Size)
	if _, err := rand.Read(salt); err != nil {
		return nil, fmt.Errorf("key salt: %w", err)
	}
	check := sha1.Sum(append(javaPassword(password), der...))
	sealed, err := asn1.Marshal(protectedKey{
		Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidJKSProtection, Parameters: asn1.NullRawValue},
		Data:      append(append(salt, xorJKS(der, salt, password)...), check[:]...),
	})
	if err != nil {
		return nil, fmt.Errorf("encode private key: %w", err)
	}
	be := binary.BigEndian
	out := append([]byte{}, jksMagic[:]...)
	out = be.AppendUint32(out, 2)
	out = be.AppendUint32(out, 1)
	out = be.AppendUint32(out, tagKey)
	out = append(be.AppendUint16(out, uint16(len(entry.Alias))), entry.Alias...)
	out = be.AppendUint64(out, uint64(now.UnixMilli()))
	out = append(be.AppendUint32(out, uint32(len(sealed))), sealed...)
	out = be.AppendUint32(out, uint32(len(entry.Chain)))
	for _, c := range entry.Chain {
		out = append(be.AppendUint16(out, uint16(len("X.509"))), "X.509"...)
		out = append(be.AppendUint32(out, uint32(len(c.Raw))), c.Raw...)
	}
	return append(out, integrity(out, password)...), nil
}

func integrity(body []byte, password string) []byte {
	h := sha1.New()
	h.Write(javaPassword(password))
	h.Write([]byte(integritySalt))
	h.Write(body)
	return h.Sum(nil)
}

// javaPassword is a password as Java hashes it: UTF-16, big-endian.
func javaPassword(password string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(password)) {
		out = binary.BigEndian.AppendUint16(out, u)
	}
	return out
}

// reader takes fields off a byte slice and remembers the first one that was missing.
type reader struct {
	data []byte
	err  error
}

func (r *reader) take(n int) []byte {
	if r.err == nil && (n < 0 || n > len(r.data)) {
		r.err = errors.New("keystore ends in the middle of an entry")
	}
	if r.err != nil {
		return nil
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) short() []byte {
	if b := r.take(2); b != nil {
		return r.take(int(binary.BigEndian.Uint16(b)))
	}
	return nil
}

func (r *reader) long() []byte { return r.take(int(int32(r.uint32()))) }

func (r *reader) certificate(version uint32) (*x509.Certificate, error) {
	if version == 2 {
		r.short() // certificate type, "X.509"
	}
	der := r.long()
	if r.err != nil {
		return nil, r.err
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	return c, nil
}

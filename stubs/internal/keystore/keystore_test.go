package keystore

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fixture reads a store written by keytool (JDK 17), kept as base64.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".b64"))
	require.NoError(t, err)
	data, err := base64.StdEncoding.DecodeString(string(text))
	require.NoError(t, err)
	return data
}

func TestLoad(t *testing.T) {
	for _, c := range []struct {
		file          string
		pw            Passwords
		keys, trusted int
		subject       string
	}{
		{"a.jks", Passwords{"storesecret", "keysecret"}, 1, 0, "CN=api.example.test"},
		{"a.jceks", Passwords{"storesecret", "keysecret"}, 1, 1, "CN=api.example.test"},
		{"a.p12", Passwords{Store: "storesecret"}, 1, 0, "CN=api.example.test"},
		{"mixed.p12", Passwords{Store: "storesecret"}, 1, 1, "CN=other"},
		{"several.p12", Passwords{Store: "storesecret"}, 2, 0, "CN=one.test"},
		{"trust.p12", Passwords{Store: "storesecret"}, 0, 1, ""},
		{"trust.jks", Passwords{Store: "storesecret"}, 0, 1, ""},
	} {
		t.Run(c.file, func(t *testing.T) {
			s, err := Load(fixture(t, c.file), c.pw)
			require.NoError(t, err)
			require.Len(t, s.Keys, c.keys)
			assert.Len(t, s.Trusted, c.trusted)
			if c.keys == 0 {
				return
			}
			assert.Equal(t, c.subject, s.Keys[0].Chain[0].Subject.String())
			for _, k := range s.Keys {
				assert.Equal(t, k.Chain[0].PublicKey, k.Key.Public(), "key and certificate belong together")
			}
			assert.Len(t, s.Certificates(), c.keys)
		})
	}
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		pw   Passwords
		want string
	}{
		"store password":  {fixture(t, "a.jks"), Passwords{Store: "nope"}, "password was incorrect"},
		"key password":    {fixture(t, "a.jks"), Passwords{"storesecret", "nope"}, `key "api": keystore password was incorrect`},
		"jceks key":       {fixture(t, "a.jceks"), Passwords{"storesecret", "nope"}, `key "api"`},
		"pkcs12 password": {fixture(t, "a.p12"), Passwords{Store: "nope"}, "password was incorrect"},
		"not a keystore":  {[]byte("hello"), Passwords{}, "not a JKS"},
		"empty":           {nil, Passwords{}, "not a JKS"},
		"cut":             {fixture(t, "a.jks")[:200], Passwords{Store: "storesecret"}, "tampered"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(c.data, c.pw)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func selfSigned(t testing.TB, name string) KeyEntry {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	require.NoError(t, err)
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return KeyEntry{Alias: "ca", Key: key, Chain: []*x509.Certificate{c}}
}

func TestEncodeJKSReadsBack(t *testing.T) {
	want := selfSigned(t, "roundtrip")
	data, err := EncodeJKS(want, "pässword", time.Now())
	require.NoError(t, err)
	got, err := Load(data, Passwords{Store: "pässword"})
	require.NoError(t, err)
	require.Len(t, got.Keys, 1)
	assert.Equal(t, "ca", got.Keys[0].Alias)
	assert.True(t, want.Chain[0].Equal(got.Keys[0].Chain[0]))
	assert.True(t, want.Key.(*ecdsa.PrivateKey).Equal(got.Keys[0].Key))

	keytool, err := exec.LookPath("keytool")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("NOT TESTED in full: no JDK here, so it is not shown to keytool")
	}
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ca.jks")
	data, err = EncodeJKS(want, "password", time.Now())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, data, 0o600))
	out, err := exec.Command(keytool, "-list", "-keystore", file, "-storepass", "password").CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "PrivateKeyEntry")
}

func TestPEM(t *testing.T) {
	entry := selfSigned(t, "pem")
	der, err := x509.MarshalPKCS8PrivateKey(entry.Key)
	require.NoError(t, err)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: entry.Chain[0].Raw})
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})

	s, err := Load(append(cert, key...), Passwords{})
	require.NoError(t, err)
	_, err = tls.X509KeyPair(cert, key)
	require.NoError(t, err)
	require.Len(t, s.Certificates(), 1)
	assert.True(t, s.Keys[0].Chain[0].Equal(entry.Chain[0]))

	second := selfSigned(t, "second")
	der, err = x509.MarshalPKCS8PrivateKey(second.Key)
	require.NoError(t, err)
	text := append([]byte("Bag Attributes\n    friendlyName: one\n"), append(key, cert...)...)
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
	_, err = Load(text, Passwords{})
	require.ErrorContains(t, err, "without its certificate")
	s, err = Load(append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: second.Chain[0].Raw})...), Passwords{})
	require.NoError(t, err)
	require.Len(t, s.Keys, 2)
	assert.True(t, s.Keys[1].Chain[0].Equal(second.Chain[0]))

	_, err = Load(key, Passwords{})
	require.ErrorContains(t, err, "without its certificate")
}

func FuzzLoad(f *testing.F) {
	for _, name := range []string{"a.jks", "trust.jks", "trust.p12"} {
		f.Add(fixture(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Load(data, Passwords{Store: "storesecret", Key: "keysecret"})
		if (s == nil) == (err == nil) {
			t.Fatalf("store %v with error %v", s, err)
		}
		// The integrity sum keeps mutations from the parser behind it, so that is fuzzed on its own.
		if len(data) > len(jksMagic) {
			r := &reader{data: data[len(jksMagic):]}
			_ = (&Store{}).readEntry(r, 2, Passwords{Key: "keysecret"})
		}
	})
}

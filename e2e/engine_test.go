package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhichEngine names the engine in all the ways of the docker command, certificates included: envd talks to that one.
func TestWhichEngine(t *testing.T) {
	needs(t, "docker")
	dir := t.TempDir()
	certs := filepath.Join(dir, "certs")
	trust := newAuthority(t, certs)
	socket := filepath.Join(dir, "engine.sock")
	local, err := net.Listen("unix", socket)
	require.NoError(t, err)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	secure, err := tls.Listen("tcp", "127.0.0.1:0", trust)
	require.NoError(t, err)
	used := map[net.Listener]*atomic.Int64{}
	for _, engine := range []net.Listener{local, plain, secure} {
		used[engine] = leadToEngine(t, engine)
	}
	for name, host := range map[string]string{"plain": "tcp://" + plain.Addr().String(), "secure": "tcp://" + secure.Addr().String(), "mine": "unix://" + socket} {
		writeContext(t, dir, name, host)
	}
	id := sha256.Sum256([]byte("secure"))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "contexts", "tls", hex.EncodeToString(id[:])), 0o700))
	require.NoError(t, os.Symlink(certs, filepath.Join(dir, "contexts", "tls", hex.EncodeToString(id[:]), "docker")))
	spec, app := writeSpec(t, dir, execSpec)

	for _, c := range []struct {
		name   string
		engine net.Listener
		env    []string
	}{
		{"DOCKER_HOST, a socket", local, []string{"DOCKER_HOST=unix://" + socket, "DOCKER_CONTEXT=secure"}},
		{"DOCKER_HOST, a port", plain, []string{"DOCKER_HOST=tcp://" + plain.Addr().String()}},
		{"DOCKER_HOST, with certificates", secure, []string{"DOCKER_HOST=tcp://" + secure.Addr().String(), "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + certs}},
		{"DOCKER_CONTEXT, a socket", local, []string{"DOCKER_CONTEXT=mine"}},
		{"DOCKER_CONTEXT, with certificates", secure, []string{"DOCKER_CONTEXT=secure"}},
		{"docker context use", plain, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.env == nil {
				config := filepath.Join(dir, "config.json")
				require.NoError(t, os.WriteFile(config, []byte(`{"currentContext": "plain"}`), 0o600))
				defer os.Remove(config)
			}
			before := used[c.engine].Load()
			id := fmt.Sprintf("engine-%d-%d", os.Getpid(), time.Now().UnixNano())
			envd := func(args ...string) string {
				cmd := exec.Command(binary, args...)
				cmd.Env = append(append(os.Environ(), "ENVD_STATE_DIR="+filepath.Join(dir, "state"), "DOCKER_HOST=", "DOCKER_CONFIG="+dir), c.env...)
				out, err := cmd.CombinedOutput()
				assert.NoError(t, err, "%v: %s", args, out)
				return string(out)
			}
			envd("up", spec, "--runtime", "docker", "--id", id, "--ttl", "5m")
			assert.Contains(t, envd("exec", id, "--service", "api", "--", app, "print", "inside"), "inside")
			envd("down", id)
			assert.Greater(t, used[c.engine].Load(), before, "another engine was used")
		})
	}
}

// TestEngineRefuses says what is wrong, and what to do, where the engine is there and does not let envd in.
func TestEngineRefuses(t *testing.T) {
	t.Parallel()                             // it waits for an engine that does not answer
	dir, err := os.MkdirTemp("", "engine-*") // t.TempDir is closed to others
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o777))
	spec := filepath.Join(dir, "envd.yaml")
	require.NoError(t, os.WriteFile(spec, []byte("apiVersion: envd/v1\nname: refused\nenvironment: {runtime: docker, services: {web: {image: web}}}\n"), 0o644))
	socket := filepath.Join(dir, "engine.sock")
	local, err := net.Listen("unix", socket)
	require.NoError(t, err)
	defer local.Close()
	require.NoError(t, os.Chmod(socket, 0o600))
	secure, err := tls.Listen("tcp", "127.0.0.1:0", newAuthority(t, filepath.Join(dir, "certs")))
	require.NoError(t, err)
	leadToEngine(t, secure)

	const nobody = 65534
	for _, c := range []struct {
		name, want string
		user       uint32
		env        []string
	}{
		{"the socket is another's", "this user may not use unix://" + socket + ": join the group that owns it", nobody, []string{"DOCKER_HOST=unix://" + socket}},
		{"certificates are wanted", "wants certificates: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH", 0, []string{"DOCKER_HOST=tcp://" + secure.Addr().String()}},
		{"it answers nothing", "has not answered within", 0, []string{"DOCKER_HOST=unix://" + socket}},
		{"there are none", "must have ca.pem, cert.pem and key.pem", 0, []string{"DOCKER_HOST=tcp://" + secure.Addr().String(), "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + dir}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command(binary, "up", spec)
			cmd.Env = append(append(os.Environ(), "ENVD_STATE_DIR="+filepath.Join(dir, fmt.Sprint("state", c.user)), "HOME="+dir), c.env...)
			if cmd.Dir = dir; c.user != 0 {
				if os.Getuid() != 0 {
					t.Skip("SKIPPED: only root can be somebody else")
				}
				program := filepath.Join(dir, "envd")
				b, err := os.ReadFile(binary)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(program, b, 0o755))
				cmd.Path, cmd.SysProcAttr = program, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: c.user, Gid: c.user}}
			}
			out, err := cmd.CombinedOutput()
			require.Error(t, err)
			assert.Equal(t, 3, cmd.ProcessState.ExitCode(), "%s", out)
			assert.Contains(t, string(out), c.want)
		})
	}
}

// leadToEngine hands every connection to the engine until the test ends, and counts them.
func leadToEngine(t *testing.T, l net.Listener) (used *atomic.Int64) {
	t.Helper()
	used = new(atomic.Int64)
	t.Cleanup(func() { l.Close() })
	type half interface{ CloseWrite() error }
	carry := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		_ = to.(half).CloseWrite()
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			used.Add(1)
			if secure, ok := c.(*tls.Conn); ok {
				if err := secure.Handshake(); err != nil { // said as net/http, and with that the engine, says it
					var plain tls.RecordHeaderError
					if errors.As(err, &plain) {
						_, _ = io.WriteString(plain.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
					}
					c.Close()
					continue
				}
			}
			engine, err := net.Dial("unix", "/var/run/docker.sock")
			if err != nil {
				c.Close()
				continue
			}
			go func() {
				defer c.Close()
				defer engine.Close()
				go carry(engine, c)
				carry(c, engine)
			}()
		}
	}()
	return used
}

// writeContext writes a context as `docker context create` does.
func writeContext(t *testing.T, config, name, host string) {
	t.Helper()
	id := sha256.Sum256([]byte(name))
	meta := filepath.Join(config, "contexts", "meta", hex.EncodeToString(id[:]))
	require.NoError(t, os.MkdirAll(meta, 0o700))
	text := fmt.Sprintf(`{"Name":%q,"Metadata":{},"Endpoints":{"docker":{"Host":%q,"SkipTLSVerify":false}}}`, name, host)
	require.NoError(t, os.WriteFile(filepath.Join(meta, "meta.json"), []byte(text), 0o600))
}

// newAuthority writes ca.pem, cert.pem and key.pem into a folder, as DOCKER_CERT_PATH has them, and returns what a server needs
// that lets only their owner in.
func newAuthority(t *testing.T, dir string) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{ // it signs itself, and serves and asks with itself
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for name, b := range map[string][]byte{"ca.pem": certPEM, "cert.pem": certPEM, "key.pem": keyPEM} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o644))
	}
	own, err := tls.X509KeyPair(certPEM, keyPEM)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(certPEM))
	return &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots}
}

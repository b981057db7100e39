// Package wiremock runs the real WireMock as a stub engine: its standalone jar in a process of its own, driven over its
// admin API with the client of github.com/wiremock/go-wiremock. A [Server] can stand wherever a stubs.Server does: it is
// an http.Handler, has a URL, and answers the same admin API below /__admin.
package wiremock

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	gowiremock "github.com/wiremock/go-wiremock"
)

const (
	defaultStartTimeout = time.Minute
	stopTimeout         = 5 * time.Second
	// keptOutput bounds what is remembered of the output of a server that fails to start.
	keptOutput = 8 << 10
)

// Options say which WireMock to run and how.
type Options struct {
	// Jar is the path of the standalone jar, wiremock-standalone-3.x.jar.
	Jar string
	// Java is the java binary; "" is that of JAVA_HOME, or else the one in the PATH.
	Java string
	// JVMFlags are given to java, Flags to WireMock: --global-response-templating, for example. Port and folder have
	// options of their own.
	JVMFlags, Flags []string
	// RootDir is the folder with mappings and __files; "" is an empty one that is removed on Close.
	RootDir string
	// Port to listen on; 0 finds a free one. Address to listen on; "" is 127.0.0.1.
	Port    int
	Address string
	// StartTimeout bounds the start; 0 is a minute.
	StartTimeout time.Duration
	// Output receives what WireMock prints; nil drops it.
	Output io.Writer
}

// Server is a WireMock that runs. It ends with [Server.Close], and with the process that started it however that ends.
type Server struct {
	url     *url.URL
	client  *gowiremock.Client
	proxy   *httputil.ReverseProxy
	process *os.Process
	exited  chan struct{} // closed after the process has ended
	failure error         // why it ended; read after exited
	cleanup func() error
	closing sync.Once
	closed  error
}

// Start runs WireMock and returns once it answers. When ctx ends during the start, or the start fails, the process is gone.
func Start(ctx context.Context, o Options) (*Server, error) {
	java, err := o.java()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(o.Jar); err != nil {
		return nil, fmt.Errorf("WireMock's jar: %w", err)
	}
	s := &Server{exited: make(chan struct{}), cleanup: func() error { return nil }}
	if o.RootDir == "" {
		dir, err := os.MkdirTemp("", "envd-wiremock-*")
		if err != nil {
			return nil, err
		}
		o.RootDir, s.cleanup = dir, func() error { return os.RemoveAll(dir) }
	}
	if o.Address == "" {
		o.Address = "127.0.0.1"
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = defaultStartTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, o.StartTimeout)
	defer cancel()
	if err := s.start(ctx, java, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (o Options) java() (string, error) {
	if o.Java != "" {
		return o.Java, nil
	}
	if home := os.Getenv("JAVA_HOME"); home != "" {
		if path := filepath.Join(home, "bin", "java"); exec.Command(path, "-version").Run() == nil {
			return path, nil
		}
	}
	path, err := exec.LookPath("java")
	if err != nil {
		return "", fmt.Errorf("WireMock needs Java: %w", err)
	}
	return path, nil
}

// utf8 is a variable for the JVM: up to Java 17, credentials, bodies and file names that are not ASCII depend on the locale,
// and without one become question marks (JEP 400).
const utf8 = "LC_ALL=C.UTF-8"

func (o Options) args() []string {
	args := append(append([]string{}, o.JVMFlags...), "-jar", o.Jar,
		"--port", fmt.Sprint(o.Port), "--bind-address", o.Address, "--root-dir", o.RootDir)
	return append(args, o.Flags...)
}

// start runs the process and waits for the port that it prints once it listens.
func (s *Server) start(ctx context.Context, java string, o Options) error {
	out, in, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd := exec.Command(java, o.args()...)
	cmd.Stdout, cmd.Stderr = in, in
	cmd.Env = append(os.Environ(), utf8)
	started := make(chan error, 1)
	go func() {
		defer close(s.exited)
		s.failure = runLeashed(cmd, started)
	}()
	err = <-started
	err = errors.Join(err, in.Close())
	if err != nil {
		return errors.Join(fmt.Errorf("start WireMock: %w", err), out.Close())
	}
	s.process = cmd.Process
	port := make(chan string, 1)
	output := &tail{}
	go watch(out, o.Output, output, port)
	select {
	case p := <-port:
		return s.connect(ctx, "http://"+o.Address+":"+p)
	case <-s.exited:
		return fmt.Errorf("WireMock ended on start (%w): %s", s.failure, output)
	case <-ctx.Done():
		return fmt.Errorf("WireMock did not start: %w: %s", ctx.Err(), output)
	}
}

// watch copies the process's output and finds the line with the port.
func watch(from io.ReadCloser, to io.Writer, keep *tail, port chan<- string) {
	defer from.Close()
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		line := lines.Text()
		keep.add(line)
		if to != nil {
			_, _ = fmt.Fprintln(to, line) // the writer's own trouble must not stop the server
		}
		if value, ok := strings.CutPrefix(line, "port:"); ok {
			select {
			case port <- strings.TrimSpace(value):
			default:
			}
		}
	}
	_, _ = io.Copy(io.Discard, from) // a line too long for the scanner
}

// connect makes the client and sees that the server answers.
func (s *Server) connect(ctx context.Context, base string) error {
	u, err := url.Parse(base)
	if err != nil {
		return err
	}
	s.url, s.client = u, gowiremock.NewClient(base)
	s.proxy = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(u)
		r.Out.Host = r.In.Host // stubs may match on the host that was asked for
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/__admin/mappings?limit=0", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("WireMock does not answer: %w", err)
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("WireMock's admin API answers %s", resp.Status)
	}
	return nil
}

// URL is the base URL, without a slash at the end.
func (s *Server) URL() string { return s.url.String() }

// Client drives the server over its admin API.
func (s *Server) Client() *gowiremock.Client { return s.client }

// ServeHTTP passes a request on to WireMock, with the Host that the client asked for.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.proxy.ServeHTTP(w, r) }

// Exited is closed when the process has ended, by Close or by itself.
func (s *Server) Exited() <-chan struct{} { return s.exited }

// Import stores mappings: a document {"mappings": […]}, as POST /__admin/mappings/import takes it.
func (s *Server) Import(ctx context.Context, mappings io.Reader) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"/__admin/mappings/import", mappings)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, keptOutput))
	return errors.Join(fmt.Errorf("import mappings: %s: %s", resp.Status, text), err)
}

// Close ends the process, gently at first, and removes a folder that Start has made.
func (s *Server) Close() error {
	s.closing.Do(func() { s.closed = s.stop() })
	return s.closed
}

func (s *Server) stop() error {
	if s.process == nil {
		return s.cleanup()
	}
	err := s.process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-s.exited:
		return s.cleanup()
	case <-timer.C:
	}
	err = errors.Join(err, s.process.Kill())
	<-s.exited
	return errors.Join(err, s.cleanup())
}

// tail remembers the end of an output.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(append(t.text, line...), '\n')
	if over := len(t.text) - keptOutput; over > 0 {
		t.text = t.text[over:]
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}

// Package standalone runs one stub server from a command line: the same flags as WireMock's standalone jar.
package standalone

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/envd-dev/envd/stubs"
	"github.com/envd-dev/envd/stubs/internal/transport"
)

// Version is the WireMock release whose flags and behaviour are reproduced.
const Version = "3.13.2"

// The exit codes of Main.
const (
	exitOK      = 0
	exitStopped = 1 // the server could not start or broke down
	exitUsage   = 2
)

const defaultStopTimeout = time.Second

// Main parses WireMock's command-line flags in args, serves until ctx ends and returns the process's exit code.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	given, errs := parseFlags(flags(), args)
	switch {
	case given.has("help"):
		fmt.Fprint(stdout, helpText(flags()))
		return exitOK
	case given.has("version"):
		fmt.Fprintln(stdout, Version)
		return exitOK
	}
	c, more := configure(given)
	if errs = append(errs, more...); len(errs) > 0 {
		for _, err := range errs {
			fmt.Fprintln(stderr, "envd wiremock:", err)
		}
		fmt.Fprintln(stderr, "envd wiremock --help lists the flags")
		return exitUsage
	}
	for _, notice := range c.notices {
		fmt.Fprintln(stderr, "envd wiremock:", notice)
	}
	if err := c.run(ctx, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "envd wiremock:", err)
		return exitStopped
	}
	return exitOK
}

// run serves until ctx ends or a client asks for the shutdown.
func (c *config) run(ctx context.Context, stdout, stderr io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	out := &lockedWriter{w: stdout}
	c.server.OnShutdown = stop
	c.server.Log = c.logger(out, stderr)
	if c.logRequests {
		c.server.OnServed = logServed(c.server.Log)
	}

	listen, err := c.transport(out)
	if err != nil {
		return err
	}
	c.makeFolders()
	srv, err := stubs.New(c.server)
	if err != nil {
		if srv == nil {
			return err
		}
		fmt.Fprintln(stderr, "envd wiremock:", err) // bad mapping files do not stop the good ones
	}
	t, err := transport.Listen(listen, c.handler(srv))
	if err != nil {
		return errors.Join(err, srv.Close())
	}
	if !c.noBanner {
		c.banner(out, t)
	}
	served := make(chan error, 1)
	go func() { served <- t.Serve() }()
	select {
	case err = <-served:
	case <-ctx.Done():
		err = c.shutdown(ctx, t)
		err = errors.Join(err, <-served)
	}
	return errors.Join(err, srv.Close())
}

func (c *config) shutdown(ctx context.Context, t *transport.Server) error {
	timeout := c.stopTimeout
	if timeout == 0 {
		timeout = defaultStopTimeout
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	return t.Shutdown(ctx)
}

// makeFolders makes the folders that mappings and files are put into, so that they can be copied there. That they cannot be
// made matters only to what is to be written there.
func (c *config) makeFolders() {
	for _, name := range []string{"mappings", "__files"} {
		if err := os.MkdirAll(filepath.Join(c.server.Dir, name), 0o755); err != nil {
			c.server.Log.Info("folder not made", "error", err)
		}
	}
}

// transport says where to listen.
func (c *config) transport(out io.Writer) (transport.Options, error) {
	o := transport.Options{
		NoHTTP2Plain: c.noHTTP2Plain, NoHTTP2TLS: c.noHTTP2TLS, MaxHeaderBytes: c.maxHeader, IdleTimeout: c.idleTimeout,
		Log: slog.NewLogLogger(c.server.Log.Handler(), slog.LevelDebug),
	}
	if c.port >= 0 {
		addr := net.JoinHostPort(c.bind, strconv.Itoa(c.port))
		o.HTTP = &addr
	}
	if c.httpsPort >= 0 {
		addr := net.JoinHostPort(c.bind, strconv.Itoa(c.httpsPort))
		o.HTTPS = &addr
	}
	if c.trace {
		o.Trace = func(in bool, line string) {
			direction := "<<"
			if in {
				direction = ">>"
			}
			fmt.Fprintln(out, direction, line)
		}
	}
	return o, c.tls(&o)
}

// banner prints the settings in the real server's form: scripts read the port from it.
func (c *config) banner(out io.Writer, t *transport.Server) {
	line := func(name string, value any) { fmt.Fprintf(out, "%-30s%v\n", name+":", value) }
	fmt.Fprintf(out, "\nenvd, compatible with WireMock %s\n\n", Version)
	if a, ok := t.HTTPAddr().(*net.TCPAddr); ok {
		line("port", a.Port)
	}
	if a, ok := t.HTTPSAddr().(*net.TCPAddr); ok {
		line("https-port", a.Port)
		line("https-keystore", cmp.Or(c.keystore.path, "(made on start)"))
	}
	line("enable-browser-proxying", c.browser)
	line("disable-banner", c.noBanner)
	if c.server.RecordMappings {
		line("record-mappings", true)
		line("match-headers", c.server.MatchHeaders)
	}
	line("no-request-journal", c.server.Journal.Disabled)
	line("verbose", c.verbose)
	if c.adminAuth {
		line("admin-api-basic-auth", "enabled")
	}
	if c.adminHTTPS {
		line("admin-api-require-https", true)
	}
	fmt.Fprintln(out)
}

// logger logs to stdout when verbose, else only what went wrong, to stderr.
func (c *config) logger(out, stderr io.Writer) *slog.Logger {
	if c.verbose {
		return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelInfo}))
	}
	return slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// logServed tells of every stubbed request.
func logServed(log *slog.Logger) func(stubs.Served) {
	return func(v stubs.Served) {
		log.Info("served", "method", v.Method, "path", v.Path, "status", v.Status, "bytes", v.Bytes, "duration", v.Duration,
			"matched", v.Matched, "stub", cmp.Or(v.StubName, v.StubID))
	}
}

// lockedWriter lets several goroutines write lines.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

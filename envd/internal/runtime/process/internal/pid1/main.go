//go:build linux

// Package pid1 is what runs as the first process of an environment: it makes the environment's space, starts, signals
// and reaps its processes, and connects to them, all on request of the runner that it is tied to.
//
// It ends as soon as its runner does; the kernel then ends everything inside.
package pid1

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/footprint"
	"github.com/envd-dev/envd/envd/internal/netlink"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// ControlFD is the descriptor of the inherited control socket.
const ControlFD = 3

// Main is the body of `envd init --env ID [--plain]`. It returns when the runner is gone.
func Main(ctx context.Context, args []string) int {
	flags := flag.NewFlagSet("init", flag.ContinueOnError)
	env := flags.String("env", "", "the environment's ID")
	plain := flags.Bool("plain", false, "without namespaces of its own")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *env == "" || flags.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "envd init is started by envd itself: it is the first process of an environment")
		return 2
	}
	if err := serve(ctx, *env, *plain); err != nil {
		fmt.Fprintln(os.Stderr, "envd init:", err)
		return 1
	}
	return 0
}

// quiet is how long nothing is asked of PID 1 before it makes itself small.
const quiet = 500 * time.Millisecond

// shrink gives memory back. PID 1 starts without garbage collection, which would only slow the start down; until now a
// memory limit has kept it in bounds.
func shrink() {
	debug.SetGCPercent(20)
	_ = footprint.Shrink()
}

// server answers the runner's requests.
type server struct {
	env      string
	plain    bool
	conn     *control.Conn
	children *children
	trap     *trap      // nil where undeclared connections cannot be seen
	placing  sync.Mutex // files are placed one after the other: overlays build on each other
	links    links
}

func serve(ctx context.Context, env string, plain bool) error {
	var kind unix.Stat_t
	if err := unix.Fstat(ControlFD, &kind); err != nil || kind.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return errors.New("no control socket: it is started by envd itself, not by hand")
	}
	unix.CloseOnExec(ControlFD)
	conn, err := control.FromFile(os.NewFile(ControlFD, "control"))
	if err != nil {
		return err
	}
	if plain {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("become subreaper: %w", err)
		}
	}
	kids, err := newChildren(plain)
	if err != nil {
		return err
	}
	// A service may signal PID 1 to end, as it could in a container, but only the runner decides about that. The signals are
	// caught and not ignored, because services would inherit that they are ignored. SIGPIPE is what a last word to a runner
	// that is gone would bring, before anything is killed.
	signal.Notify(make(chan os.Signal, 1), unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGPIPE)
	s := &server{env: env, plain: plain, conn: conn, children: kids}
	context.AfterFunc(ctx, func() { _ = conn.Close() }) // unblocks Receive below
	rest := time.AfterFunc(quiet, shrink)
	defer rest.Stop()
	for {
		var req control.Request
		files, err := conn.Receive(&req)
		rest.Reset(quiet)
		if err != nil {
			if plain { // otherwise the kernel does it, at once and completely
				kids.killAll()
			}
			if errors.Is(err, io.EOF) || errors.Is(err, unix.ECONNRESET) || ctx.Err() != nil {
				return nil
			}
			return err
		}
		if req.Setup != nil || req.Furnish != nil { // all later requests depend on them
			s.answer(ctx, req, files)
			continue
		}
		go s.answer(ctx, req, files)
	}
}

func (s *server) answer(ctx context.Context, req control.Request, files []*os.File) {
	resp, passed, err := s.handle(ctx, req, files)
	resp.ID, resp.Error = req.ID, control.NewError(err)
	if err := errors.Join(control.CloseAll(files), s.conn.Send(resp, passed...), control.CloseAll(passed)); err != nil {
		fmt.Fprintln(os.Stderr, "envd init:", err)
	}
}

func (s *server) handle(ctx context.Context, req control.Request, files []*os.File) (resp control.Response, passed []*os.File, err error) {
	switch {
	case req.Setup != nil:
		resp.Setup, err = s.setup(req.Setup)
	case req.Furnish != nil:
		err = s.furnish(ctx, req.Furnish)
	case req.Start != nil:
		resp.Started, passed, err = s.start(ctx, req.Start, files)
	case req.Await != nil:
		err = s.await(ctx, req.Await)
	case req.Signal != nil:
		err = s.children.signal(ctx, req.Signal)
	case req.Stop != nil:
		err = s.children.stop(ctx, req.Stop)
	case req.Wait != nil:
		resp.Exit, resp.CPU, err = s.children.wait(ctx, req.Wait)
	case req.File != nil:
		err = s.place(req.File, files)
	case req.Dial != nil:
		passed, err = dial(ctx, req.Dial)
	case req.Freeze != nil:
		err = s.children.freeze(ctx, req.Freeze)
	case req.Query != nil:
		if req.Query.Processes {
			resp.Processes, err = s.children.processes()
		}
		if req.Query.Undeclared {
			resp.Undeclared = s.trap.list()
		}
	default:
		err = fmt.Errorf("%w: request %d asks for nothing this version knows", envd.ErrUnsupported, req.ID)
	}
	return resp, passed, err
}

// setup makes the environment's space.
func (s *server) setup(req *control.Setup) (*control.Features, error) {
	if s.plain {
		return &control.Features{}, nil
	}
	if err := unix.Sethostname([]byte(req.Hostname)); err != nil {
		return nil, fmt.Errorf("set the hostname: %w", err)
	}
	if err := makeRoot(req.Visible); err != nil {
		return nil, err
	}
	trap, err := makeNetwork()
	if err != nil {
		return nil, err
	}
	s.trap = trap
	return &control.Features{Recorded: trap != nil, Redirects: netlink.ProbeNAT() == nil}, nil
}

// furnish puts names into the space, and the ways to what lies outside.
func (s *server) furnish(ctx context.Context, req *control.Furnish) error {
	if s.plain {
		return nil
	}
	hostname, err := os.Hostname()
	if err != nil {
		return err
	}
	if err := placeContent("/etc/hosts", 0o644, -1, -1, hostsFile(hostname, req.Hosts)); err != nil {
		return err
	}
	if err := placeContent("/etc/resolv.conf", 0o644, -1, -1, []byte("nameserver 127.0.0.1\n")); err != nil {
		return err
	}
	if err := redirect(req.Redirects); err != nil {
		return err
	}
	if err := s.openLinks(ctx, hostname, req); err != nil {
		return fmt.Errorf("links: %w", err)
	}
	return s.listenEgress(ctx, req.Egress)
}

func hostsFile(hostname string, hosts []control.HostAddress) []byte {
	var b []byte
	b = append(b, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.0.1\t"+hostname+"\n"...)
	for _, h := range hosts {
		for _, name := range h.Names {
			b = append(b, h.Address+"\t"+name+"\n"...)
		}
	}
	return b
}

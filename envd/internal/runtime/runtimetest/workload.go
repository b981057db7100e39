package runtimetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Verb is the first word of a workload's command line: what follows are its steps.
const Verb = "runtimetest-workload"

// World is what a workload sees of its surroundings: the operating system's, or a fake's.
type World struct {
	Name           string // the service's, from its environment
	Steps          []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Getwd          func() (string, error)
	Listen         func(port int) (net.Listener, error)
	Dial           func(ctx context.Context, network, address string) (net.Conn, error)
	Resolve        func(ctx context.Context, name string) ([]string, error)
	ReadFile       func(path string) ([]byte, error)
	Terminate      <-chan struct{} // closed by SIGTERM
	Daemonise      func(steps []string) error
}

// NameVar is the variable by which a workload knows its service.
const NameVar = "WORKLOAD_NAME"

// Workload carries the steps out, each "verb" or "verb:argument", and returns the exit code:
//
//	print:TEXT error:TEXT   a line to a stream           lines:N        N lines to each stream
//	env:NAME pwd read:PATH  what it says, to stdout       resolve:NAME   its addresses
//	connect:HOST:PORT       "connected" or the error      udp:HOST:PORT  the same of a datagram
//	listen:PORT             answer every connection       cat            stdin to stdout
//	daemonise:PORT          leave a process behind, in a session of its own, that listens and ignores SIGTERM
//	burn:DURATION           use the CPU                   exit:CODE      end
//	hold                    until SIGTERM, then go on     stubborn       for ever, whatever is asked
func Workload(ctx context.Context, w World) int {
	for _, step := range w.Steps {
		verb, arg, _ := strings.Cut(step, ":")
		if verb == "exit" {
			code, err := strconv.Atoi(arg)
			if err != nil {
				return 99
			}
			return code
		}
		if err := w.step(ctx, verb, arg); err != nil {
			fmt.Fprintln(w.Stderr, step+":", err)
			return 98
		}
	}
	return 0
}

func (w World) step(ctx context.Context, verb, arg string) error {
	switch verb {
	case "print":
		return say(w.Stdout, arg)
	case "error":
		return say(w.Stderr, arg)
	case "lines":
		return w.lines(arg)
	case "env":
		return say(w.Stdout, w.Getenv(arg))
	case "pwd":
		dir, err := w.Getwd()
		return errors.Join(err, say(w.Stdout, dir))
	case "read":
		b, err := w.ReadFile(arg)
		return errors.Join(err, say(w.Stdout, string(b)))
	case "resolve":
		addresses, err := w.Resolve(ctx, arg)
		return errors.Join(err, say(w.Stdout, strings.Join(addresses, " ")))
	case "connect", "udp":
		return say(w.Stdout, w.connect(ctx, verb, arg))
	case "listen":
		return w.listen(ctx, arg)
	case "daemonise":
		return w.Daemonise([]string{"listen:" + arg, "stubborn"})
	case "cat":
		_, err := io.Copy(w.Stdout, w.Stdin)
		return err
	case "burn":
		return burn(arg)
	case "hold":
		select {
		case <-w.Terminate:
		case <-ctx.Done():
		}
		return nil
	case "signal":
		return w.signalled(ctx, unix.SignalNum("SIG"+arg))
	case "size":
		return w.size()
	case "stubborn":
		<-ctx.Done()
		return nil
	}
	return errors.New("no such step")
}

func say(to io.Writer, text string) error {
	_, err := fmt.Fprintln(to, text)
	return err
}

func (w World) lines(count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	out, errs := bufio.NewWriter(w.Stdout), bufio.NewWriter(w.Stderr)
	for i := range n {
		fmt.Fprintln(out, "out", i)
		fmt.Fprintln(errs, "err", i)
	}
	return errors.Join(out.Flush(), errs.Flush())
}

// connect says what became of a connection, or of a datagram and whatever came back for it.
func (w World) connect(ctx context.Context, network, address string) string {
	if network == "connect" {
		network = "tcp"
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := w.Dial(ctx, network, address)
	if err == nil {
		defer conn.Close()
		deadline, _ := ctx.Deadline()
		err = conn.SetDeadline(deadline)
	}
	answer := "connected"
	if err == nil {
		_, err = conn.Write([]byte("ping\n"))
	}
	if err == nil {
		answer, err = bufio.NewReader(conn).ReadString('\n')
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case err != nil:
		return err.Error()
	}
	return strings.TrimSpace(answer)
}

// listen answers each connection's first line with the service's name and that line.
func (w World) listen(ctx context.Context, port string) error {
	n, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	l, err := w.Listen(n)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { l.Close() })
	go Answer(l, w.Name)
	return nil
}

// Answer serves every connection of l: NAME, a space, and the line that came.
func Answer(l net.Listener, name string) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			if line, err := bufio.NewReader(conn).ReadString('\n'); err == nil {
				fmt.Fprint(conn, name, " ", line)
			}
		}()
	}
}

// burn goes on until this process has used so much more CPU time, however busy the machine is.
func burn(duration string) error {
	d, err := time.ParseDuration(duration)
	if err != nil {
		return err
	}
	begin, err := used()
	for now := begin; err == nil && now-begin < d; now, err = used() {
		_ = strings.Repeat("x", 4096)
	}
	return err
}

func used() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

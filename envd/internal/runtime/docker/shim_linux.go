package docker

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ShimMain is the body of the helper inside a container; it returns the exit code. args are those for which IsShim is
// true:
//
//	container-helper [--merge] [--cpu] [--id ID] [--forward] [--terminal ROWSxCOLUMNS] -- COMMAND…
//	                                                           run a command, then end whatever it left behind
//	container-helper --kill ID                                 end the command of that ID, and wait until it is gone
//	container-helper --signal NAME --kill ID                   send it a signal, no more
//	container-helper --router IP [--way IP:PORT=HOST:PORT]… [--address IP]… -- COMMAND…
//	                                                           run the gateway where what wants out of the network is
//	                                                           sent, and refused unless it goes a declared way; the
//	                                                           addresses are links'
//	container-helper --sockets                                 hand out sockets of the network that it is in
func ShimMain(args []string) int {
	flags := flag.NewFlagSet(shimVerb, flag.ContinueOnError)
	merge := flags.Bool("merge", false, "")
	forward := flags.Bool("forward", false, "")
	cpu := flags.Bool("cpu", false, "")
	flags.String("id", "", "")
	kill := flags.String("kill", "", "")
	signalName := flags.String("signal", "", "")
	terminal := flags.String("terminal", "", "")
	var r routing
	r.flags(flags)
	sockets := flags.Bool("sockets", false, "")
	if err := flags.Parse(args[1:]); err != nil {
		return 2
	}
	if *sockets {
		if err := handOutSockets(); err != nil {
			fmt.Fprintln(os.Stderr, "envd:", err)
			return 1
		}
		return 0
	}
	if *kill != "" {
		number := unix.SignalNum("SIG" + *signalName)
		if *signalName != "" && number == 0 {
			return 2
		}
		return endByID(*kill, number)
	}
	how := supervision{merge: *merge, forward: *forward, terminal: *terminal != ""}
	if err := setSize(*terminal); err != nil {
		fmt.Fprintln(os.Stderr, "envd:", err)
	}
	if r.router.IsValid() {
		if err := r.start(); err != nil {
			fmt.Fprintln(os.Stderr, "envd: the environment's router:", err)
			return 1
		}
		how = supervision{forward: true, confined: true}
	}
	code, err := supervise(flags.Args(), how)
	if err != nil {
		fmt.Fprintln(os.Stderr, "envd:", err)
	}
	if *cpu {
		var used unix.Rusage
		if unix.Getrusage(unix.RUSAGE_CHILDREN, &used) == nil {
			fmt.Fprint(os.Stderr, trailer(time.Duration(used.Utime.Nano()+used.Stime.Nano())))
		}
	}
	return code
}

// setSize gives this process's terminal a size: engines before API 1.42 make it without one. "" is none to give.
func setSize(size string) error {
	if size == "" {
		return nil
	}
	var w unix.Winsize
	if _, err := fmt.Sscanf(size, "%dx%d", &w.Row, &w.Col); err != nil {
		return fmt.Errorf("terminal %s: %w", size, err)
	}
	return unix.IoctlSetWinsize(0, unix.TIOCSWINSZ, &w)
}

// supervision is how a command is run.
type supervision struct {
	merge    bool // stderr goes where stdout goes
	forward  bool // signals are the command's; otherwise any of them kills it
	terminal bool // it runs on a terminal, which sends signals itself
	confined bool // it gets nothing of what this process may do to the network
}

// supervise runs a command as shells do (exit codes 126 and 127 where it cannot be run, 128+n after signal n) and
// outlives all of its descendants: orphans come to it, whatever session they are in (prctl(2), PR_SET_CHILD_SUBREAPER).
func supervise(command []string, how supervision) (int, error) {
	if len(command) == 0 {
		return 2, errors.New("no command given")
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return 126, err
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2)
	program, err := exec.LookPath(command[0])
	if err != nil {
		return 127, err
	}
	files := []uintptr{0, 1, 2}
	if how.merge {
		files[2] = 1
	}
	// Not os/exec: its waiting would compete with the reaping.
	// A group of its own can be signalled as a whole; on a terminal it must be in the foreground, as this one is.
	own := &syscall.SysProcAttr{Setpgid: !how.forward && !how.terminal}
	if how.confined {
		if err := confine(); err != nil {
			return 126, err
		}
	}
	child, err := syscall.ForkExec(program, command, &syscall.ProcAttr{Env: os.Environ(), Files: files, Sys: own})
	if err != nil {
		return 126, fmt.Errorf("%s: %w", program, err)
	}
	go func() {
		for s := range signals {
			number, ok := s.(unix.Signal)
			if how.terminal && (s == unix.SIGINT || s == unix.SIGQUIT) {
				continue // typed, and the command's
			}
			if !how.forward || !ok {
				number = unix.SIGKILL
			}
			_ = unix.Kill(child, number) // it may have ended by itself
		}
	}()
	code, err := reapUntil(child)
	return code, errors.Join(err, endChildren())
}

// reapUntil reaps every process that ends until it is the child.
func reapUntil(child int) (int, error) {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 126, err
		case pid == child && status.Signaled():
			return 128 + int(status.Signal()), nil
		case pid == child:
			return status.ExitStatus(), nil
		}
	}
}

// endChildren kills until there is no child any more; those of a child that dies become ours.
func endChildren() error {
	for {
		children, err := childrenOf(os.Getpid())
		if err != nil {
			return err
		}
		for _, pid := range children {
			_ = unix.Kill(pid, unix.SIGKILL) // it may have ended by itself
		}
		_, err = unix.Wait4(-1, nil, 0, nil)
		if errors.Is(err, unix.ECHILD) {
			return nil
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// childrenOf lists the children of a process (proc_pid_stat(5)).
func childrenOf(parent int) ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var children []int
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(fields) < 2 || fields[1] != strconv.Itoa(parent) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			children = append(children, pid)
		}
	}
	return children, nil
}

// endByID ends the helper that bears an ID, which ends all that is below it; or sends its command a signal that is not 0.
func endByID(id string, signal unix.Signal) int {
	mark := []byte("\x00--id\x00" + id + "\x00")
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return 1
	}
	for _, name := range names {
		line, err := os.ReadFile(name)
		pid, errPID := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err != nil || errPID != nil || !bytes.Contains(line, mark) {
			continue
		}
		if signal != 0 {
			signalChildren(pid, signal)
			continue
		}
		for unix.Kill(pid, unix.SIGTERM) == nil { // no pidfd: they need not work in every sandbox
			time.Sleep(2 * time.Millisecond)
		}
	}
	return 0
}

// signalChildren sends a signal to the children of a process, and to the groups that they lead.
func signalChildren(parent int, signal unix.Signal) {
	children, err := childrenOf(parent)
	if err != nil {
		return
	}
	for _, pid := range children {
		if group, err := unix.Getpgid(pid); err == nil && group == pid {
			pid = -pid
		}
		_ = unix.Kill(pid, signal) // it may have ended by itself
	}
}

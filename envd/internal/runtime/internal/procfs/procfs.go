//go:build linux

// Package procfs reads what runtimes need from /proc.
package procfs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// ticks is USER_HZ, which the kernel's ABI fixes at 100 on every architecture that Go supports.
const ticks = 100

// Stat is what /proc/PID/stat tells of a process (proc_pid_stat(5)).
type Stat struct {
	PID, Parent, Group, Session int
	State                       byte          // R, S, D, Z … of the first thread
	Threads                     int           // that have not ended, the first included in any case
	CPU                         time.Duration // user + system, of the process and the children it waited for
	RSS                         int64         // bytes
}

// Zombie reports whether the process has ended and only waits to be reaped. A first thread that has ended alone is no
// proof: until the others have too, the process holds its files and ports.
func (s Stat) Zombie() bool { return (s.State == 'Z' || s.State == 'X') && s.Threads <= 1 }

// Stopped reports whether a signal has stopped the process.
func (s Stat) Stopped() bool { return s.State == 'T' }

// PIDs lists every process there is.
func PIDs() ([]int, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	names, err := dir.Readdirnames(-1)
	if err := errors.Join(err, dir.Close()); err != nil {
		return nil, err
	}
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil { // the rest is no process
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// All reads every process. Those that end meanwhile are left out.
func All() ([]Stat, error) {
	pids, err := PIDs()
	if err != nil {
		return nil, err
	}
	all := make([]Stat, 0, len(pids))
	for _, pid := range pids {
		if s, err := Read(pid); err == nil {
			all = append(all, s)
		}
	}
	return all, nil
}

// Read reads one process.
func Read(pid int) (Stat, error) {
	b, err := os.ReadFile(file(pid, "stat"))
	if err != nil {
		return Stat{}, err
	}
	return parseStat(pid, b)
}

func parseStat(pid int, b []byte) (Stat, error) {
	s := Stat{PID: pid}
	// The command's name stands in parentheses and may itself hold spaces and parentheses.
	end := bytes.LastIndexByte(b, ')')
	if end < 0 {
		return s, fmt.Errorf("/proc/%d/stat: no command name", pid)
	}
	fields := bytes.Fields(b[end+1:])
	if len(fields) < 22 {
		return s, fmt.Errorf("/proc/%d/stat: %d fields", pid, len(fields))
	}
	var bad error
	number := func(field int) int64 { // by the manual page's numbering, which starts at the PID
		n, err := strconv.ParseInt(string(fields[field-3]), 10, 64)
		bad = errors.Join(bad, err)
		return n
	}
	s.State = fields[0][0]
	s.Parent, s.Group, s.Session = int(number(4)), int(number(5)), int(number(6))
	s.CPU = time.Duration(number(14)+number(15)+number(16)+number(17)) * (time.Second / ticks)
	s.Threads = int(number(20))
	s.RSS = number(24) * int64(os.Getpagesize())
	return s, bad
}

// Descendants returns those of all that descend from the process root, root left out.
func Descendants(all []Stat, root int) []Stat {
	children := map[int][]Stat{}
	for _, s := range all {
		children[s.Parent] = append(children[s.Parent], s)
	}
	var found []Stat
	for next := []int{root}; len(next) > 0; next = next[1:] {
		for _, child := range children[next[0]] {
			found = append(found, child)
			next = append(next, child.PID)
		}
	}
	return found
}

// Cmdline returns a process's argv; none for a zombie.
func Cmdline(pid int) ([]string, error) { return list(pid, "cmdline") }

// Environ returns the environment that a process was started with.
func Environ(pid int) ([]string, error) { return list(pid, "environ") }

func list(pid int, name string) ([]string, error) {
	b, err := os.ReadFile(file(pid, name))
	if err != nil {
		return nil, err
	}
	var out []string
	for _, part := range bytes.Split(bytes.TrimSuffix(b, []byte{0}), []byte{0}) {
		out = append(out, string(part))
	}
	return out, nil
}

func file(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}

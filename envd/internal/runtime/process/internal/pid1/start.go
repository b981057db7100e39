//go:build linux

package pid1

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// defaultPath is searched where the environment sets no PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// start starts a process in a session of its own, its streams being files, and answers with its pidfd.
func (s *server) start(ctx context.Context, req *control.Start, files []*os.File) (*control.Started, []*os.File, error) {
	if len(files) != 3 {
		return nil, nil, fmt.Errorf("start %s: %d standard streams", req.Name, len(files))
	}
	dir := req.WorkDir
	if dir == "" {
		dir = "/"
	}
	if err := isDirectory(dir); err != nil {
		return nil, nil, fmt.Errorf("start %s: working directory %s: %w", req.Name, dir, err)
	}
	argv0, argv := "/proc/self/exe", append([]string{os.Args[0]}, req.Args...)
	if len(req.Command) > 0 {
		var err error
		if argv0, err = lookPath(req.Command[0], dir, req.Env); err != nil {
			return nil, nil, fmt.Errorf("start %s: %w", req.Name, err)
		}
		argv = req.Command
	}
	pidfd := -1
	// The process itself goes with PID 1 at once; with a PID namespace, what descends from it goes too.
	sys := &syscall.SysProcAttr{Setsid: true, Setctty: req.Terminal, PidFD: &pidfd, Pdeathsig: unix.SIGKILL}
	var err error
	if sys.Credential, err = credential(req.User); err != nil {
		return nil, nil, fmt.Errorf("start %s: %w", req.Name, err)
	}
	attr := &syscall.ProcAttr{Dir: dir, Env: req.Env, Sys: sys}
	for _, f := range files {
		attr.Files = append(attr.Files, f.Fd())
	}
	if req.Gateway {
		for _, f := range s.links.sockets {
			attr.Files = append(attr.Files, f.Fd())
		}
	}
	if err := s.children.clear(ctx, req.Name); err != nil {
		return nil, nil, fmt.Errorf("start %s: %w", req.Name, err)
	}
	hosts := s.links.views[req.View]
	if hosts != nil { // files are placed then
		s.placing.Lock()
		defer s.placing.Unlock()
	}
	kid, err := s.children.start(req.Name, hosts, argv0, argv, attr)
	if err != nil {
		return nil, nil, fmt.Errorf("start %s: %w", req.Name, execError(argv0, err))
	}
	var passed []*os.File
	if pidfd >= 0 { // Linux 5.4
		passed = append(passed, os.NewFile(uintptr(pidfd), "pidfd"))
	}
	return &control.Started{PID: kid.pid, Time: kid.started}, passed, nil
}

func isDirectory(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("no such directory inside the environment (/tmp is private there)")
	case err != nil:
		return err
	case !info.IsDir():
		return errors.New("not a directory")
	}
	return nil
}

// lookPath finds a command as execvp(3) would: a name without slash in PATH, anything else relative to dir.
func lookPath(name, dir string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		return path, executable(path)
	}
	path := defaultPath
	for _, v := range env {
		if rest, ok := strings.CutPrefix(v, "PATH="); ok {
			path = rest
		}
	}
	for _, d := range filepath.SplitList(path) {
		if !filepath.IsAbs(d) {
			d = filepath.Join(dir, d)
		}
		if candidate := filepath.Join(d, name); executable(candidate) == nil {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("command %q not found in PATH %s: %w", name, path, envd.ErrNoProgram)
}

func executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("command %s not found inside the environment: %w", path, envd.ErrNoProgram)
	case err != nil:
		return fmt.Errorf("command %s: %w", path, err)
	case info.IsDir():
		return fmt.Errorf("command %s is a directory", path)
	case info.Mode()&0o111 == 0:
		return fmt.Errorf("command %s is not executable (mode %04o)", path, info.Mode().Perm())
	}
	return nil
}

// execError explains what exec(2) leaves unsaid.
func execError(path string, err error) error {
	switch {
	case errors.Is(err, unix.ENOENT) && executable(path) == nil:
		return fmt.Errorf("run %s: its interpreter or dynamic loader does not exist: %w", path, err)
	case errors.Is(err, unix.ENOEXEC):
		return fmt.Errorf("run %s: neither a program for this machine nor a script with #!: %w", path, err)
	}
	return fmt.Errorf("run %s: %w", path, err)
}

// credential resolves "user" or "user:group", names or numbers. Nil means that no change is needed.
func credential(spec string) (*syscall.Credential, error) {
	if spec == "" {
		return nil, nil
	}
	uid, gid, groups, err := lookupUser(spec)
	if err != nil {
		return nil, err
	}
	if int(uid) == os.Getuid() && int(gid) == os.Getgid() {
		return nil, nil
	}
	if os.Getuid() != 0 {
		return nil, fmt.Errorf("%w: user %s: only root can start a service as another user", envd.ErrUnsupported, spec)
	}
	return &syscall.Credential{Uid: uid, Gid: gid, Groups: groups}, nil
}

func lookupUser(spec string) (uid, gid uint32, groups []uint32, err error) {
	name, group, hasGroup := strings.Cut(spec, ":")
	id, gidText := name, ""
	u, err := user.Lookup(name)
	if err != nil {
		u, err = user.LookupId(name)
	}
	if err == nil {
		id, gidText = u.Uid, u.Gid
		ids, _ := u.GroupIds() // a broken group file only costs the supplementary groups
		for _, g := range ids {
			if n, err := strconv.ParseUint(g, 10, 32); err == nil {
				groups = append(groups, uint32(n))
			}
		}
	}
	if hasGroup {
		gidText = group
		if g, err := user.LookupGroup(group); err == nil {
			gidText = g.Gid
		}
	} else if gidText == "" {
		gidText = id // a bare number that the user database does not know
	}
	n, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return 0, 0, nil, fmt.Errorf("no user %q", name)
	}
	m, err := strconv.ParseUint(gidText, 10, 32)
	if err != nil {
		return 0, 0, nil, fmt.Errorf("no group %q", gidText)
	}
	return uint32(n), uint32(m), groups, nil
}

// await returns as soon as the process accepts connections on an abstract unix socket.
func (s *server) await(ctx context.Context, req *control.Await) error {
	kid, err := s.children.get(req.Name)
	if err != nil {
		return err
	}
	again := time.NewTicker(time.Millisecond) // binding a socket is no event that another process could wait for
	defer again.Stop()
	for {
		files, err := dial(ctx, &control.Dial{Network: "unix", Address: req.Socket})
		if err == nil {
			return control.CloseAll(files)
		}
		select {
		case <-again.C:
		case <-kid.ended:
			return fmt.Errorf("%w: %s, code %d, before it listened on %s", envd.ErrExited, req.Name, kid.exit.Code, req.Socket)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

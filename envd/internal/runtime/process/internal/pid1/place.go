//go:build linux

package pid1

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// scratch is where a file or an overlay's upper directory is built before it is mounted where it belongs.
const scratch = "/.envd"

// place answers a File request.
func (s *server) place(req *control.File, files []*os.File) error {
	if len(files) != 1 {
		return fmt.Errorf("write %s: %d contents", req.Path, len(files))
	}
	if s.plain {
		return errors.New("files cannot be placed without a mount namespace")
	}
	uid, gid := -1, -1
	if req.User != "" {
		u, g, _, err := lookupUser(req.User)
		if err != nil {
			return fmt.Errorf("write %s: %w", req.Path, err)
		}
		uid, gid = int(u), int(g)
	}
	if os.Getuid() != 0 {
		uid, gid = -1, -1 // everything is this user's
	}
	s.placing.Lock()
	defer s.placing.Unlock()
	return place(req.Path, os.FileMode(req.Mode).Perm(), uid, gid, files[0])
}

func placeContent(path string, mode os.FileMode, uid, gid int, content []byte) error {
	return place(path, mode, uid, gid, bytes.NewReader(content))
}

// place puts a file at path for everything inside, without touching the host's: written directly where the place is
// private, bound over the host's file where there is one, and otherwise into an overlay over the nearest directory.
func place(path string, mode os.FileMode, uid, gid int, content io.Reader) error {
	err := func() error {
		path := filepath.Clean(path)
		if resolved, err := filepath.EvalSymlinks(path); err == nil {
			path = resolved
		}
		info, err := os.Stat(path)
		switch {
		case err == nil && info.IsDir():
			return errors.New("it is a directory")
		case err == nil && private(path):
			return write(path, mode, uid, gid, content)
		case err == nil:
			return bindFile(path, mode, uid, gid, content)
		case !errors.Is(err, os.ErrNotExist):
			return err
		}
		dir, err := nearestDirectory(filepath.Dir(path))
		if err != nil {
			return err
		}
		if !private(dir) {
			if err := overlay(dir); err != nil {
				return err
			}
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return write(path, mode, uid, gid, content)
	}()
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// private reports whether path lies on a file system that only this environment has.
func private(path string) bool {
	mount, err := mountOf(path)
	return err == nil && mount.source == mountSource
}

// mountSource marks mounts made here in /proc/self/mountinfo.
const mountSource = "envd"

func write(path string, mode os.FileMode, uid, gid int, content io.Reader) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.Copy(f, content); err != nil {
		return err
	}
	if uid >= 0 {
		if err := f.Chown(uid, gid); err != nil {
			return err
		}
	}
	return f.Chmod(mode) // whatever the umask took away
}

func bindContent(path string, mode os.FileMode, content []byte) error {
	return bindFile(path, mode, -1, -1, bytes.NewReader(content))
}

// bindFile mounts a new file over the one at path.
func bindFile(path string, mode os.FileMode, uid, gid int, content io.Reader) error {
	return withScratch(func() error {
		file := scratch + "/file"
		if err := write(file, mode, uid, gid, content); err != nil {
			return err
		}
		return unix.Mount(file, path, "", unix.MS_BIND, "")
	})
}

// overlay makes dir writable without the writes reaching the host: a tmpfs above the host's directory. What is mounted
// below dir stays mounted.
func overlay(dir string) error {
	below, err := mountsBelow(dir)
	if err != nil {
		return err
	}
	var trees []keptPath
	for _, m := range below {
		tree, err := unix.OpenTree(unix.AT_FDCWD, m, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
		if err != nil {
			return fmt.Errorf("keep the mount on %s: %w", m, err)
		}
		info, err := os.Stat(m)
		trees = append(trees, keptPath{m, err == nil && info.IsDir(), tree})
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	err = withScratch(func() error {
		upper, work := scratch+"/upper", scratch+"/work"
		if err := errors.Join(os.Mkdir(upper, 0o755), os.Mkdir(work, 0o755)); err != nil {
			return err
		}
		if st, err := stat(dir); err == nil && os.Getuid() == 0 {
			if err := os.Chown(upper, int(st.Uid), int(st.Gid)); err != nil {
				return err
			}
		}
		if err := os.Chmod(upper, info.Mode()&(os.ModePerm|os.ModeSticky|os.ModeSetgid)); err != nil {
			return err
		}
		options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s,userxattr", escape(dir), upper, work)
		if err := unix.Mount(mountSource, dir, "overlay", 0, options); err != nil {
			return fmt.Errorf("overlay %s: %w", dir, err)
		}
		return nil
	})
	for _, t := range trees {
		err = errors.Join(err, t.attach(""))
	}
	return err
}

// withScratch runs do with a fresh tmpfs on scratch, which lives on in what do mounted from it.
func withScratch(do func() error) error {
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		return err
	}
	if err := unix.Mount(mountSource, scratch, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
		return fmt.Errorf("mount a tmpfs: %w", err)
	}
	return errors.Join(do(), unix.Unmount(scratch, unix.MNT_DETACH), os.Remove(scratch))
}

func stat(path string) (unix.Stat_t, error) {
	var st unix.Stat_t
	err := unix.Stat(path, &st)
	return st, err
}

// escape escapes a path for use in an overlay option.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `:`, `\:`).Replace(path)
}

func nearestDirectory(dir string) (string, error) {
	for {
		info, err := os.Stat(dir)
		switch {
		case err == nil && info.IsDir():
			return filepath.EvalSymlinks(dir)
		case err == nil:
			return "", fmt.Errorf("%s is not a directory", dir)
		case !errors.Is(err, os.ErrNotExist):
			return "", err
		}
		dir = filepath.Dir(dir)
	}
}

// mountEntry is one line of /proc/self/mountinfo (proc_pid_mountinfo(5)).
type mountEntry struct {
	point, source string
}

func mounts() (entries []mountEntry, err error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields, tail, ok := strings.Cut(lines.Text(), " - ")
		left, right := strings.Fields(fields), strings.Fields(tail)
		if !ok || len(left) < 5 || len(right) < 2 {
			continue
		}
		entries = append(entries, mountEntry{unescape(left[4]), right[1]})
	}
	return entries, lines.Err()
}

// mountOf returns the mount that path lies on: the last of the deepest ones.
func mountOf(path string) (mountEntry, error) {
	all, err := mounts()
	var found mountEntry
	for _, m := range all {
		if (m.point == path || m.point == "/" || strings.HasPrefix(path, m.point+"/")) && len(m.point) >= len(found.point) {
			found = m
		}
	}
	return found, err
}

// mountsBelow returns the outermost mount points strictly below dir.
func mountsBelow(dir string) ([]string, error) {
	all, err := mounts()
	var points []string
next:
	for _, m := range all {
		if !strings.HasPrefix(m.point, dir+"/") {
			continue
		}
		for _, p := range points {
			if m.point == p || strings.HasPrefix(m.point, p+"/") {
				continue next
			}
		}
		points = append(points, m.point)
	}
	return points, err
}

// unescape undoes the kernel's octal escapes: \040 is a space.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

//go:build linux

package pid1

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// privateDirs are empty inside and gone with the environment: what services leave there never reaches the host.
var privateDirs = []string{"/tmp", "/dev/shm"}

// makeRoot gives the mount namespace a root of its own: a tmpfs into which every top-level entry of the host is
// bound, with a proc of this PID namespace and private, empty /tmp and /dev/shm. Paths named by visible are bound
// into those. The host's tree itself is untouched, and "/" may gain directories.
func makeRoot(visible []string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return fmt.Errorf("separate mounts from the host's: %w", err)
	}
	kept, err := openVisible(visible)
	if err != nil {
		return err
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	const root = "/tmp" // any directory of the host will do as mount point
	if err := mountTmpfs(root, "0755"); err != nil {
		return err
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := mirror("/"+e.Name(), root+"/"+e.Name(), e.Type()); err != nil {
			return fmt.Errorf("mirror /%s: %w", e.Name(), err)
		}
	}
	for _, dir := range privateDirs {
		if err := mountPrivate(root, dir); err != nil {
			return err
		}
	}
	for _, k := range kept {
		if err := k.attach(root); err != nil {
			return err
		}
	}
	return pivot(root)
}

// mirror binds a top-level entry of the host into the new root.
func mirror(from, to string, kind os.FileMode) error {
	switch {
	case from == "/tmp":
		return nil // private, and the new root is mounted there
	case kind.IsDir():
		if err := os.Mkdir(to, 0o755); err != nil {
			return err
		}
	case kind&os.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	case kind.IsRegular():
		if err := os.WriteFile(to, nil, 0o600); err != nil {
			return err
		}
	default:
		return nil // sockets and devices do not belong there
	}
	return unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, "")
}

func mountTmpfs(dir, mode string) error {
	if err := unix.Mount(mountSource, dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode="+mode); err != nil {
		return fmt.Errorf("mount a tmpfs on %s: %w", dir, err)
	}
	return nil
}

func mountPrivate(root, dir string) error {
	switch err := os.Mkdir(root+dir, 0o755); {
	case errors.Is(err, os.ErrExist), err == nil:
		return mountTmpfs(root+dir, "1777")
	case dir == "/dev/shm": // not every host has it
		return nil
	default:
		return err
	}
}

// keptPath is a detached copy of a mount tree that a private directory would hide.
type keptPath struct {
	path string
	dir  bool
	tree int
}

func openVisible(paths []string) ([]keptPath, error) {
	var kept []keptPath
	for _, p := range paths {
		if !Hidden(p) {
			continue
		}
		info, err := os.Stat(p)
		if errors.Is(err, os.ErrNotExist) {
			continue // nothing to keep
		}
		if err != nil {
			return nil, fmt.Errorf("keep %s visible: %w", p, err)
		}
		tree, err := unix.OpenTree(unix.AT_FDCWD, p, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
		if err != nil {
			return nil, fmt.Errorf("keep %s visible: %w", p, err)
		}
		kept = append(kept, keptPath{filepath.Clean(p), info.IsDir(), tree})
	}
	return kept, nil
}

// Hidden reports whether a path of the host cannot be seen inside unless it is named as visible.
func Hidden(path string) bool {
	for _, dir := range privateDirs {
		if strings.HasPrefix(filepath.Clean(path), dir+"/") {
			return true
		}
	}
	return false
}

func (k keptPath) attach(root string) error {
	target := root + k.path
	err := os.MkdirAll(filepath.Dir(target), 0o755)
	if err == nil && k.dir {
		err = os.MkdirAll(target, 0o755)
	}
	if _, missing := os.Lstat(target); err == nil && !k.dir && missing != nil {
		err = os.WriteFile(target, nil, 0o600)
	}
	if err == nil {
		err = unix.MoveMount(k.tree, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH)
	}
	if err := errors.Join(err, unix.Close(k.tree)); err != nil {
		return fmt.Errorf("keep %s visible: %w", k.path, err)
	}
	return nil
}

// pivot makes root the root. The old one is stacked below it for a moment and then detached (pivot_root(2), "pivot
// root (".", ".")").
func pivot(root string) error {
	err := unix.Chdir(root)
	if err == nil {
		err = unix.PivotRoot(".", ".")
	}
	if err == nil {
		err = unix.Unmount(".", unix.MNT_DETACH)
	}
	if err == nil {
		err = unix.Chdir("/")
	}
	if err != nil {
		return fmt.Errorf("enter the private root: %w", err)
	}
	return nil
}

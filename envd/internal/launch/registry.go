package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Register claims the ID of a run whose directory is not directly below root: it makes the directory, and a link to it below
// root by which the run is found. An ID that another run has is refused; one whose directory was removed is free again. For a
// run directly below root it does nothing, because there the directory itself is the claim.
func Register(root, id, dir string) (err error) {
	entry := filepath.Join(root, id)
	if dir == entry {
		return nil
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	unlock, err := lock(root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if dangling(entry) {
		if err := os.Remove(entry); err != nil {
			return err
		}
	}
	if _, err := os.Lstat(entry); err == nil {
		return fmt.Errorf("there is a run of the ID %s already: name another", id)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { // before the link: one that leads nowhere is free to take
		return fmt.Errorf("run directory: %w", err)
	}
	return os.Symlink(dir, entry)
}

// Unregister undoes Register.
func Unregister(root, id, dir string) error {
	entry := filepath.Join(root, id)
	if dir == entry {
		return nil
	}
	return os.Remove(entry)
}

// dangling reports whether path is a link that leads nowhere.
func dangling(path string) bool {
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return false
	}
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

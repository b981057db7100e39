package files

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"time"
)

// Dir is a store in a directory, which is created by the first write. Symbolic links that lead out of it are refused by
// the kernel-assisted os.Root; no file stays open between calls, so that idle servers cost no descriptors.
type Dir string

func (d Dir) within(op, name string, do func(root *os.Root, name string) error) error {
	n, err := clean(op, name)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return err
	}
	return errors.Join(do(root, n), root.Close())
}

// Read implements [Store].
func (d Dir) Read(name string) (data []byte, err error) {
	err = d.within("read", name, func(root *os.Root, n string) error {
		data, err = root.ReadFile(n)
		return err
	})
	return data, err
}

// Modified tells when the file was last written.
func (d Dir) Modified(name string) (at time.Time, err error) {
	err = d.within("stat", name, func(root *os.Root, n string) error {
		info, err := root.Stat(n)
		if err == nil {
			at = info.ModTime()
		}
		return err
	})
	return at, err
}

// List implements [Store].
func (d Dir) List() ([]string, error) { return list(os.DirFS(string(d))) }

// Write implements [Store].
func (d Dir) Write(name string, data []byte) error {
	if err := os.MkdirAll(string(d), 0o755); err != nil {
		return err
	}
	return d.within("write", name, func(root *os.Root, n string) error {
		if err := root.MkdirAll(path.Dir(n), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return root.WriteFile(n, data, 0o644)
	})
}

// Remove implements [Store].
func (d Dir) Remove(name string) error {
	return d.within("remove", name, func(root *os.Root, n string) error { return root.Remove(n) })
}

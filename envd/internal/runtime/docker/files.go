package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// placed is a file that is copied into containers before they start.
type placed struct {
	path    string
	mode    int64
	owner   envd.Owner
	content []byte
}

// enginesFiles are the files that engines mount in every container over what is there.
var enginesFiles = []string{"/etc/hostname", "/etc/hosts", "/etc/resolv.conf"}

// writeFile keeps a file for containers to come, and copies it into those that run.
func (e *environment) writeFile(ctx context.Context, op envd.Operation) error {
	if op.File == nil || !path.IsAbs(op.File.Path) {
		return fmt.Errorf("write %s: no absolute path given", op.Target)
	}
	if slices.Contains(enginesFiles, path.Clean(op.File.Path)) {
		return fmt.Errorf("%w: write %s: the engine mounts its own in every container: names of services and stubs resolve without it", envd.ErrUnsupported, op.File.Path)
	}
	f := placed{path: path.Clean(op.File.Path), mode: int64(op.File.Mode), owner: e.rt.traits.owner(), content: op.Content}
	if op.File.Owner != nil {
		f.owner = *op.File.Owner
	}
	if f.mode == 0 {
		f.mode = 0o644
	}
	owner := ""
	if op.Service != nil {
		owner = op.Service.Name
	} else if info, err := os.Stat(f.path); err == nil && info.IsDir() { // commands see this machine's folders
		return fmt.Errorf("write %s: it is a folder", f.path)
	}
	e.mu.Lock()
	e.files[owner] = slices.DeleteFunc(e.files[owner], func(old placed) bool { return old.path == f.path })
	e.files[owner] = append(e.files[owner], f)
	running := map[string]string{}
	there := maps.Clone(e.services)
	maps.Copy(there, e.made)
	for name, svc := range there {
		if name != envd.GatewayName && (owner == "" || owner == name) {
			running[name] = svc.container
		}
	}
	e.mu.Unlock()
	var errs []error
	for name, id := range running {
		if err := e.copyFiles(ctx, id, "", []placed{f}); err != nil && !notFound(err) {
			errs = append(errs, fmt.Errorf("service %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// filesOf returns the files for the container of a service or, with "", of a command.
func (e *environment) filesOf(service string) []placed {
	e.mu.Lock()
	defer e.mu.Unlock()
	files := slices.Clone(e.files[""])
	if service != "" {
		files = append(files, e.files[service]...)
	}
	return files
}

// copyFiles copies files into a container, and everything in the folder tree unless that is "".
func (e *environment) copyFiles(ctx context.Context, container, tree string, files []placed) error {
	if tree == "" && len(files) == 0 {
		return nil
	}
	var archive bytes.Buffer
	t := tar.NewWriter(&archive)
	if tree != "" {
		if err := addTree(t, tree, e.rt.traits); err != nil {
			return err
		}
	}
	for _, f := range files {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(f.path, "/"), Mode: f.mode, Size: int64(len(f.content)), Uid: f.owner.UID, Gid: f.owner.GID}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(f.content); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	_, err := e.cli.CopyToContainer(ctx, container, client.CopyToContainerOptions{DestinationPath: "/", Content: &archive})
	if err != nil && len(files) > 0 {
		return fmt.Errorf("write %s: %w", files[0].path, err)
	}
	return err
}

// maxTree bounds a working directory that must be copied.
const maxTree = 64 << 20

// addTree adds a folder with everything below it, under its own path.
func addTree(t *tar.Writer, dir string, engine traits) error {
	var total int64
	return filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		target := ""
		switch {
		case info.Mode()&os.ModeSymlink != 0:
			if target, err = os.Readlink(name); err != nil {
				return err
			}
		case !info.IsDir() && !info.Mode().IsRegular():
			return nil // sockets and devices mean something on this machine only
		}
		h, err := tar.FileInfoHeader(info, target)
		if err != nil {
			return err
		}
		h.Name = strings.TrimPrefix(name, "/")
		h.Uid, h.Gid = engine.user(h.Uid, os.Getuid()), engine.user(h.Gid, os.Getgid())
		if info.IsDir() {
			h.Name += "/"
		}
		if err := t.WriteHeader(h); err != nil || !info.Mode().IsRegular() {
			return err
		}
		if total += info.Size(); total > maxTree {
			return fmt.Errorf("%w: %s holds more than %d MiB, and must be copied because files are written into it: give the service another workdir, or its files other paths", envd.ErrUnsupported, dir, maxTree>>20)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		_, err = t.Write(b)
		return err
	})
}

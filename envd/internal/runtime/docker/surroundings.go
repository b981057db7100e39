package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// surroundings are what a container runs, and what the program finds around it.
type surroundings struct {
	image   string
	command []string // empty: that of the image
	workDir string
	tree    string // folder of this machine to copy into the container
	user    string
	groups  []string
	mounts  []mount.Mount
	init    bool // run the engine's init as PID 1: signals act as on any process, and orphans are reaped
}

// ofService returns the surroundings of a service: its image; an image packed from a static program of this machine; or,
// for any other program of this machine, a view of the machine's own folders.
func (e *environment) ofService(ctx context.Context, svc *envd.Service, env map[string]string) (surroundings, error) {
	if svc.Image != "" || svc.Build != nil {
		image, err := e.preparedImage(ctx, svc)
		return surroundings{image: image.ID, command: svc.Command, workDir: svc.WorkDir, user: svc.User}, err
	}
	if len(svc.Command) == 0 {
		return surroundings{}, fmt.Errorf("%w: service %s has neither a command nor an image", envd.ErrUnsupported, svc.Name)
	}
	program, err := e.rt.lookup(svc.Command[0], env["PATH"])
	if err != nil {
		return surroundings{}, fmt.Errorf("service %s: %w", svc.Name, err)
	}
	workDir, err := e.rt.folder(svc.WorkDir)
	if err != nil {
		return surroundings{}, fmt.Errorf("service %s: working directory: %w", svc.Name, err)
	}
	static, err := isStatic(program)
	if err != nil {
		return surroundings{}, fmt.Errorf("service %s: %w", svc.Name, err)
	}
	s := surroundings{workDir: workDir, command: append([]string{program}, svc.Command[1:]...)}
	if static {
		s.init = true
		if arch, err := architecture(program); err != nil || arch != runtime.GOARCH {
			return surroundings{}, errors.Join(fmt.Errorf("service %s: %s is a program for %s, this machine is %s", svc.Name, program, arch, runtime.GOARCH), err)
		}
		packed, linkErr := seenFrom(workDir, program)
		if linkErr != nil {
			return surroundings{}, fmt.Errorf("service %s: %w", svc.Name, linkErr)
		}
		s.image, err = e.rt.packing.image(ctx, e.cli, packed)
		if workDir != "" && workDir != "/" && workDir != "/tmp" { // those are the container's own
			s.mounts = append(s.mounts, bind(workDir))
		}
	} else {
		if err := refused(program); err != nil {
			return surroundings{}, fmt.Errorf("service %s: %w", svc.Name, err)
		}
		s.image, s.mounts, err = e.rt.hostView(ctx, e.cli, workDir, program)
		s.command = append([]string{helperPath, shimVerb, "--forward", "--"}, s.command...) // the engine cannot place its init below a folder of the host
	}
	if err != nil {
		return surroundings{}, fmt.Errorf("service %s: %w", svc.Name, err)
	}
	if s.user, s.groups, err = e.rt.traits.hostUser(svc.User); err != nil {
		return surroundings{}, fmt.Errorf("service %s: %w", svc.Name, err)
	}
	return s, s.keepOut(svc.Name, e.filesOf(svc.Name))
}

// keepOut makes sure that no file of the environment ends up in a folder of this machine: a working directory that gets
// files is copied into the container instead of being mounted.
func (s *surroundings) keepOut(service string, files []placed) error {
	for _, f := range files {
		i := slices.IndexFunc(s.mounts, func(m mount.Mount) bool { return within(f.path, m.Target) })
		switch {
		case i < 0:
		case s.mounts[i].Target == s.workDir:
			s.tree = s.workDir
			s.mounts = slices.Delete(s.mounts, i, i+1)
		default:
			return fmt.Errorf("%w: service %s: file %s would be written into this machine's %s, where its program runs: give the service an image, a statically linked program, or the file a path below /tmp",
				envd.ErrUnsupported, service, f.path, s.mounts[i].Target)
		}
	}
	return nil
}

func within(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}

// folder resolves a folder of this machine, relative to the spec.
func (r *Runtime) folder(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(r.opts.Dir, name)
	}
	name, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(name)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is no folder", name)
	}
	return name, err
}

// hostUser returns the IDs that a user of this machine and their groups have in containers; by default the user who runs envd.
func (t traits) hostUser(name string) (string, []string, error) {
	if name == "" {
		if t.rootless { // the user's other groups have no IDs there
			return "0:0", nil, nil
		}
		groups, err := os.Getgroups()
		if err != nil {
			return "", nil, err
		}
		var more []string
		for _, g := range groups {
			more = append(more, strconv.Itoa(g))
		}
		return strconv.Itoa(os.Getuid()) + ":" + strconv.Itoa(os.Getgid()), more, nil
	}
	if strings.Trim(name, "0123456789:") == "" {
		return name, nil, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return "", nil, err
	}
	return u.Uid + ":" + u.Gid, nil, nil
}

// own are the folders in the root that every container has for itself.
var own = []string{"proc", "sys", "dev", "run", "tmp", "lost+found", strings.TrimPrefix(helperDir, "/")}

// hostView returns an image and mounts with which a container sees this machine's folders in their usual places, except /run
// and /tmp; of /tmp it sees the visible paths.
func (r *Runtime) hostView(ctx context.Context, cli *client.Client, visible ...string) (string, []mount.Mount, error) {
	entries, err := os.ReadDir("/")
	if err != nil {
		return "", nil, err
	}
	var mounts []mount.Mount
	for _, entry := range entries {
		if !entry.IsDir() || slices.Contains(own, entry.Name()) {
			continue
		}
		m := bind("/" + entry.Name())
		// The engine's own mounts are below it. A rootless one's are not, and its kernel refuses it to leave out mounts.
		m.BindOptions.NonRecursive = entry.Name() == "var" && !r.traits.rootless
		mounts = append(mounts, m)
	}
	visible = slices.Concat(visible, r.opts.Visible, []string{r.opts.Dir})
	for _, p := range visible {
		if target, err := filepath.EvalSymlinks(p); err == nil { // what does not exist needs no mount
			visible = append(visible, target)
		}
	}
	visible = slices.DeleteFunc(visible, func(p string) bool {
		return p == "/tmp" || !within(p, "/tmp") || within(p, path.Dir(envd.CAFile))
	})
	for _, p := range outermost(visible) {
		mounts = append(mounts, bind(p))
	}
	image, err := r.ownImage(ctx, cli)
	return image, mounts, err
}

// ownImage returns an image with envd itself and the symbolic links in this machine's root (/bin, /lib).
func (r *Runtime) ownImage(ctx context.Context, cli *client.Client) (string, error) {
	exe, err := r.exe()
	if err != nil {
		return "", err
	}
	c := content{program: exe, at: helperPath}
	entries, err := os.ReadDir("/")
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if entry.Type()&os.ModeSymlink == 0 || slices.Contains(own, entry.Name()) {
			continue
		}
		target, err := os.Readlink("/" + entry.Name())
		if err != nil {
			return "", err
		}
		c.links = append(c.links, link{"/" + entry.Name(), target})
	}
	return r.packing.image(ctx, cli, c)
}

func bind(folder string) mount.Mount {
	return mount.Mount{Type: mount.TypeBind, Source: folder, Target: folder, BindOptions: &mount.BindOptions{}}
}

// outermost returns the absolute paths that exist, without those that lie below another.
func outermost(paths []string) []string {
	var existing []string
	for _, p := range paths {
		if _, err := os.Stat(p); filepath.IsAbs(p) && err == nil {
			existing = append(existing, filepath.Clean(p))
		}
	}
	slices.Sort(existing)
	var out []string
	for _, p := range slices.Compact(existing) {
		if !slices.ContainsFunc(out, func(above string) bool { return within(p, above) }) {
			out = append(out, p)
		}
	}
	return out
}

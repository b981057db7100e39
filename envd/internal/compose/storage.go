package compose

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/go-units"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/spec"
)

// checkResources reports volumes, secrets, configs and networks that services name and no file defines.
func (r *reader) checkResources() {
	known := map[string][]string{
		"volumes": slices.Collect(maps.Keys(r.project.Volumes)), "networks": append(slices.Collect(maps.Keys(r.project.Networks)), "default"),
		"secrets": slices.Collect(maps.Keys(r.project.Secrets)), "configs": slices.Collect(maps.Keys(r.project.Configs)),
	}
	for _, name := range r.inOrder() {
		s := r.project.Services[name]
		used := usedBy(s)
		for _, kind := range slices.Sorted(maps.Keys(used)) {
			for _, one := range used[kind] {
				if !slices.Contains(known[kind], one) {
					noun := strings.TrimSuffix(kind, "s")
					r.report(spec.RuleUnknownKey, fmt.Sprintf("service %s uses %s %q, which is not there", name, noun, one),
						fmt.Sprintf("write %s: {%s: {}}; %s", kind, one, spec.Suggest(one, noun, known[kind])), "services", name, kind, one)
				}
			}
		}
	}
}

// usedBy returns the volumes, secrets, configs and networks that a service names, by section.
func usedBy(s types.ServiceConfig) map[string][]string {
	used := map[string][]string{"networks": slices.Sorted(maps.Keys(s.Networks))}
	for _, v := range s.Volumes {
		if v.Type == types.VolumeTypeVolume && v.Source != "" {
			used["volumes"] = append(used["volumes"], v.Source)
		}
	}
	for _, v := range s.Secrets {
		used["secrets"] = append(used["secrets"], v.Source)
	}
	for _, v := range s.Configs {
		used["configs"] = append(used["configs"], v.Source)
	}
	return used
}

func (r *reader) mounts(s types.ServiceConfig) (out []envd.Mount) {
	for _, v := range s.Volumes {
		m := envd.Mount{Type: v.Type, Source: v.Source, Target: v.Target, ReadOnly: v.ReadOnly}
		switch v.Type {
		case types.VolumeTypeBind:
			r.bound(s.Name, v)
		case types.VolumeTypeVolume:
			m.NoCopy = v.Volume != nil && v.Volume.NoCopy
			if of := r.project.Volumes[v.Source]; bool(of.External) {
				m.Source, m.External = of.Name, r.where("volumes", v.Source)
			}
		case types.VolumeTypeTmpfs:
			if v.Tmpfs != nil {
				m.SizeBytes, m.Mode = int64(v.Tmpfs.Size), v.Tmpfs.Mode
			}
		default:
			r.report(spec.RuleUnsupported, fmt.Sprintf("service %s: volumes of type %s are not supported by envd", s.Name, v.Type), "use volume, bind or tmpfs", "services", s.Name, "volumes", v.Target)
		}
		out = append(out, m)
	}
	for _, t := range s.Tmpfs {
		out = append(out, r.tmpfs(s.Name, t))
	}
	return out
}

// engineSockets lists the sockets of container engines and their folders, which no service may see. It prevents accidents,
// not attacks: mounting the root of this machine still shows them.
var engineSockets = []string{
	"/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock", "/var/run/podman/podman.sock",
	"/var/run", "/run", "/run/podman", "/var/run/podman",
}

// bound checks a bind mount: a file or folder of this machine that a service will see.
func (r *reader) bound(service string, v types.ServiceVolumeConfig) {
	at := []string{"services", service, "volumes", v.Target}
	if slices.Contains(engineSockets, path.Clean(v.Source)) {
		r.report(spec.RuleUnsupported, fmt.Sprintf("service %s: %s is not given to services by envd: it is, or holds, an engine's socket", service, v.Source),
			inside+": with it one could start others beside it", at...)
		return
	}
	if v.Bind != nil && strings.HasSuffix(v.Bind.Propagation, "shared") {
		r.report(spec.RuleUnsupported, fmt.Sprintf("service %s: propagation %s is not supported by envd", service, v.Bind.Propagation), inside+": what it mounts is not this machine's", at...)
	}
	r.exists(v.Source, "service "+service+": volume", at...)
}

// tmpfs parses the short form of a tmpfs: a path, and options as for mount(8).
func (r *reader) tmpfs(service, text string) envd.Mount {
	target, options, _ := strings.Cut(text, ":")
	m := envd.Mount{Type: envd.MountTmpfs, Target: target}
	for option := range strings.SplitSeq(options, ",") {
		name, value, _ := strings.Cut(option, "=")
		var err error
		switch name {
		case "", "rw", "noexec", "nosuid", "nodev":
		case "ro":
			m.ReadOnly = true
		case "size":
			m.SizeBytes, err = units.RAMInBytes(value)
		case "mode":
			var mode uint64
			mode, err = strconv.ParseUint(value, 8, 32)
			m.Mode = uint32(mode)
		default:
			err = fmt.Errorf("the option %s is not supported by envd", name)
		}
		if err != nil {
			r.report(spec.RuleUnsupported, fmt.Sprintf("service %s: tmpfs %s: %v", service, target, err), "use size and mode", "services", service, "tmpfs", target)
		}
	}
	return m
}

// Where secrets and configs are placed unless they have an absolute target.
const (
	secretsDir = "/run/secrets"
	configsDir = "/"
)

// placed returns the secrets and configs of a service as files.
func (r *reader) placed(s types.ServiceConfig) (out []envd.File) {
	for _, c := range s.Secrets {
		object, there := r.project.Secrets[c.Source]
		if !there || bool(object.External) {
			continue // reported by checkResources
		}
		f := envd.File{Path: target(secretsDir, types.FileReferenceConfig(c)), Mode: mode(c.Mode), Owner: r.owner("secrets", s.Name, types.FileReferenceConfig(c)), Secret: true}
		if object.Environment != "" {
			if _, set := r.variable(object.Environment); !set {
				r.report(spec.RuleUnsetVariable, fmt.Sprintf("secret %s: variable %s is not set", c.Source, object.Environment), "export "+object.Environment, "secrets", c.Source, "environment")
			}
			f.Content, f.Secret = envd.Value{FromEnv: object.Environment}, false
		} else {
			f.Source = r.source("secret", c.Source, object.File)
		}
		out = append(out, f)
	}
	for _, c := range s.Configs {
		object, there := r.project.Configs[c.Source]
		if !there || bool(object.External) {
			continue
		}
		f := envd.File{Path: target(configsDir, types.FileReferenceConfig(c)), Mode: mode(c.Mode), Owner: r.owner("configs", s.Name, types.FileReferenceConfig(c))}
		switch {
		case object.Environment != "":
			if _, set := r.variable(object.Environment); !set {
				r.report(spec.RuleUnsetVariable, fmt.Sprintf("config %s: variable %s is not set", c.Source, object.Environment), "export "+object.Environment, "configs", c.Source, "environment")
			}
			f.Content = envd.Value{Text: "${" + object.Environment + "}"}
		case object.Content != "":
			f.Content = envd.Value{Text: object.Content}
		default:
			f.Source = r.source("config", c.Source, object.File)
		}
		out = append(out, f)
	}
	return out
}

// source returns the path of the file that a secret or config comes from.
func (r *reader) source(kind, name, file string) string {
	what := kind + " " + name
	if file == "" {
		r.report(spec.RuleMissingField, what+" comes from nowhere", "write file: ./path, or environment: NAME", kind+"s", name)
		return ""
	}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		r.report(spec.RulePathNotFound, fmt.Sprintf("%s: %s is no file", what, r.Display(file)), "write the path of a file", kind+"s", name, "file")
	} else {
		r.exists(file, what, kind+"s", name, "file")
	}
	return file
}

func target(dir string, c types.FileReferenceConfig) string {
	name := c.Target
	if name == "" {
		name = c.Source
	}
	if path.IsAbs(name) {
		return name
	}
	return path.Join(dir, name)
}

// owner returns the owner of a secret or config; nil if none is given.
func (r *reader) owner(section, service string, c types.FileReferenceConfig) *envd.Owner {
	if c.UID == "" && c.GID == "" {
		return nil
	}
	uid, err := strconv.Atoi(cmp.Or(c.UID, "0"))
	gid, other := strconv.Atoi(cmp.Or(c.GID, "0"))
	if err != nil || other != nil || uid < 0 || gid < 0 {
		r.report(spec.RuleOutOfRange, fmt.Sprintf("service %s: %s belongs to %q:%q", service, c.Source, c.UID, c.GID), "write uid and gid as numbers", "services", service, section, c.Source)
	}
	return &envd.Owner{UID: uid, GID: gid}
}

func mode(m *types.FileMode) uint32 {
	if m == nil {
		return 0o444
	}
	return uint32(*m)
}

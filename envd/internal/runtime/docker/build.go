package docker

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/go-archive"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/client"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/envd-dev/envd/envd"
)

// builtName is the repository of images built for services; the tag is the digest of what they are built from.
const builtName = "envd-built"

// build has the engine build a service's image, unless there is one already from the same files, target and arguments. It
// returns the image's reference.
func (r *Runtime) build(ctx context.Context, cli *client.Client, svc *envd.Service, args map[string]string) (string, error) {
	b := svc.Build
	c, err := newBuildContext(b)
	if err != nil {
		return "", fmt.Errorf("build of %s: %w", b.Context, err)
	}
	digest, err := c.digest(args)
	if err != nil {
		return "", fmt.Errorf("build of %s: %w", b.Context, err)
	}
	tag := builtName + ":" + digest
	built, err, _ := r.building.Do(tag, func() (any, error) {
		if svc.Pull != envd.PullAlways && !b.Pull && !b.NoCache {
			if _, err := cli.ImageInspect(ctx, tag); err == nil || !notFound(err) {
				return tag, err
			}
		}
		return tag, c.build(ctx, cli, svc, tag, args)
	})
	if err != nil {
		return "", err
	}
	names := b.Tags
	if svc.Image != "" {
		names = append([]string{svc.Image}, names...)
	}
	for _, name := range names {
		if _, err := cli.ImageTag(ctx, client.ImageTagOptions{Source: tag, Target: name}); err != nil {
			return "", fmt.Errorf("build of %s: name it %s: %w", b.Context, name, err)
		}
	}
	return built.(string), nil
}

// buildContext is the folder that a build may read, without what .dockerignore excludes.
type buildContext struct {
	spec       *envd.Build
	dockerfile string // relative to the context, with slashes
	outside    []byte // content of a dockerfile that is not in the context
	excluded   []string
}

func newBuildContext(b *envd.Build) (*buildContext, error) {
	c := &buildContext{spec: b}
	var err error
	if c.dockerfile, c.outside, err = dockerfileOf(b); err != nil {
		return nil, err
	}
	ignore, err := os.Open(filepath.Join(b.Context, ignoreName))
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	defer ignore.Close()
	if c.excluded, err = ignorefile.ReadAll(ignore); err != nil {
		return nil, fmt.Errorf("%s: %w", ignoreName, err)
	}
	for _, needed := range []string{ignoreName, c.dockerfile} { // the builder needs both, even if they are excluded
		matched, err := patternmatcher.MatchesOrParentMatches(needed, c.excluded)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ignoreName, err)
		}
		if matched {
			c.excluded = append(c.excluded, "!"+needed)
		}
	}
	return c, nil
}

// tar reads the context's files, those of .dockerignore left out.
func (c *buildContext) tar() (io.ReadCloser, error) {
	files, err := archive.TarWithOptions(c.spec.Context, &archive.TarOptions{ExcludePatterns: c.excluded, ChownOpts: &archive.ChownOpts{UID: 0, GID: 0}})
	if err != nil || c.outside == nil {
		return files, err
	}
	return c.withDockerfile(files), nil
}

// digest identifies a build by its settings, its arguments, and its files without their modification times.
func (c *buildContext) digest(args map[string]string) (string, error) {
	files, err := c.tar()
	if err != nil {
		return "", err
	}
	defer files.Close()
	h := sha256.New()
	settings := *c.spec
	settings.Context, settings.Dockerfile, settings.Args, settings.Tags = "", c.dockerfile, nil, nil
	if err := json.NewEncoder(h).Encode(settings); err != nil {
		return "", err
	}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		fmt.Fprintf(h, "%q=%q\n", name, args[name])
	}
	for t := tar.NewReader(files); ; {
		f, err := t.Next()
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%q %c %o %q %d\n", f.Name, f.Typeflag, f.Mode, f.Linkname, f.Size)
		if _, err := io.Copy(h, t); err != nil {
			return "", err
		}
	}
}

func (c *buildContext) build(ctx context.Context, cli *client.Client, svc *envd.Service, tag string, args map[string]string) error {
	auths, err := allCredentials()
	if err != nil {
		return err
	}
	files, err := c.tar()
	if err != nil {
		return err
	}
	defer files.Close()
	given := make(map[string]*string, len(args))
	for name, value := range args {
		given[name] = &value
	}
	b := c.spec
	labels := maps.Clone(b.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[labelPacked] = b.Context
	building, err := cli.ImageBuild(ctx, files, client.ImageBuildOptions{
		Tags: []string{tag}, Dockerfile: c.dockerfile, Target: b.Target, BuildArgs: given, AuthConfigs: auths, Labels: labels,
		PullParent: svc.Pull == envd.PullAlways || b.Pull, NoCache: b.NoCache, Remove: true, ForceRemove: true,
		NetworkMode: b.Network, ExtraHosts: b.Hosts, ShmSize: b.ShmBytes, Ulimits: ulimits(b.Ulimits),
	})
	if err != nil {
		return c.refused(err, nil)
	}
	defer building.Body.Close()
	said, err := buildOutput(building.Body)
	if err != nil {
		return c.refused(errors.Join(ctx.Err(), err), said)
	}
	return nil
}

// buildLines is how many lines of a failed build's output are shown.
const buildLines = 20

// colors matches the escape sequences with which the classic builder marks stderr (ECMA-48, SGR).
var colors = regexp.MustCompile("\x1b\\[[0-9;]*m")

// buildOutput reads the output of a build to its end, and returns the last lines and the build's error.
func buildOutput(r io.Reader) (lines []string, err error) {
	partial := ""
	keep := func(line string) {
		line = strings.TrimRight(colors.ReplaceAllString(line, ""), "\r ")
		if line != "" && !strings.HasPrefix(line, " --->") { // IDs of layers do not help anybody
			lines = append(lines[max(0, len(lines)-buildLines+1):], line)
		}
	}
	for d := json.NewDecoder(r); ; {
		var m jsonstream.Message
		if err := d.Decode(&m); err != nil {
			keep(partial)
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return lines, err
		}
		partial += m.Stream
		for line, rest, ended := strings.Cut(partial, "\n"); ended; line, rest, ended = strings.Cut(partial, "\n") {
			keep(line)
			partial = rest
		}
		if m.Error != nil {
			keep(partial)
			return lines, m.Error
		}
	}
}

// refused explains why a build failed, with the end of its output.
func (c *buildContext) refused(err error, said []string) error {
	help := ""
	if text := err.Error(); strings.Contains(text, "BuildKit") || strings.Contains(text, "unknown flag: mount") || strings.Contains(text, "Unknown flag: mount") {
		help = " (envd builds with the engine's classic builder: build what needs BuildKit with docker build, and name the result as image)"
	}
	text := fmt.Errorf("build of %s: %w%s", c.spec.Context, err, help)
	if len(said) == 0 {
		return text
	}
	return fmt.Errorf("%w\n  last lines of the build:\n    %s", text, strings.Join(said, "\n    "))
}

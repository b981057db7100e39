package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/moby/moby/client"
)

// packedName is the repository of packed images; the tag is the digest of their only layer.
const packedName = "envd-packed"

// content is what goes into a packed image: one program, and symbolic links.
type content struct {
	program string // path of the file on this machine
	at      string // its path in the image
	links   []link
}

type link struct{ path, target string }

// packer packs files of this machine into images and loads them into the engine, each once.
type packer struct {
	mu   sync.Mutex
	tags map[string]*packed
}

type packed struct {
	once sync.Once
	tag  string
	err  error
}

// image returns the reference of an image with that content, and loads it if the engine does not have it.
func (p *packer) image(ctx context.Context, cli *client.Client, c content) (string, error) {
	info, err := os.Stat(c.program)
	if err != nil {
		return "", err
	}
	key := fmt.Sprint(c, info.Size(), info.ModTime())
	p.mu.Lock()
	if p.tags == nil {
		p.tags = map[string]*packed{}
	}
	one := p.tags[key]
	if one == nil {
		one = &packed{}
		p.tags[key] = one
	}
	p.mu.Unlock()
	one.once.Do(func() { one.tag, one.err = pack(ctx, cli, c) })
	if one.err != nil { // the next caller tries again
		p.mu.Lock()
		delete(p.tags, key)
		p.mu.Unlock()
	}
	return one.tag, one.err
}

func pack(ctx context.Context, cli *client.Client, c content) (string, error) {
	arch, err := architecture(c.program)
	if err != nil {
		return "", err
	}
	layer, size := sha256.New(), counter(0)
	if err := c.write(io.MultiWriter(layer, &size)); err != nil {
		return "", err
	}
	digest := hex.EncodeToString(layer.Sum(nil))
	tag := packedName + ":" + digest
	switch _, err := cli.ImageInspect(ctx, tag); {
	case err == nil:
		return tag, nil
	case !notFound(err):
		return "", unreachable(cli.DaemonHost(), err)
	}
	read, write := io.Pipe()
	go func() { write.CloseWithError(c.archive(write, digest, arch, int64(size))) }()
	defer read.Close()
	loaded, err := cli.ImageLoad(ctx, read, client.ImageLoadWithQuiet(true))
	if err != nil {
		return "", fmt.Errorf("pack %s: %w", c.program, err)
	}
	if err := errors.Join(loadError(loaded), loaded.Close()); err != nil {
		return "", err
	}
	// Tagged again, because that makes the engine record the time, by which Collect tells how long it is unused.
	_, err = cli.ImageTag(ctx, client.ImageTagOptions{Source: tag, Target: tag})
	return tag, err
}

// loadError finds the error in the engine's progress messages of a load.
func loadError(r io.Reader) error {
	for d := json.NewDecoder(r); ; {
		var message struct{ Error string }
		if err := d.Decode(&message); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if message.Error != "" {
			return errors.New(message.Error)
		}
	}
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// write writes the layer. The same content makes the same bytes.
func (c content) write(w io.Writer) error {
	t := tar.NewWriter(w)
	dirs := []string{"tmp/"}
	for dir := path.Dir(strings.TrimPrefix(c.at, "/")); dir != "."; dir = path.Dir(dir) {
		if dir != "tmp" {
			dirs = append(dirs, dir+"/")
		}
	}
	for i := len(dirs) - 1; i >= 0; i-- {
		h := &tar.Header{Typeflag: tar.TypeDir, Name: dirs[i], Mode: 0o755}
		if dirs[i] == "tmp/" {
			h.Mode = 0o1777
		}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
	}
	for _, l := range c.links {
		h := &tar.Header{Typeflag: tar.TypeSymlink, Name: strings.TrimPrefix(l.path, "/"), Linkname: l.target, Mode: 0o777}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
	}
	f, err := os.Open(c.program)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(c.at, "/"), Mode: 0o755, Size: info.Size()}
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	if _, err := io.Copy(t, f); err != nil {
		return err
	}
	return t.Close()
}

// archive writes the image in the form of `docker save`: its configuration (OCI image specification, config.md), a
// manifest and the layer.
func (c content) archive(w io.Writer, digest, arch string, layerSize int64) error {
	config, err := json.Marshal(map[string]any{
		"architecture": arch, "os": "linux", "created": "1970-01-01T00:00:00Z",
		"config":  map[string]any{"Labels": map[string]string{labelPacked: c.program}},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + digest}},
		"history": []any{map[string]any{"created": "1970-01-01T00:00:00Z", "created_by": "envd"}},
	})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(config)
	configName, layerName := hex.EncodeToString(sum[:])+".json", digest+"/layer.tar"
	manifest, err := json.Marshal([]any{map[string]any{
		"Config": configName, "RepoTags": []string{packedName + ":" + digest}, "Layers": []string{layerName},
	}})
	if err != nil {
		return err
	}
	t := tar.NewWriter(w)
	for _, f := range []struct {
		name    string
		content []byte
	}{{configName, config}, {"manifest.json", manifest}} {
		if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: 0o644, Size: int64(len(f.content))}); err != nil {
			return err
		}
		if _, err := io.Copy(t, bytes.NewReader(f.content)); err != nil {
			return err
		}
	}
	if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: layerName, Mode: 0o644, Size: layerSize}); err != nil {
		return err
	}
	if err := c.write(t); err != nil {
		return err
	}
	return t.Close()
}

package docker

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/moby/go-archive"

	"github.com/envd-dev/envd/envd"
)

// ignoreName is the file in a build context that lists what the build may not read.
const ignoreName = ".dockerignore"

// dockerfileOf returns the path of a build's dockerfile in its context. The content of one that is not a file in the
// context is returned too: it goes to the engine as a file of its own.
func dockerfileOf(b *envd.Build) (name string, content []byte, err error) {
	if b.Inline != "" {
		return apart([]byte(b.Inline)), []byte(b.Inline), nil
	}
	name = filepath.Clean(cmp.Or(b.Dockerfile, "Dockerfile"))
	if filepath.IsLocal(name) {
		if _, err := os.Stat(filepath.Join(b.Context, name)); err != nil {
			return "", nil, fmt.Errorf("there is no %s in it: %w", name, err)
		}
		return filepath.ToSlash(name), nil, nil
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(b.Context, name)
	}
	if content, err = os.ReadFile(name); err != nil {
		return "", nil, err
	}
	return apart(content), content, nil
}

// apart names a dockerfile by its content, so that the same build finds the engine's cache again.
func apart(content []byte) string {
	sum := sha256.Sum256(content)
	return ".envd-" + hex.EncodeToString(sum[:8]) + ".dockerfile"
}

// withDockerfile adds the dockerfile from outside to the context's files, and to its .dockerignore: COPY does not see it.
func (c *buildContext) withDockerfile(files io.ReadCloser) io.ReadCloser {
	return archive.ReplaceFileTarWrapper(files, map[string]archive.TarModifierFunc{
		c.dockerfile: func(string, *tar.Header, io.Reader) (*tar.Header, []byte, error) {
			return &tar.Header{Typeflag: tar.TypeReg, Mode: 0o600}, c.outside, nil
		},
		ignoreName: func(_ string, h *tar.Header, content io.Reader) (*tar.Header, []byte, error) {
			lines := bytes.NewBufferString("")
			if h == nil {
				h = &tar.Header{Typeflag: tar.TypeReg, Mode: 0o600}
				lines.WriteString(ignoreName + "\n") // there was none to copy
			} else if _, err := lines.ReadFrom(content); err != nil {
				return nil, nil, err
			}
			fmt.Fprintf(lines, "\n%s\n", c.dockerfile)
			return h, lines.Bytes(), nil
		},
	})
}

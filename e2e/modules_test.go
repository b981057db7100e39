package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"
)

// debianVariable tells scripts the image that Debian's programs come from.
const debianVariable = "ENVD_TEST_DEBIAN"

// TestModules runs the scripts whose backing services are real ones, from images built on a Debian root.
func TestModules(t *testing.T) {
	needs(t, "docker", "debian")
	t.Setenv(debianVariable, debianImage(t))
	runScripts(t, "testdata/modules")
}

// debianImage gives the engine the root as an image, once for each root.
func debianImage(t testing.TB) string {
	ctx := context.Background()
	archive := repository(".tools", "databases.tar")
	info, err := os.Stat(archive)
	require.NoError(t, err)
	cli, err := client.New(client.FromEnv)
	require.NoError(t, err)
	defer cli.Close()
	name := fmt.Sprintf("envd-test/debian:%x-%x", info.Size(), info.ModTime().Unix())
	_, err = cli.ImageInspect(ctx, name)
	if !errdefs.IsNotFound(err) {
		require.NoError(t, err)
		return name
	}
	f, err := os.Open(archive)
	require.NoError(t, err)
	defer f.Close()
	imported, err := cli.ImageImport(ctx, client.ImageImportSource{Source: f, SourceName: "-"}, name, client.ImageImportOptions{})
	require.NoError(t, err)
	defer imported.Close()
	_, err = io.Copy(io.Discard, imported)
	require.NoError(t, err)
	return name
}

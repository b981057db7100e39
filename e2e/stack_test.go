package e2e

import (
	"archive/tar"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"
)

// stackImage is testdata/stack in a FROM-scratch image, whose command serves on port 80.
const stackImage = "envd-e2e-stack:1"

// checkedImage is the same, and says itself when it serves on port 80.
const checkedImage = "envd-e2e-checked:1"

// importStack gives the engine stackImage and checkedImage.
func importStack(t testing.TB) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "stack")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./testdata/stack")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	binary, err := os.ReadFile(program)
	require.NoError(t, err)
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "data/", Mode: 0o777}))
	require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "stack", Mode: 0o755, Size: int64(len(binary))}))
	_, err = w.Write(binary)
	require.NoError(t, err)
	require.NoError(t, w.Close())

	cli, err := client.New(client.FromEnv)
	require.NoError(t, err)
	defer cli.Close()
	serves := []string{`ENTRYPOINT ["/stack"]`, `CMD ["serve", ":80"]`}
	for name, changes := range map[string][]string{
		stackImage: serves, checkedImage: append(serves, `HEALTHCHECK --interval=1s CMD ["/stack", "check", "localhost:80"]`),
	} {
		source := client.ImageImportSource{Source: bytes.NewReader(layer.Bytes()), SourceName: "-"}
		imported, err := cli.ImageImport(context.Background(), source, name, client.ImageImportOptions{Changes: changes})
		require.NoError(t, err)
		_, err = bytes.NewBuffer(nil).ReadFrom(imported)
		require.NoError(t, err)
		require.NoError(t, imported.Close())
	}
}

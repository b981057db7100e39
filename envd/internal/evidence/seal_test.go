package evidence

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sealed returns a sealed run directory and its digest.
func sealed(t *testing.T) (*Dir, string) {
	t.Helper()
	d := create(t)
	require.NoError(t, d.WriteMeta(Meta{ID: "shop-1"}))
	require.NoError(t, d.WriteFile(LogsDir+"/api.log", []byte("one\n")))
	_, err := d.Check()
	require.ErrorIs(t, err, ErrUnsealed)
	digest, err := d.Seal()
	require.NoError(t, err)
	return d, digest
}

func TestSealAndCheck(t *testing.T) {
	d, digest := sealed(t)
	got, err := d.Check()
	require.NoError(t, err)
	assert.Equal(t, digest, got)
	assert.Len(t, digest, 64)
	path, err := exec.LookPath("sha256sum")
	if os.Getenv("CI") != "" {
		require.NoError(t, err)
	}
	if err == nil { // the list is for others too
		cmd := exec.Command(path, "--strict", "-c", SumsFile)
		cmd.Dir = d.Path()
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err, "%s", out)
		assert.Contains(t, string(out), "logs/api.log: OK")
	}
}

func TestCheckNamesEveryDifference(t *testing.T) {
	write := func(name, content string) func(*Dir) error {
		return func(d *Dir) error { return os.WriteFile(d.Path(name), []byte(content), 0o644) }
	}
	for _, c := range []struct {
		name   string
		change func(*Dir) error
		want   Altered
	}{
		{"changed", write(LogsDir+"/api.log", "two\n"), Altered{Changed: []string{"logs/api.log"}}},
		{"removed", func(d *Dir) error { return os.Remove(d.Path(MetaFile)) }, Altered{Missing: []string{MetaFile}}},
		{"added", write(StubsDir+"/new", ""), Altered{Added: []string{"stubs/new"}}},
		{"a link to the same", func(d *Dir) error {
			if err := os.Rename(d.Path(MetaFile), d.Path(".run.json")); err != nil {
				return err
			}
			return os.Symlink(".run.json", d.Path(MetaFile))
		}, Altered{Changed: []string{MetaFile}}},
		{"not listed any more", func(d *Dir) error { return os.WriteFile(d.Path(SumsFile), []byte("nonsense\n\n"), 0o644) },
			Altered{Added: []string{JournalFile, "logs/api.log", MetaFile}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, _ := sealed(t)
			require.NoError(t, c.change(d))
			_, err := d.Check()
			var got *Altered
			require.ErrorAs(t, err, &got)
			assert.Equal(t, c.want, *got)
		})
	}
	d, digest := sealed(t)
	require.NoError(t, write(RunnerLog, "bye")(d))
	require.NoError(t, write(".gitignore", "*")(d))
	got, err := d.Check()
	assert.NoError(t, err, "what is no evidence may change")
	assert.Equal(t, digest, got)
}

package evidence

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

// create returns a new run directory.
func create(t *testing.T) *Dir {
	t.Helper()
	d, err := Create(filepath.Join(t.TempDir(), "run"))
	require.NoError(t, err)
	return d
}

func TestCreateClaimsOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "run")
	var won, lost int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, err := Create(path)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
				return
			}
			lost++
			assert.ErrorContains(t, err, "already holds a run")
		})
	}
	all.Wait()
	assert.Equal(t, 1, won)
	assert.Equal(t, 19, lost)
	assert.DirExists(t, filepath.Join(path, LogsDir))
	assert.DirExists(t, filepath.Join(path, StubsDir))
}

func TestCreateWantsADirectoryOfItsOwn(t *testing.T) {
	for _, c := range []struct {
		name, holds, err string
	}{
		{"empty", "", ""},
		{"what a detached runner printed", RunnerLog, ""},
		{"hidden", ".gitignore", ""},
		{"something else", "photo.jpg", "it holds photo.jpg"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.holds != "" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, c.holds), nil, 0o644))
			}
			_, err := Create(dir)
			if c.err == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, c.err)
			assert.NoFileExists(t, filepath.Join(dir, JournalFile), "the claim is taken back")
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	_, err := Create(file)
	assert.ErrorContains(t, err, "not a directory")
}

func TestMetaSpecAndVerdictComeBack(t *testing.T) {
	d := create(t)
	_, err := Open(d.Path())
	assert.ErrorContains(t, err, "is no run directory")
	code := 4
	meta := Meta{ID: "shop-1", Status: Finished, Started: time.Unix(1, 0).UTC(), ExitCode: &code, Outcome: envd.Inconclusive}
	require.NoError(t, d.WriteMeta(meta))
	d, err = Open(d.Path())
	require.NoError(t, err)
	got, err := d.Meta()
	require.NoError(t, err)
	assert.Equal(t, meta, got)

	_, err = d.Verdict()
	assert.ErrorIs(t, err, fs.ErrNotExist)
	verdict := envd.Verdict{Outcome: envd.Fail, Reasons: []string{"because"}, Conditions: []envd.ConditionResult{}}
	require.NoError(t, d.WriteJSON(VerdictFile, verdict))
	back, err := d.Verdict()
	require.NoError(t, err)
	assert.Equal(t, verdict, back)

	require.NoError(t, d.WriteFile(SpecFile, []byte(`{"name": `)))
	_, err = d.Spec()
	assert.ErrorContains(t, err, SpecFile)
	require.NoError(t, d.WriteJSON(SpecFile, envd.Spec{Name: "shop"}))
	spec, err := d.Spec()
	require.NoError(t, err)
	assert.Equal(t, "shop", spec.Name)
}

// TestReadersNeverSeeAPart: run.json is read while it is replaced by a longer and a shorter one in turn.
func TestReadersNeverSeeAPart(t *testing.T) {
	d := create(t)
	long := strings.Repeat("x", 1<<16)
	require.NoError(t, d.WriteMeta(Meta{ID: "a"}))
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			assert.NoError(t, d.WriteMeta(Meta{ID: "a", Message: long[:i%2*len(long)]}))
		}
	})
	for range 200 {
		m, err := d.Meta()
		if !assert.NoError(t, err) {
			break
		}
		assert.Contains(t, []int{0, len(long)}, len(m.Message))
	}
	close(stop)
	writer.Wait()
	hidden, err := filepath.Glob(d.Path(".*"))
	require.NoError(t, err)
	assert.Empty(t, hidden, "no temporary file is left")
}

func TestOverwriteKeepsWhatDoesNotFit(t *testing.T) {
	d := create(t)
	assert.ErrorIs(t, d.overwrite("missing", []byte("new")), fs.ErrNotExist)
	require.NoError(t, d.WriteFile("f", []byte("a longer content")))
	require.NoError(t, d.overwrite("f", []byte("short")))
	b, err := os.ReadFile(d.Path("f"))
	require.NoError(t, err)
	assert.Equal(t, "short", string(b))
}

func TestObservations(t *testing.T) {
	d := create(t)
	log, err := d.OpenLog(ObservationsFile)
	require.NoError(t, err)
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for range 50 {
				assert.NoError(t, log.Append(envd.Observation{Stage: strings.Repeat("s", 3000)}))
			}
		})
	}
	writers.Wait()
	assert.Error(t, log.Append(func() {}), "what is no JSON is refused")
	require.NoError(t, log.Close())
	all, err := d.Observations()
	require.NoError(t, err)
	assert.Len(t, all, 400)

	f, err := os.OpenFile(d.Path(ObservationsFile), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(`{"stage": "cut o`)
	require.NoError(t, err)
	all, err = d.Observations()
	require.NoError(t, err, "a crash cut the last line off")
	assert.Len(t, all, 400)
	_, err = f.WriteString("\n{}\n")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	_, err = d.Observations()
	assert.ErrorContains(t, err, ObservationsFile+":401")
}

// TestLogKeepsItsFirstFailure: what cannot be written is told again at the end.
func TestLogKeepsItsFirstFailure(t *testing.T) {
	_, err := os.Stat("/dev/full")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("NOT TESTED: this system has no /dev/full")
	}
	require.NoError(t, err)
	d := create(t)
	require.NoError(t, os.Symlink("/dev/full", d.Path(ObservationsFile)))
	log, err := d.OpenLog(ObservationsFile)
	require.NoError(t, err)
	first := log.Append(1)
	assert.ErrorContains(t, first, "no space left")
	assert.Equal(t, first, log.Append(2))
	assert.ErrorIs(t, log.Close(), first)
}

func TestList(t *testing.T) {
	root := t.TempDir()
	dirs, err := List(filepath.Join(root, "missing"))
	require.NoError(t, err)
	assert.Empty(t, dirs)
	for _, name := range []string{"b", "a", ".hidden"} {
		d, err := Create(filepath.Join(root, name))
		require.NoError(t, err)
		require.NoError(t, d.WriteMeta(Meta{ID: name}))
	}
	require.NoError(t, os.Mkdir(filepath.Join(root, "no-run"), 0o755))
	require.NoError(t, os.Symlink("/nonexistent", filepath.Join(root, "gone")))
	dirs, err = List(root)
	require.NoError(t, err)
	var names []string
	for _, d := range dirs {
		names = append(names, filepath.Base(d.Path()))
	}
	assert.Equal(t, []string{"a", "b"}, names)
}

func TestMetaIsStable(t *testing.T) {
	b, err := json.Marshal(Meta{ID: "shop-1", Name: "shop", Kind: "run", Status: Ready, Started: time.Unix(0, 0).UTC()})
	require.NoError(t, err)
	assert.JSONEq(t, `{"id": "shop-1", "name": "shop", "kind": "run", "runtime": "", "pid": 0, "status": "ready", "started": "1970-01-01T00:00:00Z"}`, string(b))
}

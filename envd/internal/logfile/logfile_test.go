package logfile_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/envd-dev/envd/envd/internal/logfile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func create(t *testing.T, redact func([]byte) []byte) *logfile.Log {
	t.Helper()
	l, err := logfile.Create(filepath.Join(t.TempDir(), "web.log"), redact)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	return l
}

// lines reads the whole log and returns "stream text" of each line.
func lines(t *testing.T, l *logfile.Log) []string {
	t.Helper()
	r, err := l.Reader(context.Background(), false)
	require.NoError(t, err)
	defer r.Close()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	var out []string
	for line := range strings.Lines(string(b)) {
		stamp, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		require.True(t, ok)
		at, err := time.Parse(time.RFC3339Nano, stamp)
		require.NoError(t, err)
		assert.WithinDuration(t, time.Now(), at, time.Minute)
		assert.Equal(t, time.UTC, at.Location())
		out = append(out, rest)
	}
	return out
}

func write(t *testing.T, w io.Writer, text string) {
	t.Helper()
	n, err := io.WriteString(w, text)
	require.NoError(t, err)
	assert.Equal(t, len(text), n)
}

func TestLinesAreWhole(t *testing.T) {
	l := create(t, nil)
	stdout, stderr := l.Stream("stdout"), l.Stream("stderr")
	write(t, stdout, "one\ntw")
	write(t, stderr, "oops\r\n")
	write(t, stdout, "o\n\nthree")
	assert.Equal(t, []string{"stdout one", "stderr oops", "stdout two", "stdout "}, lines(t, l))
	require.NoError(t, l.Close())
	assert.Equal(t, []string{"stdout one", "stderr oops", "stdout two", "stdout ", "stdout three"}, lines(t, l), "the end is not lost")
}

func TestALineWithoutEndIsBroken(t *testing.T) {
	l := create(t, nil)
	w := l.Stream("stdout")
	for range 100 {
		write(t, w, strings.Repeat("x", 1000))
	}
	write(t, w, strings.Repeat("y", 200_000)+"\nend\n")
	total := 0
	for _, line := range lines(t, l) {
		assert.LessOrEqual(t, len(line), len("stdout ")+64<<10)
		total += len(line) - len("stdout ")
	}
	assert.Equal(t, 300_000+len("end"), total, "nothing is lost")
}

func TestRedactSeesWholeLines(t *testing.T) {
	l := create(t, func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("secret"), []byte("***")) })
	w := l.Stream("stdout")
	write(t, w, "a sec")
	write(t, w, "ret b\n")
	assert.Equal(t, []string{"stdout a *** b"}, lines(t, l))
}

func TestAppendGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.log")
	for i, open := range []func(string, func([]byte) []byte) (*logfile.Log, error){logfile.Create, logfile.Append, logfile.Append} {
		l, err := open(path, nil)
		require.NoError(t, err)
		write(t, l.Stream("stdout"), fmt.Sprintln("start", i))
		require.NoError(t, l.Close())
		assert.Len(t, lines(t, l), i+1)
	}
	l, err := logfile.Create(path, nil)
	require.NoError(t, err)
	require.NoError(t, l.Close())
	assert.Empty(t, lines(t, l))
}

func TestFollowersSeeEverythingAndEnd(t *testing.T) {
	const n = 500
	l := create(t, nil)
	var followers sync.WaitGroup
	for range 3 {
		r, err := l.Reader(context.Background(), true)
		require.NoError(t, err)
		followers.Go(func() {
			defer r.Close()
			count := 0
			for s := bufio.NewScanner(r); s.Scan(); count++ {
				assert.True(t, strings.HasSuffix(s.Text(), fmt.Sprint(" line ", count)), s.Text())
			}
			assert.Equal(t, n, count)
		})
	}
	w := l.Stream("stdout")
	for i := range n {
		write(t, w, fmt.Sprintln("line", i))
	}
	require.NoError(t, l.Close())
	followers.Wait()
}

func TestAFollowerEndsWithItsContextAndItsClose(t *testing.T) {
	l := create(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	for _, end := range []func(io.Closer){func(io.Closer) { cancel() }, func(c io.Closer) { c.Close() }} {
		r, err := l.Reader(ctx, true)
		require.NoError(t, err)
		ended := make(chan error, 1)
		go func() {
			_, err := r.Read(make([]byte, 10))
			ended <- err
		}()
		end(r)
		select {
		case err := <-ended:
			assert.Error(t, err)
		case <-time.After(5 * time.Second):
			t.Fatal("the read goes on")
		}
		r.Close()
		ctx = context.Background()
	}
}

// A full disk must not stop the service: writes succeed, and Close tells.
func TestAFullDiskIsToldAtTheEnd(t *testing.T) {
	_, err := os.Stat("/dev/full")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("NOT TESTED: this system has no /dev/full")
	}
	require.NoError(t, err)
	l, err := logfile.Append("/dev/full", nil)
	require.NoError(t, err)
	write(t, l.Stream("stdout"), "lost\n")
	assert.ErrorContains(t, l.Close(), "no space left")
}

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```")
	exitComment  = regexp.MustCompile(`# exit code (\d+)`)
)

// TestTutorial runs every command of the README's tutorial, in order, in one directory.
func TestTutorial(t *testing.T) {
	readme, err := os.ReadFile(repository("README.md"))
	require.NoError(t, err)
	dir := t.TempDir()
	env := append(os.Environ(), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"), "HOME="+dir, "ENVD_STATE_DIR="+filepath.Join(dir, "state"))
	commands := 0
	for _, block := range consoleBlock.FindAllStringSubmatch(string(readme), -1) {
		for line := range strings.Lines(block[1]) {
			command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ ")
			if !ok {
				continue
			}
			commands++
			want := 0
			if m := exitComment.FindStringSubmatch(command); m != nil {
				want, err = strconv.Atoi(m[1])
				require.NoError(t, err)
			}
			cmd := exec.Command("bash", "-c", command)
			cmd.Dir, cmd.Env = dir, env
			out, _ := cmd.CombinedOutput() // the exit code is what is looked at
			assert.Equal(t, want, cmd.ProcessState.ExitCode(), "$ %s\n%s", command, out)
		}
	}
	assert.Greater(t, commands, 8, "the tutorial was found")
}

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

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestSpecReference validates every spec of the README: the whole one, and those that show a part.
func TestSpecReference(t *testing.T) {
	readme, err := os.ReadFile(repository("README.md"))
	require.NoError(t, err)
	dir := t.TempDir()
	for name, content := range map[string]string{
		"bin/shop": "#!/bin/sh\n", "bin/db": "#!/bin/sh\n", "key.pem": "key", "load.js": "export default function () {}\n",
		"stubs/payments/charge.json": `{"request": {"url": "/charge"}, "response": {}}`,
		"api/Dockerfile":             "FROM scratch\n",
		"compose.yaml": "services:\n  payments: {image: example.com/payments:1, expose: [80]}\n  mail: {image: example.com/mail:1, expose: [80]}\n" +
			"  shop: {image: example.com/shop:1, depends_on: [payments, mail]}\n",
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o755))
	}
	blocks := yamlBlock.FindAllStringSubmatch(string(readme), -1)
	require.NotEmpty(t, blocks)
	for i, block := range blocks {
		text := strings.ReplaceAll(block[1], "inline: [...]", "inline: [{request: {url: /}, response: {}}]")
		switch {
		case strings.HasPrefix(text, "  "):
			text = "apiVersion: envd/v1\nname: part\nenvironment:\n  runtime: docker\n" + text
		case strings.HasPrefix(text, "environment:\n"):
			text = "apiVersion: envd/v1\nname: part\n" + strings.Replace(text, "environment:\n", "environment:\n  runtime: docker\n", 1)
		}
		path := filepath.Join(dir, "envd-"+strconv.Itoa(i)+".yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		cmd := exec.Command(binary, "validate", path)
		cmd.Env = append(os.Environ(), "DB_PASSWORD=s3cret", "ENVD_STATE_DIR="+filepath.Join(dir, "state"))
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err, "%s\n%s", text, out)
	}
}

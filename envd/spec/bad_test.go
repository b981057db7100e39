package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

// testOptions are small stand-ins for what the composition root hands in.
func testOptions() Options {
	return Options{
		Profiles: []Profile{{"smoke", 1, 30 * time.Second}, {"peak", 200, 3 * time.Minute}},
		FaultKinds: map[string]func(json.RawMessage) error{
			"stub.latency": checkLatency,
			"stub.outage":  func(json.RawMessage) error { return nil },
			"service.kill": func(json.RawMessage) error { return nil },
			"link.latency": checkLink,
			"link.reset":   func(json.RawMessage) error { return nil },

			"network.partition":  func(json.RawMessage) error { return nil },
			"network.disconnect": func(json.RawMessage) error { return nil },
		},
		FaultLag: func(kind string, params json.RawMessage) time.Duration {
			var p struct{ Delay duration }
			if kind != "stub.latency" || json.Unmarshal(params, &p) != nil {
				return 0
			}
			return time.Duration(p.Delay)
		},
		CheckMapping: checkJSON,
		Modules: func() []Module {
			return []Module{{
				Name: "postgres", Image: "postgres:17", Args: []string{"postgres", "-c", "fsync=off"}, Ports: []int{5432},
				Env:   map[string]string{"POSTGRES_USER": "postgres", "POSTGRES_PASSWORD": "pa$word"},
				Files: []ModuleFile{{Path: "/etc/start.sh", Mode: 0o755, Content: func(service string) string { return "echo $HOME of " + service }}},
			}}
		},
		Lookup: envd.Lookup{Env: func(name string) (string, bool) {
			return "/home/me", name == "HOME"
		}},
		LookPath: func(program string) (string, error) {
			if program == "sh" {
				return "/bin/sh", nil
			}
			return exec.LookPath(program)
		},
		ResolveCommit: func(_, revision string) (string, error) {
			if revision != "HEAD" {
				return "", fmt.Errorf("git knows no commit %q", revision)
			}
			return strings.Repeat("ab", 20), nil
		},
	}
}

// unknownParameter is an error that tells which parameters there are.
type unknownParameter struct{ error }

func (unknownParameter) Parameters() []string { return []string{"delay", "jitter", "direction"} }

func checkLink(params json.RawMessage) error {
	var p struct {
		Delay     string `json:"delay"`
		Jitter    string `json:"jitter"`
		Direction string `json:"direction"`
	}
	d := json.NewDecoder(bytes.NewReader(params))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return unknownParameter{err}
	}
	return nil
}

func checkLatency(params json.RawMessage) error {
	var p struct {
		Delay duration `json:"delay"`
		Share float64  `json:"share"`
	}
	d := json.NewDecoder(bytes.NewReader(params))
	d.DisallowUnknownFields()
	if len(params) == 0 {
		return errors.New("delay says how long, for example delay: 800ms")
	}
	return d.Decode(&p)
}

func checkJSON(_ string, src []byte) []MappingError {
	var v struct {
		Response struct{ Status int }
	}
	err := json.Unmarshal(src, &v)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		before := src[:syntax.Offset]
		return []MappingError{{bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n') - 1, err.Error()}}
	}
	if err != nil {
		return []MappingError{{Message: err.Error()}}
	}
	return nil
}

// TestBadSpecs renders the diagnostics of every spec in testdata/bad and compares them with the golden file beside it.
func TestBadSpecs(t *testing.T) {
	t.Chdir(filepath.Join("testdata", "bad"))
	specs, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, specs)
	var said strings.Builder
	for _, name := range specs {
		s, found := Load(name, testOptions())
		assert.Nil(t, s, name)
		require.True(t, found.Failed(), name)
		var out bytes.Buffer
		require.NoError(t, found.Render(&out, false))
		said.Write(out.Bytes())
		golden := strings.TrimSuffix(name, ".yaml") + ".golden"
		if *update {
			require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o644))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		assert.Equal(t, string(want), out.String(), name)
		for _, d := range found {
			pointsAtItsPlace(t, d)
		}
	}
	_, unreadable := Load("no-such-file.yaml", testOptions())
	require.NoError(t, unreadable.Render(&said, false))
	everyRuleIsShown(t, said.String())
}

// pointsAtItsPlace wants a diagnostic to lie within its line and to say something.
func pointsAtItsPlace(t *testing.T, d Diagnostic) {
	t.Helper()
	assert.NotEmpty(t, d.Message, d)
	assert.NotEmpty(t, d.Rule, d)
	assert.LessOrEqual(t, d.Column, len([]rune(d.Source))+1, d)
	assert.False(t, strings.HasSuffix(d.Message, "."), d)
}

// everyRuleIsShown wants at least one bad spec for each rule.
func everyRuleIsShown(t *testing.T, said string) {
	t.Helper()
	source, err := os.ReadFile("../../rules.go")
	require.NoError(t, err)
	rules := regexp.MustCompile(`= "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1)
	require.Greater(t, len(rules), 40)
	for _, rule := range rules {
		assert.Contains(t, said, "["+rule[1]+"]", "no bad spec shows rule %s", rule[1])
	}
}

// TestUnreadableSpecs: what cannot be read tells which file may be meant.
func TestUnreadableSpecs(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "envd.yaml"), nil, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "load.js"), nil, 0o644))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o755))
	for path, help := range map[string]string{
		"":          "did you mean " + filepath.Join(dir, "envd.yaml") + "?",
		"envd.yml":  "did you mean " + filepath.Join(dir, "envd.yaml") + "?",
		"empty":     "envd init writes a spec to start from",
		"shop.toml": "envd init writes a spec to start from",
	} {
		s, found := Load(filepath.Join(dir, path), testOptions())
		assert.Nil(t, s)
		require.Len(t, found, 1)
		assert.Equal(t, ruleUnreadable, found[0].Rule)
		assert.Equal(t, help, found[0].Help, path)
	}
}

// TestLongLinesAreCut: what is quoted of a line surrounds the place, at which the caret stands.
func TestLongLinesAreCut(t *testing.T) {
	line := strings.Repeat("ä", 5000) + "HERE" + strings.Repeat("z", 5000)
	for column, want := range map[int]string{1: "ä", 5001: "HERE", 10004: "z"} {
		var out strings.Builder
		require.NoError(t, Diagnostics{{File: "f", Line: 1, Column: column, Width: 4, Source: line}}.Render(&out, false))
		rows := strings.Split(out.String(), "\n")
		quoted, caret := []rune(rows[1]), []rune(rows[2])
		assert.Less(t, len(quoted), widest+20)
		assert.True(t, strings.HasPrefix(string(quoted[len([]rune(strings.TrimRight(string(caret), "^~"))):]), want), "%d:\n%s", column, out.String())
	}
}

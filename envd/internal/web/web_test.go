package web

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
)

const evil = `<script>alert(1)</script>`

func pagesUnderTest() map[string]func(io.Writer) error {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	run := v1.Run{ID: "shop-1", Name: evil, Status: v1.Finished, Outcome: envd.Fail, Message: evil, Created: now, Ended: now}
	env := v1.Environment{ID: "shop-2", Status: v1.Ready, Started: now, Expires: now.Add(time.Hour), Addresses: map[string]string{"api:80": "127.0.0.1:9"}, Message: evil}
	verdict := envd.Verdict{Outcome: envd.Fail, Reasons: []string{evil}, Conditions: []envd.ConditionResult{{Outcome: envd.Fail, Message: evil}}}
	return map[string]func(io.Writer) error{
		"index": func(w io.Writer) error {
			return WriteIndex(w, Index{Nonce: "n1", Environments: []v1.Environment{env}, Runs: []v1.Run{run}, After: 7})
		},
		"empty": func(w io.Writer) error { return WriteIndex(w, Index{Nonce: "n1"}) },
		"run": func(w io.Writer) error {
			return WriteRun(w, Run{Nonce: "n1", Run: run, Verdict: &verdict, Files: []v1.File{{Name: "report.html", Size: 3}}})
		},
		"login": func(w io.Writer) error { return WriteLogin(w, Login{Nonce: "n1", Refused: true}) },
	}
}

// TestPagesAreSafeAndSelfContained: text from outside stays text, every script and style bears the nonce, and nothing
// comes from elsewhere.
func TestPagesAreSafeAndSelfContained(t *testing.T) {
	for name, write := range pagesUnderTest() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, write(&b))
			assert.NotContains(t, b.String(), evil)
			doc, err := html.Parse(&b)
			require.NoError(t, err)
			labels, ids := map[string]bool{}, map[string]bool{}
			for n := range doc.Descendants() {
				if n.Type != html.ElementNode {
					continue
				}
				attributes := map[string]string{}
				for _, a := range n.Attr {
					attributes[a.Key] = a.Val
					assert.False(t, strings.HasPrefix(a.Key, "on"), "an inline handler would not run: %s", a.Key)
				}
				if n.Data == "script" || n.Data == "style" {
					assert.Equal(t, "n1", attributes["nonce"])
				}
				assert.NotContains(t, attributes, "src")
				if href, ok := attributes["href"]; ok {
					assert.Regexp(t, regexp.MustCompile(`^(/|data:,)`), href)
				}
				ids[attributes["id"]] = true
				if l := attributes["for"] + attributes["aria-labelledby"] + attributes["aria-describedby"]; l != "" {
					labels[l] = true
				}
			}
			for l := range labels {
				assert.True(t, ids[l], l)
			}
		})
	}
	assert.NotContains(t, style, "url(")
	assert.NotContains(t, script, "innerHTML")
	assert.Contains(t, Policy("n1"), "script-src 'nonce-n1'")
}

func TestStatusInAWord(t *testing.T) {
	tests := []struct {
		status  v1.Status
		outcome envd.Outcome
		word    string
		class   string
	}{
		{v1.Finished, envd.Pass, "pass", "pass"}, {v1.Finished, envd.Inconclusive, "inconclusive", "inconclusive"},
		{v1.Finished, "", "finished", "idle"}, {v1.Lost, envd.Errored, "lost", "error"}, {v1.Ready, "", "ready", "pass"},
		{v1.Queued, "", "queued", "idle"}, {v1.Canceled, "", "canceled", "idle"}, {v1.Exercising, "", "exercising", "busy"},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.word, word(tt.status, tt.outcome))
		assert.Equal(t, tt.class, class(tt.status, tt.outcome))
	}
	assert.Empty(t, came(envd.Pass))
	assert.Equal(t, envd.Errored, came(envd.Errored))
}

package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/client"
)

// heldSpec is a run whose test goes on until somebody lets it end.
const heldSpec = `apiVersion: envd/v1
name: held
environment:
  services:
    api:
      command: [%s, serve]
      ports: [8080]
      ready: {http: {port: 8080, path: /ready}}
stages:
  - name: patient
    functional: {command: [sh, -c, "until [ -e go ]; do sleep 0.05; done"], timeout: 2m}
gate:
  conditions: [no undeclared connections]
`

// TestWebPage uses the daemon's page as a person does, in a browser: logs in, sees a run appear and go on without
// reloading, and reads its report.
func TestWebPage(t *testing.T) {
	browser := chromium(t)
	dir := t.TempDir()
	spec, _ := writeSpec(t, dir, heldSpec)
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	_, c := startDaemon(t, filepath.Join(dir, "state"), address)
	token, err := os.ReadFile(filepath.Join(dir, "state", "token"))
	require.NoError(t, err)

	ctx, complaints := openBrowser(t, browser)
	see := func(selector, text string) {
		t.Helper()
		script := fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.textContent.includes(%q))`, selector, text)
		for {
			found, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script))
			if err == nil && found {
				return
			}
			select { // a page that is being left has no answer; the next one has
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
				require.Fail(t, "not on the page", "%q in %s: %v", text, selector, err)
			}
		}
	}
	click := func(selector string) {
		t.Helper()
		_, err := chromedp.Run(ctx, chromedp.Evaluate[any](fmt.Sprintf("document.querySelector(%q).click()", selector)))
		require.NoError(t, err)
	}
	logIn := func(token string) {
		t.Helper()
		require.NoError(t, chromedp.Do(ctx, chromedp.SendKeys("#token", token)))
		click("button")
	}

	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate("http://"+address+"/")))
	logIn("a guess")
	see("[role=alert]", "not this daemon's token")
	logIn(strings.TrimSpace(string(token)))
	see("#runs", "None yet")
	see("#live", "live")

	run, err := c.SubmitRun(t.Context(), client.Spec{Path: spec})
	require.NoError(t, err)
	row := fmt.Sprintf("#runs tr[data-id=%q]", run.ID)
	see(row+" .pill", "exercising")
	see(row, "patient")
	click(row + " a")
	see("#feed", "service api ready")
	see("#feed", "patient: started")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "go"), nil, 0o644))
	see("#status", "pass")
	see(".conditions", "no undeclared connections")
	assert.Empty(t, complaints(), "the browser has nothing to complain of")

	click(`a[href$="/report.html"]`)
	see("body", "pass")
	location, err := chromedp.Run(ctx, chromedp.Location())
	require.NoError(t, err)
	assert.Contains(t, location, "/v1/runs/"+run.ID+"/files/report.html")
}

// chromium finds the browser.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no Chromium: `apt-get install chromium` brings it")
	}
	t.Skip("SKIPPED: no Chromium, so nobody looks at the web page; `apt-get install chromium` brings it")
	return ""
}

// openBrowser opens a page. The function returns what went wrong on it: exceptions, and what a policy forbade.
func openBrowser(t *testing.T, path string) (context.Context, func() []string) {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, // root has none
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Env("TMPDIR="+t.TempDir()))
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, leave := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil && ctx.Err() == nil {
			t.Errorf("close the browser: %v", err)
		}
		leave()
	})
	var mu sync.Mutex
	var complaints []string
	require.NoError(t, chromedp.Listen(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			// The refused token is answered with 401, which the browser notes.
			if e.Entry.Level == log.EntryLevelError && !strings.Contains(e.Entry.Text, "401") {
				complaints = append(complaints, e.Entry.Text)
			}
		}
	}))
	limited, release := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(release)
	return limited, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return complaints
	}
}

// TestEvents reads the daemon's server-sent events as any HTTP client does: a run's observations with their places, and from
// a place on; and the changes of all runs.
func TestEvents(t *testing.T) {
	dir := t.TempDir()
	spec, _ := writeSpec(t, dir, heldSpec)
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	_, c := startDaemon(t, filepath.Join(dir, "state"), address)
	token, err := os.ReadFile(filepath.Join(dir, "state", "token"))
	require.NoError(t, err)
	open := func(path, last string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
		if last != "" {
			req.Header.Set("Last-Event-ID", last)
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		t.Cleanup(func() { resp.Body.Close() })
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
		return resp
	}

	changes := bufio.NewScanner(open("/v1/events", "").Body)
	run, err := c.SubmitRun(t.Context(), client.Spec{Path: spec})
	require.NoError(t, err)
	until(t, changes, `"status":"exercising"`)

	stream := open("/v1/runs/"+run.ID+"/events", "")
	lines := bufio.NewScanner(stream.Body)
	until(t, lines, `"stage_event":{"name":"started"}`)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go"), nil, 0o644))
	until(t, lines, `"functional":`)
	until(t, lines, "event: end")
	until(t, lines, `"outcome":"pass"`)
	for lines.Scan() {
		assert.Empty(t, lines.Text(), "nothing follows the end")
	}
	require.NoError(t, lines.Err())
	until(t, changes, `"outcome":"pass"`)

	whole, err := io.ReadAll(open("/v1/runs/"+run.ID+"/events", "").Body)
	require.NoError(t, err)
	events := strings.Split(strings.TrimSuffix(string(whole), "\n\n"), "\n\n")
	require.Greater(t, len(events), 5)
	place := int64(0)
	for _, e := range events[:len(events)-1] {
		id, _, ok := strings.Cut(strings.TrimPrefix(e, "id: "), "\n")
		require.True(t, ok, e)
		n, err := strconv.ParseInt(id, 10, 64)
		require.NoError(t, err)
		assert.Greater(t, n, place, "each event's place is behind the one before")
		assert.Contains(t, e, "event: "+v1.EventObservation+"\n")
		place = n
	}
	third, _, _ := strings.Cut(strings.TrimPrefix(events[2], "id: "), "\n")
	rest, err := io.ReadAll(open("/v1/runs/"+run.ID+"/events", third).Body)
	require.NoError(t, err)
	assert.Equal(t, strings.Join(events[3:], "\n\n")+"\n\n", string(rest), "a reader that comes back is served from where it was")
}

// until reads lines up to one that holds text.
func until(t *testing.T, lines *bufio.Scanner, text string) {
	t.Helper()
	for lines.Scan() {
		if strings.Contains(lines.Text(), text) {
			return
		}
	}
	require.Fail(t, "the stream ended", "before %q: %v", text, lines.Err())
}

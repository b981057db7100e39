package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/stubs"
	"github.com/envd-dev/envd/stubs/wiremock"
)

// newWireMock makes a stub that is answered by the real WireMock. The built-in engine stands in front of it and passes
// everything on, so that faults, counters and the journal are the same with both engines.
func newWireMock(ctx context.Context, host string, c StubConfig, journal *journal) (_ *stub, err error) {
	root, err := os.MkdirTemp("", "wiremock-*")
	if err != nil {
		return nil, err
	}
	var undo []func() error
	undo = append(undo, func() error { return os.RemoveAll(root) })
	stop := func() error {
		var errs []error
		for i := len(undo) - 1; i >= 0; i-- {
			errs = append(errs, undo[i]())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("engine wiremock: %w", err), stop())
		}
	}()
	if err := writeRoot(root, c); err != nil {
		return nil, err
	}
	peer, err := wiremock.Start(ctx, wiremock.Options{Jar: c.Jar, RootDir: root, Output: os.Stdout})
	if err != nil {
		return nil, err
	}
	undo = append(undo, peer.Close)
	pass, err := json.Marshal(map[string]any{
		"request": map[string]any{"method": "ANY"}, "response": map[string]any{"proxyBaseUrl": peer.URL()},
	})
	if err != nil {
		return nil, err
	}
	front, err := stubs.New(stubs.Options{
		Mappings:        []stubs.Source{{Name: "engine wiremock", Document: pass}},
		Seed:            c.Seed,
		OnServed:        journal.record(host),
		Journal:         stubs.Journal{Disabled: true}, // WireMock keeps its own
		ResponseOptions: stubs.ResponseOptions{Proxy: stubs.ProxyOptions{PreserveHost: true, PreserveUserAgent: true, ReuseConnections: true}},
	})
	if err != nil {
		return nil, err
	}
	undo = append(undo, front.Close)
	return &stub{host: host, engine: front, admin: peer, stop: stop}, nil
}

// writeRoot writes mappings and files in the layout that WireMock reads.
func writeRoot(root string, c StubConfig) error {
	write := func(name string, b []byte) error {
		if !filepath.IsLocal(name) {
			return fmt.Errorf("%s leads out of the stub's directory", name)
		}
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, b, 0o644)
	}
	for i, m := range c.Mappings {
		document, err := stubs.Source{Name: m.Name, Document: m.Document}.JSON() // WireMock reads no YAML
		if err != nil {
			return err
		}
		if err := write(fmt.Sprintf("mappings/%04d-%s.json", i, strings.ReplaceAll(m.Name, "/", "-")), document); err != nil {
			return err
		}
	}
	for name, content := range c.Files {
		if err := write("__files/"+name, content); err != nil {
			return err
		}
	}
	return nil
}

// matches corrects the counters of such a stub: the engine in front matches every request, WireMock itself may not.
func (s *stub) matches(sum *envd.StubSummary) {
	var unmatched struct{ Requests []json.RawMessage }
	if s.ask("/__admin/requests/unmatched", &unmatched) == nil {
		sum.Unmatched = int64(len(unmatched.Requests))
		sum.Matched -= sum.Unmatched
	}
}

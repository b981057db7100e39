package stubs

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"time"

	"github.com/envd-dev/envd/stubs/internal/catalog"
	"github.com/envd-dev/envd/stubs/internal/files"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

func (c *adminCall) listScenarios() {
	c.json(http.StatusOK, jsondoc.Make("scenarios", jsondoc.List(c.catalog.Scenarios.All(), func(s *catalog.Scenario) any {
		return jsondoc.Make("id", s.Name(), "name", s.Name(), "state", s.State(),
			"possibleStates", s.PossibleStates(), "mappings", jsondoc.List(s.Stubs(), stubValue))
	})))
}

func (c *adminCall) resetScenarios() {
	c.catalog.Scenarios.Reset()
	c.ResetState()
	c.done()
}

// setScenarioState puts a scenario into the body's state, or without a body back to Started.
func (c *adminCall) setScenarioState() {
	name := c.arg
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	if len(c.body) == 0 {
		c.changedScenario(name, mapping.Started, c.catalog.Scenarios.ResetOne(name))
		return
	}
	if c.isNull() {
		c.fail("the body is null")
		return
	}
	state, err := mapping.ParseScenarioState(c.body)
	if err != nil {
		c.invalid(err)
		return
	}
	c.changedScenario(name, state, c.catalog.Scenarios.Set(name, state))
}

// changedScenario answers what came of putting a scenario into a state.
func (c *adminCall) changedScenario(name, state string, err error) {
	switch {
	case errors.Is(err, catalog.ErrNoScenario):
		c.refuse(http.StatusNotFound, &mapping.Error{Code: 404, Title: "Scenario " + name + " does not exist"})
	case err != nil:
		c.invalid(&mapping.Error{Code: 11, Title: "Scenario " + name + " does not support state " + state})
	default:
		c.done()
	}
}

func (c *adminCall) getSettings() {
	s := c.settings.Load()
	if s.None {
		c.json(http.StatusOK, jsondoc.Make())
		return
	}
	c.json(http.StatusOK, jsondoc.Make("settings", s.Value()))
}

func (c *adminCall) putSettings() {
	s, err := mapping.ParseSettings(c.body)
	if err != nil {
		c.invalid(err)
		return
	}
	c.settings.Store(s)
	c.empty(http.StatusOK)
}

func (c *adminCall) patchExtendedSettings() {
	if c.isNull() {
		c.fail("the body is null")
		return
	}
	more, err := mapping.ParseExtended(c.body)
	if err != nil {
		c.invalid(err)
		return
	}
	if more == nil {
		c.fail(`Cannot invoke "com.github.tomakehurst.wiremock.extension.Parameters.merge(…)" because "extended" is null`)
		return
	}
	for {
		old := c.settings.Load()
		if c.settings.CompareAndSwap(old, old.WithExtended(more)) {
			break
		}
	}
	c.done()
}

func (c *adminCall) listFiles() {
	names, err := c.bodies.List()
	if err != nil {
		c.refuse(http.StatusInternalServerError, err)
		return
	}
	if names == nil {
		names = []string{}
	}
	c.json(http.StatusOK, names)
}

func (c *adminCall) getFile() {
	data, err := c.bodies.Read(c.arg)
	if err != nil {
		c.empty(http.StatusNotFound)
		return
	}
	c.w.Header()["Content-Type"] = nil // WireMock names none, and net/http would guess one
	_, _ = c.w.Write(data)             // the client may be gone
}

func (c *adminCall) putFile() {
	if err := c.bodies.Write(c.arg, c.body); errors.Is(err, files.ErrFull) {
		c.refuse(http.StatusRequestEntityTooLarge, err)
		return
	} else if err != nil {
		c.refuse(http.StatusInternalServerError, err)
		return
	}
	c.json(http.StatusOK, base64.StdEncoding.EncodeToString(c.body))
}

func (c *adminCall) deleteFile() {
	if err := c.bodies.Remove(c.arg); err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.refuse(http.StatusInternalServerError, err)
		return
	}
	c.empty(http.StatusOK)
}

// authority gives the certificate that browsers must trust to use the server as their HTTPS proxy.
func (c *adminCall) authority() {
	der := c.options.Proxy.Authority
	if len(der) == 0 {
		c.empty(http.StatusNotFound)
		return
	}
	c.w.Header().Set("Content-Type", "application/x-pem-file")
	_ = pem.Encode(c.w, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // the client may be gone
}

func (c *adminCall) shutdown() {
	c.empty(http.StatusOK)
	if c.options.OnShutdown != nil {
		_ = http.NewResponseController(c.w).Flush() // a writer that cannot flush sends when the handler returns
		c.options.OnShutdown()
	}
}

func (s *Server) compatible() string {
	if s.options.Version != "" {
		return s.options.Version
	}
	return compatibleVersion
}

func (c *adminCall) version() {
	c.json(http.StatusOK, jsondoc.Make("version", c.compatible()))
}

func (c *adminCall) health() {
	now := c.clock()
	c.json(http.StatusOK, jsondoc.Make("status", "healthy", "message", "Wiremock is ok", "version", c.compatible(),
		"uptimeInSeconds", int64(now.Sub(c.started).Seconds()), "timestamp", now.UTC().Format(time.RFC3339Nano)))
}

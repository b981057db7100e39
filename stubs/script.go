package stubs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/envd-dev/envd/stubs/internal/catalog"
	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
	"github.com/envd-dev/envd/stubs/internal/script"
	"github.com/envd-dev/envd/stubs/internal/template"
)

// prepareScript makes the script of a mapping that has one; the templates of its changes must compile.
func (s *Server) prepareScript(m *mapping.StubMapping) error {
	if x := m.Extension; x != nil {
		if err := s.checkChange("/envd/set/", x.Change); err != nil {
			return err
		}
	}
	for _, r := range m.Responses() {
		if r.Extension == nil {
			continue
		}
		if err := s.checkChange("/response/envd/set/", r.Extension.Change); err != nil {
			return err
		}
	}
	m.Script = script.New(m, s.seedOf(m), s.state.Limits)
	return nil
}

// seedOf is the stub's own seed, so that stubs do not draw alike; 0 without Options.Seed. It depends on what the stub
// answers to and not on its ID, which may be drawn.
func (s *Server) seedOf(m *mapping.StubMapping) uint64 {
	if s.options.Seed == 0 {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write(jsondoc.AppendCompact(nil, m.Request.Value())) // never fails
	_, _ = h.Write([]byte(m.Name))
	return max(1, s.options.Seed^h.Sum64())
}

func (s *Server) checkChange(pointer string, c mapping.Change) error {
	for _, a := range c {
		if _, err := s.templates.Compile(a.Value); err != nil {
			return &mapping.Error{Code: 10, Pointer: pointer + a.Key, Title: "Error parsing template", Detail: err.Error()}
		}
	}
	return nil
}

// play lets the stub's script decide on a request that fits its pattern.
func (s *Server) play(stub *catalog.Stub, x *exchange) bool {
	sc := scriptOf(stub)
	turn, ok := sc.Take(&s.state, sessionOf(sc, stub, &x.view), x.request.Received, scenario{stub}, func(text, session string, values script.Values) (string, error) {
		return s.renderState(text, stub, x, session, values)
	})
	if !ok {
		return false
	}
	x.State = &event.State{Session: turn.Session, Values: turn.Values}
	x.answer = turn.Response
	switch {
	case turn.Err != nil:
		x.answer = textPage(http.StatusInternalServerError, "text/plain", turn.Err.Error())
		x.AddSubEvent("ERROR", s.clock(), jsondoc.Make("message", turn.Err.Error()))
	case turn.Response == nil:
		x.answer = tooMany(turn.RetryAfter)
	}
	return true
}

// scriptOf is the script of a stub that has one.
func scriptOf(stub *catalog.Stub) *script.Script {
	sc, _ := stub.Script.(*script.Script)
	return sc
}

// tooMany is 429 with the seconds after which a request gets through (RFC 6585, section 4).
func tooMany(wait time.Duration) *mapping.ResponseDefinition {
	d := textPage(http.StatusTooManyRequests, "text/plain", "Too Many Requests")
	seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
	d.Headers = append(d.Headers, mapping.Header{Name: "Retry-After", Values: []string{seconds}, Single: true})
	return d
}

// scenario is the stub's scenario as its script sees it.
type scenario struct{ stub *catalog.Stub }

func (s scenario) Allows() bool {
	return s.stub.Scenario == nil || !s.stub.RequiresState() || s.stub.Scenario.State() == s.stub.RequiredScenarioState
}

func (s scenario) Enter() bool {
	return s.stub.Scenario == nil || s.stub.Scenario.Serve(s.stub.StubMapping)
}

// maxSessionKey bounds the keys that sessions are remembered by.
const maxSessionKey = 256

// sessionOf tells the client apart as the script asks for; "" when the request has nothing to tell it by. What is very long
// is told apart by its SHA-256.
func sessionOf(sc *script.Script, stub *catalog.Stub, v *requestmatch.View) string {
	if sc.Session == nil {
		return ""
	}
	key := sessionKey(sc.Session, stub, v)
	if len(key) > maxSessionKey {
		sum := sha256.Sum256([]byte(key))
		return hex.EncodeToString(sum[:])
	}
	return key
}

func sessionKey(k *mapping.SessionKey, stub *catalog.Stub, v *requestmatch.View) string {
	switch {
	case k.Header != "":
		return first(v.Request.Values(k.Header))
	case k.Cookie != "":
		return first(v.Cookies().Get(k.Cookie))
	case k.Query != "":
		return first(v.Query().Get(k.Query))
	}
	if n, err := strconv.Atoi(k.Path); err == nil {
		segments := strings.Split(strings.TrimPrefix(v.Path(), "/"), "/")
		if n < 0 || n >= len(segments) {
			return ""
		}
		return segments[n]
	}
	if t := stub.Request.URL.Template; t != nil {
		return t.Variables(v.Path())[k.Path]
	}
	return ""
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// stateDeadline bounds the rendering of one value of the state.
const stateDeadline = time.Second

// renderState renders a value that goes into the state.
func (s *Server) renderState(text string, stub *catalog.Stub, x *exchange, session string, values script.Values) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	compiled, err := s.templates.Compile(text)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), stateDeadline)
	defer cancel()
	var variables []template.Variable
	if t := stub.Request.URL.Template; t != nil {
		known := t.Variables(x.view.Path())
		for _, name := range t.Names() {
			variables = append(variables, template.Variable{Name: name, Value: known[name]})
		}
	}
	m := template.NewModel(template.RequestName, &x.request, variables, nil)
	m.SetState(session, values)
	return compiled.Render(ctx, m)
}

// State returns the keys and values that stubs keep for a session, "" being the one of all who have none.
func (s *Server) State(session string) map[string]string {
	return maps.Clone(map[string]string(s.state.Get(session)))
}

// SetState gives a key of a session's state a value, as a stub's "set" does. It fails when the state is full.
func (s *Server) SetState(session, key, value string) error {
	if err := s.state.Set(session, key, value); err != nil {
		return fmt.Errorf("stubs: %w", err)
	}
	return nil
}

// ResetState forgets the state of all sessions and starts sequences, counts and rate limits anew. A reset of the scenarios
// or of everything by the admin API does that, too.
func (s *Server) ResetState() {
	s.state.Reset()
	for _, stub := range s.catalog.All() {
		if sc := scriptOf(stub); sc != nil {
			sc.Reset(&s.state)
		}
	}
}

func (c *adminCall) listState() {
	c.json(http.StatusOK, jsondoc.Make("sessions", jsondoc.List(c.state.Sessions(), func(key string) any {
		values := c.state.Get(key)
		o := jsondoc.Make()
		for _, name := range sortedKeys(values) {
			o.Set(name, values[name])
		}
		return jsondoc.Make("session", key, "state", o)
	})))
}

func (c *adminCall) resetState() {
	c.ResetState()
	c.done()
}

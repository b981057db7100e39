package stubs

import (
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/files"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// adminExtension is the handler of admin paths that are served elsewhere: recordings. It is nil for all others.
func (s *Server) adminExtension(path string) http.Handler {
	if strings.HasPrefix(path, "/recordings/") {
		return s.responder.Recorder()
	}
	return nil
}

// recorded is the server as recordings see it.
type recorded struct{ *Server }

func (r recorded) ServeEvents() []*event.ServeEvent { return r.journal.All() }

func (r recorded) AddStub(m *mapping.StubMapping) error { return r.add(m) }

func (r recorded) RemoveStub(id string) { r.remove(id) }

func (r recorded) Files() files.Store { return r.bodies }

func (r recorded) NewID() uuid.UUID { return r.newID() }

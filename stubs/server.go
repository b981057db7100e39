package stubs

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/envd-dev/envd/stubs/internal/catalog"
	"github.com/envd-dev/envd/stubs/internal/cors"
	"github.com/envd-dev/envd/stubs/internal/files"
	"github.com/envd-dev/envd/stubs/internal/journal"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/script"
	"github.com/envd-dev/envd/stubs/internal/template"
)

// Server is one isolated stub server: its own mappings, scenarios, journal, settings and files. Create it with [New]; it
// is an [http.Handler] and safe for concurrent use.
type Server struct {
	options  Options
	clock    func() time.Time
	random   *random
	log      *slog.Logger
	started  time.Time
	catalog  catalog.Catalog
	journal  *journal.Journal
	settings atomic.Pointer[mapping.Settings]
	bodies   files.Store // __files
	mappings files.Store // mappings

	templates *template.Engine
	state     script.Store
	lifetimes lifetimes
	adding    sync.Mutex // makes the bound on stubs exact

	overrides overrides
	counters  counters
	responder responder
	listening listening
}

// New makes a server and loads its mappings. Mappings that cannot be read are reported all together: the error joins a
// *[Problem] for each, and the server is returned with the good ones, so that a caller may choose to go on. Any other error
// comes without a server.
func New(o Options) (*Server, error) {
	if o.Dir != "" && o.FS != nil {
		return nil, errors.New("stubs: Dir and FS exclude each other")
	}
	s := &Server{options: o, clock: o.Clock, random: newRandom(o.Seed), log: o.Log}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.options.MaxRequestBody == 0 {
		s.options.MaxRequestBody = defaultMaxRequestBody
	}
	s.started = s.clock()
	s.journal = journal.New(journal.Limits{Disabled: o.Journal.Disabled || o.Journal.Empty, Entries: o.Journal.Entries, Bytes: o.Journal.Bytes})
	s.state.Limits = script.Limits{Sessions: o.State.Sessions, Bytes: o.State.Bytes}
	s.settings.Store(mapping.DefaultSettings())
	if err := s.openFiles(); err != nil {
		return nil, err
	}
	responder, err := s.newResponder()
	if err != nil {
		return nil, fmt.Errorf("stubs: %w", err)
	}
	s.responder = responder
	return s, s.load(true)
}

func (s *Server) openFiles() error {
	switch {
	case s.options.Dir != "":
		s.bodies = files.Dir(s.options.Dir + "/__files")
		s.mappings = files.Dir(s.options.Dir + "/mappings")
	case s.options.FS != nil:
		bodies, err := fs.Sub(s.options.FS, "__files")
		if err != nil {
			return err
		}
		mappings, err := fs.Sub(s.options.FS, "mappings")
		if err != nil {
			return err
		}
		s.bodies, s.mappings = s.memory(bodies), s.memory(mappings)
	default:
		s.bodies, s.mappings = s.memory(nil), s.memory(nil)
	}
	return nil
}

func (s *Server) memory(base fs.FS) *files.Memory {
	return &files.Memory{Base: base, Limit: s.options.MaxFiles}
}

const adminPrefix = "/__admin"

// ServeHTTP answers admin requests below /__admin and everything else from the stubs.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if refuseTarget(w, r) {
		return
	}
	path, admin := adminPath(r.URL.EscapedPath())
	if (admin || s.options.StubCORS) && cors.Apply(w, r) {
		return
	}
	if admin {
		w.Header()["Date"] = nil // WireMock sends none
		s.serveAdmin(w, r, path)
		return
	}
	s.serveStub(w, r)
}

package stubs

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/envd-dev/envd/stubs/internal/catalog"
	"github.com/envd-dev/envd/stubs/internal/files"
	"github.com/envd-dev/envd/stubs/internal/journal"
	"github.com/envd-dev/envd/stubs/internal/mapping"
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

	overrides overrides
	counters  counters
	responder responder
	listening listening
}

// New makes a server and loads its mappings. Mapping files that cannot be read are reported all together in the error;
// the server is returned with those that can, so that a caller may choose to go on.
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
	s.journal = journal.New(journal.Limits{Disabled: o.Journal.Disabled, Entries: o.Journal.Entries, Bytes: o.Journal.Bytes})
	s.settings.Store(mapping.DefaultSettings())
	if err := s.openFiles(); err != nil {
		return nil, err
	}
	s.responder = newResponder(s)
	return s, s.resetToDefaults()
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
		s.bodies, s.mappings = &files.Memory{Base: bodies}, &files.Memory{Base: mappings}
	default:
		s.bodies, s.mappings = &files.Memory{}, &files.Memory{}
	}
	return nil
}

const adminPrefix = "/__admin"

// ServeHTTP answers admin requests below /__admin and everything else from the stubs.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path, ok := strings.CutPrefix(r.URL.Path, adminPrefix); ok && (path == "" || path[0] == '/') {
		s.serveAdmin(w, r, path)
		return
	}
	s.serveStub(w, r)
}

package link

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Version is the version of Toxiproxy whose API is served.
const Version = "2.12.0"

// problem is the body of every error, and its status.
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"error"`
}

func (p *problem) Error() string { return p.Title }

// view is a proxy as the API shows it.
type view struct {
	Definition
	Toxics []Toxic `json:"toxics"`
}

func (p *Proxy) view() view {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := view{Definition: Definition{p.name, p.listen, p.upstream, p.listener != nil}, Toxics: []Toxic{}}
	for _, t := range p.toxics {
		v.Toxics = append(v.Toxics, t.Toxic)
	}
	return v
}

// Handler serves Toxiproxy's HTTP API.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, f func(*http.Request) (status int, answer any, err error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
			status, answer, err := f(r)
			reply(w, status, answer, err)
		})
	}
	handle("GET /version", func(*http.Request) (int, any, error) { return 200, map[string]string{"version": Version}, nil })
	handle("POST /reset", s.reset)
	handle("GET /proxies", s.list)
	handle("POST /proxies", s.create)
	handle("POST /populate", s.populate)
	handle("DELETE /proxies/{proxy}", s.delete)
	handle("GET /proxies/{proxy}", s.withProxy(func(p *Proxy, _ *http.Request) (int, any, error) { return 200, p.view(), nil }))
	handle("GET /proxies/{proxy}/toxics", s.withProxy(func(p *Proxy, _ *http.Request) (int, any, error) { return 200, p.view().Toxics, nil }))
	handle("POST /proxies/{proxy}/toxics", s.withProxy(addToxic))
	handle("GET /proxies/{proxy}/toxics/{toxic}", s.withProxy(getToxic))
	handle("DELETE /proxies/{proxy}/toxics/{toxic}", s.withProxy(deleteToxic))
	for _, method := range []string{"POST", "PATCH"} {
		handle(method+" /proxies/{proxy}", s.withProxy(updateProxy))
		handle(method+" /proxies/{proxy}/toxics/{toxic}", s.withProxy(updateToxic))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.UserAgent(), "Mozilla/") { // as Toxiproxy: a web page must not reach it behind a person's back
			http.Error(w, "User agent not allowed", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func reply(w http.ResponseWriter, status int, answer any, err error) {
	if err != nil {
		p := (*problem)(nil)
		if !errors.As(err, &p) {
			p = &problem{500, err.Error()}
		}
		status, answer = p.Status, p
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		_ = json.NewEncoder(w).Encode(answer) // the caller has gone when this fails
	}
}

func body(r *http.Request, v any) error {
	if err := json.NewDecoder(r.Body).Decode(v); err != nil {
		return &problem{400, fmt.Sprintf("bad request body: %v", err)}
	}
	return nil
}

func (s *Server) withProxy(f func(*Proxy, *http.Request) (int, any, error)) func(*http.Request) (int, any, error) {
	return func(r *http.Request) (int, any, error) {
		s.mu.Lock()
		p := s.proxies[r.PathValue("proxy")]
		s.mu.Unlock()
		if p == nil {
			return 0, nil, &problem{404, "proxy not found"}
		}
		return f(p, r)
	}
}

// all returns the proxies by name.
func (s *Server) all() map[string]*Proxy {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]*Proxy, len(s.proxies))
	for name, p := range s.proxies {
		out[name] = p
	}
	return out
}

// reset enables all proxies and removes all toxics.
func (s *Server) reset(*http.Request) (int, any, error) {
	var errs []error
	for _, p := range s.all() {
		p.change(func([]*toxic) []*toxic { return nil })
		p.mu.Lock()
		errs = append(errs, p.open())
		p.mu.Unlock()
	}
	return http.StatusNoContent, nil, errors.Join(errs...)
}

func (s *Server) list(*http.Request) (int, any, error) {
	views := map[string]view{}
	for name, p := range s.all() {
		views[name] = p.view()
	}
	return 200, views, nil
}

func (s *Server) create(r *http.Request) (int, any, error) {
	d := Definition{Enabled: true}
	if err := body(r, &d); err != nil {
		return 0, nil, err
	}
	p, err := s.Add(d)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, p.view(), nil
}

// populate makes every proxy of a list be there as it is described; those that are stay untouched.
func (s *Server) populate(r *http.Request) (int, any, error) {
	var list []json.RawMessage
	if err := body(r, &list); err != nil {
		return 0, nil, err
	}
	views := []view{}
	for _, raw := range list {
		d := Definition{Enabled: true}
		if err := json.Unmarshal(raw, &d); err != nil {
			return 0, nil, &problem{400, fmt.Sprintf("bad request body: %v", err)}
		}
		p, err := s.put(d)
		if err != nil {
			return 0, nil, err
		}
		views = append(views, p.view())
	}
	return http.StatusCreated, map[string]any{"proxies": views}, nil
}

func (s *Server) put(d Definition) (*Proxy, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.proxies[d.Name]; old != nil {
		if v := old.view(); v.Listen == d.Listen && v.Upstream == d.Upstream {
			return old, old.update(d)
		}
		if err := s.remove(old); err != nil {
			return nil, err
		}
	}
	return s.add(d)
}

func (s *Server) delete(r *http.Request) (int, any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.proxies[r.PathValue("proxy")]
	if p == nil {
		return 0, nil, &problem{404, "proxy not found"}
	}
	return http.StatusNoContent, nil, s.remove(p)
}

func (s *Server) remove(p *Proxy) error {
	delete(s.proxies, p.name)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shut()
}

func updateProxy(p *Proxy, r *http.Request) (int, any, error) {
	d := p.view().Definition
	if err := body(r, &d); err != nil {
		return 0, nil, err
	}
	if err := p.update(d); err != nil {
		return 0, nil, err
	}
	return 200, p.view(), nil
}

// update moves, disables or enables a proxy.
func (p *Proxy) update(d Definition) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if moved := d.Listen != p.listen || d.Upstream != p.upstream; moved || !d.Enabled {
		if err := p.shut(); err != nil {
			return err
		}
		p.listen, p.upstream = d.Listen, d.Upstream
	}
	if d.Enabled {
		return p.open()
	}
	return nil
}

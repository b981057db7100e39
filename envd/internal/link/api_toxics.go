package link

import (
	"encoding/json"
	"net/http"
	"slices"
)

func addToxic(p *Proxy, r *http.Request) (int, any, error) {
	var raw json.RawMessage
	if err := body(r, &raw); err != nil {
		return 0, nil, err
	}
	t, err := readToxic(Toxic{Toxicity: 1}, raw)
	if err != nil {
		return 0, nil, err
	}
	p.change(func(all []*toxic) []*toxic {
		if indexOf(all, t.Name) >= 0 {
			err = &problem{409, "toxic already exists"}
			return all
		}
		return append(all, &toxic{t, newMeter()})
	})
	return 200, t, err
}

func getToxic(p *Proxy, r *http.Request) (int, any, error) {
	t, err := p.toxic(r.PathValue("toxic"))
	if err != nil {
		return 0, nil, err
	}
	return 200, t.Toxic, nil
}

func (p *Proxy) toxic(name string) (*toxic, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := indexOf(p.toxics, name); i >= 0 {
		return p.toxics[i], nil
	}
	return nil, &problem{404, "toxic not found"}
}

// updateToxic changes attributes and toxicity; the rest of a toxic is fixed. What it remembers begins anew.
func updateToxic(p *Proxy, r *http.Request) (int, any, error) {
	old, err := p.toxic(r.PathValue("toxic"))
	if err != nil {
		return 0, nil, err
	}
	var raw json.RawMessage
	if err := body(r, &raw); err != nil {
		return 0, nil, err
	}
	t, err := readToxic(old.Toxic, raw)
	if err != nil {
		return 0, nil, err
	}
	t.Name, t.Type, t.Stream = old.Name, old.Type, old.Stream
	p.change(func(all []*toxic) []*toxic {
		if i := slices.Index(all, old); i >= 0 {
			all[i] = &toxic{t, old.meter}
		}
		return all
	})
	return 200, t, nil
}

func deleteToxic(p *Proxy, r *http.Request) (int, any, error) {
	t, err := p.toxic(r.PathValue("toxic"))
	if err != nil {
		return 0, nil, err
	}
	p.change(func(all []*toxic) []*toxic {
		return slices.DeleteFunc(all, func(o *toxic) bool { return o == t })
	})
	return http.StatusNoContent, nil, nil
}

package report

import (
	"fmt"
	"slices"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

// images returns those that services ran from, in the order in which they became present.
func (r *Run) images() (images []envd.ImageFact) {
	for _, o := range r.Observations {
		if o.Image != nil {
			images = append(images, *o.Image)
		}
	}
	return images
}

// imageText names an image by its digest: that in its registry, or else that in the engine.
func imageText(f envd.ImageFact) string {
	if f.Digest != "" {
		return f.Service + " from " + f.Digest
	}
	return f.Service + " from " + f.Reference + ", image ID " + f.ID
}

// Restarts counts how often a service ended by itself and was started again by its policy.
type Restarts struct {
	Service string `json:"service"`
	Count   int    `json:"count"`
	Last    string `json:"last,omitempty"` // how it ended most recently
}

func (f Restarts) text() string {
	return fmt.Sprintf("%s of %s, the last after %s", quantity.Plural(int64(f.Count), "restart"), f.Service, f.Last)
}

// restarts returns those of each service that had any, in the order of their first.
func (r *Run) restarts() (all []Restarts) {
	for _, o := range r.Observations {
		e := o.Service
		if e == nil || !e.Restarting && e.Restart == 0 {
			continue
		}
		i := slices.IndexFunc(all, func(x Restarts) bool { return x.Service == e.Service })
		switch {
		case i < 0:
			all = append(all, Restarts{Service: e.Service, Last: e.Detail})
		case e.Restarting:
			all[i].Last = e.Detail
		default:
			all[i].Count = e.Restart
		}
	}
	return slices.DeleteFunc(all, func(x Restarts) bool { return x.Count == 0 })
}

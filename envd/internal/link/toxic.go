package link

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Toxic acts on one direction of a proxy's connections. Its JSON is Toxiproxy's.
type Toxic struct {
	Name       string             `json:"name"`
	Type       string             `json:"type"`
	Stream     string             `json:"stream"`     // Upstream or Downstream
	Toxicity   float64            `json:"toxicity"`   // share of the connections that it acts on, 0..1
	Attributes map[string]float64 `json:"attributes"` // all that its type has
}

// Directions of a connection.
const (
	Upstream   = "upstream"   // from the consumer
	Downstream = "downstream" // to the consumer
)

// toxic is a toxic of a proxy.
type toxic struct {
	Toxic
	meter *meter
}

// filter makes what the toxic does to one direction of one connection.
func (t *toxic) filter() filter {
	a := t.Attributes
	switch t.Type {
	case "latency":
		return &latency{base: millis(a["latency"]), jitter: millis(a["jitter"]), median: millis(a["median"]), sigma: a["sigma"]}
	case "bandwidth":
		return &bandwidth{rate: a["rate"] * 1000}
	case "slow_close":
		return slowClose{millis(a["delay"])}
	case "timeout":
		return &timeout{after: millis(a["timeout"])}
	case "reset_peer":
		return &resetPeer{after: millis(a["timeout"])}
	case "slicer":
		return slicer{size: int(a["average_size"]), variation: int(a["size_variation"]), pause: millis(a["delay"] / 1000)}
	default: // limit_data: complete has seen to it that there are no others
		return &limitData{left: int64(a["bytes"])}
	}
}

// lucky draws whether the toxic acts on a connection.
func (t *toxic) lucky() bool { return t.Toxicity >= 1 || rand.Float64() < t.Toxicity }

// attributesOf are the attributes that a type has, nil for a type that there is not.
func attributesOf(kind string) []string {
	switch kind {
	case "latency":
		return []string{"latency", "jitter"}
	case "bandwidth":
		return []string{"rate"}
	case "slow_close":
		return []string{"delay"}
	case "timeout", "reset_peer":
		return []string{"timeout"}
	case "slicer":
		return []string{"average_size", "size_variation", "delay"}
	case "limit_data":
		return []string{"bytes"}
	}
	return nil
}

// complete fills in what Toxiproxy fills in, and refuses what it refuses.
func (t *Toxic) complete() error {
	known := attributesOf(t.Type)
	if known == nil {
		return &problem{400, "invalid toxic type"}
	}
	if t.Stream == "" {
		t.Stream = Downstream
	}
	if t.Stream != Upstream && t.Stream != Downstream {
		return &problem{400, "stream was invalid, can be either upstream or downstream"}
	}
	if t.Name == "" {
		t.Name = t.Type + "_" + t.Stream
	}
	all := map[string]float64{}
	for _, name := range known {
		all[name] = t.Attributes[name]
	}
	if t.Type == "latency" && t.Attributes["median"] > 0 { // beyond Toxiproxy
		all["median"], all["sigma"] = t.Attributes["median"], t.Attributes["sigma"]
	}
	t.Attributes = all
	return nil
}

// readToxic reads a toxic of a request over one that there is.
func readToxic(t Toxic, body json.RawMessage) (Toxic, error) {
	t.Attributes = copyOf(t.Attributes)
	if err := json.Unmarshal(body, &t); err != nil {
		return t, &problem{400, fmt.Sprintf("bad request body: %v", err)}
	}
	return t, t.complete()
}

func copyOf(m map[string]float64) map[string]float64 {
	c := make(map[string]float64, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

func indexOf(toxics []*toxic, name string) int {
	return slices.IndexFunc(toxics, func(t *toxic) bool { return t.Name == name })
}

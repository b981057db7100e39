package report

import (
	"encoding/json"
	"io"
	"time"

	"github.com/envd-dev/envd/envd"
)

// Document is the JSON report.
type Document struct {
	ID       string           `json:"id"`
	Name     string           `json:"name"`
	Outcome  envd.Outcome     `json:"outcome"` // that of the verdict, at the top for scripts
	Artifact envd.Artifact    `json:"artifact"`
	Images   []envd.ImageFact `json:"images,omitempty"` // that services ran from
	Restarts []Restarts       `json:"restarts,omitempty"`
	Runtime  string           `json:"runtime,omitempty"`
	// Guarantee says how far the runtime isolated the environment on that machine.
	Guarantee string       `json:"guarantee,omitempty"`
	Version   string       `json:"version,omitempty"` // of envd
	Dir       string       `json:"dir,omitempty"`     // the run directory
	Started   time.Time    `json:"started"`
	Ended     time.Time    `json:"ended"`
	Used      []*Used      `json:"used,omitempty"` // by services, while the stages ran
	Verdict   envd.Verdict `json:"verdict"`
}

// JSON writes a Document, indented.
func JSON(w io.Writer, r *Run) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(Document{
		ID: r.ID, Name: r.Spec.Name, Outcome: r.Verdict.Outcome, Artifact: r.Spec.Artifact, Images: r.images(), Restarts: r.restarts(), Runtime: r.runtime(), Guarantee: r.guarantee(),
		Version: r.Version, Dir: r.Dir, Started: r.Started.UTC(), Ended: r.Ended.UTC(), Used: r.usage(), Verdict: r.Verdict,
	})
}

package envd

import "context"

// The pull policies of a service's image.
const (
	PullMissing = "missing" // if the engine does not have it
	PullAlways  = "always"  // even if the engine has it; a build pulls its base images
	PullNever   = "never"   // an error if the engine does not have it
)

// Build says how to build an image from a folder of this machine.
type Build struct {
	Context    string           `json:"context"`              // absolute path of the folder
	Dockerfile string           `json:"dockerfile,omitempty"` // relative to Context, or absolute; empty: "Dockerfile"
	Target     string           `json:"target,omitempty"`     // stage to stop at; empty: the last
	Args       map[string]Value `json:"args,omitempty"`

	Inline   string            `json:"inline,omitempty"` // the dockerfile itself, in place of Dockerfile
	Labels   map[string]string `json:"labels,omitempty"`
	Tags     []string          `json:"tags,omitempty"`     // additional names of the image
	NoCache  bool              `json:"no_cache,omitempty"` // build every step anew, and every time
	Pull     bool              `json:"pull,omitempty"`     // fetch base images, and build every time
	Network  string            `json:"network,omitempty"`  // of the build's steps: none, host or default; empty: default
	Hosts    []string          `json:"hosts,omitempty"`    // additional lines of their /etc/hosts, each NAME:ADDRESS
	ShmBytes int64             `json:"shm_bytes,omitempty"`
	Ulimits  map[string]Ulimit `json:"ulimits,omitempty"`
}

// Publish opens a port of a service on this host.
type Publish struct {
	Port     int    `json:"port"`                // of the service
	HostIP   string `json:"host_ip,omitempty"`   // empty: 127.0.0.1
	HostPort int    `json:"host_port,omitempty"` // 0: any free one
}

// ImageFact is which image a service really runs.
type ImageFact struct {
	Service   string `json:"service"`
	Reference string `json:"reference"`        // as in the spec, or the tag of a build
	ID        string `json:"id"`               // digest of the image's configuration: sha256:…
	Digest    string `json:"digest,omitempty"` // name@sha256:… in its registry; empty for what was never in one

	Healthcheck *Healthcheck `json:"healthcheck,omitempty"` // HEALTHCHECK of the image
}

// ImageReporter is a Runtime whose services have images.
type ImageReporter interface {
	// Image returns the image that OpImage prepared for a service, and false if it prepared none.
	Image(ctx context.Context, envID, service string) (ImageFact, bool)
}

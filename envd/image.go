package envd

import "context"

// The pull policies of a service's image.
const (
	PullMissing = "missing" // where the engine lacks it
	PullAlways  = "always"  // whatever the engine has; a build pulls its base images
	PullNever   = "never"   // the engine has it, or the service is refused
)

// Build says how an image is made from a folder of this machine.
type Build struct {
	Context    string           `json:"context"`              // absolute path of the folder
	Dockerfile string           `json:"dockerfile,omitempty"` // relative to Context; "Dockerfile" where empty
	Target     string           `json:"target,omitempty"`     // stage to stop at; the last where empty
	Args       map[string]Value `json:"args,omitempty"`
}

// Publish opens a port of a service on this host.
type Publish struct {
	Port     int    `json:"port"`                // of the service
	HostIP   string `json:"host_ip,omitempty"`   // 127.0.0.1 where empty
	HostPort int    `json:"host_port,omitempty"` // a free one where 0
}

// ImageFact is which image a service really runs.
type ImageFact struct {
	Service   string `json:"service"`
	Reference string `json:"reference"`        // as the spec names it, or as a build was tagged
	ID        string `json:"id"`               // digest of the image's configuration: sha256:…
	Digest    string `json:"digest,omitempty"` // name@sha256:… in its registry; empty for what was never in one
}

// ImageReporter is a Runtime whose services have images.
type ImageReporter interface {
	// Image tells what OpImage prepared for a service; false where it prepared nothing.
	Image(ctx context.Context, envID, service string) (ImageFact, bool)
}

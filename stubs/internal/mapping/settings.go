package mapping

import "github.com/envd-dev/envd/stubs/internal/jsondoc"

// Settings are the global settings of a server: PUT /__admin/settings.
type Settings struct {
	FixedDelay        *int // milliseconds, added to every response without a delay of its own
	DelayDistribution *DelayDistribution
	Extended          *jsondoc.Object
	ProxyPassThrough  bool
}

// DefaultSettings are those of a fresh server.
func DefaultSettings() *Settings { return &Settings{ProxyPassThrough: true} }

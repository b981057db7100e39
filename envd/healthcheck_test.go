package envd_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/envd-dev/envd/envd"
)

func TestHealthcheck(t *testing.T) {
	second := envd.Duration(time.Second)
	image := envd.Healthcheck{Test: []string{"CMD", "check", "-v"}, Interval: 10 * second, Timeout: 2 * second, Retries: 5, StartPeriod: 7 * second}
	own := envd.Healthcheck{Interval: second, StartInterval: second / 10}
	none := envd.Healthcheck{Test: []string{"NONE"}}
	tests := map[string]struct {
		check envd.Healthcheck
		want  envd.Readiness
	}{
		"image's alone": {image, envd.Readiness{Exec: []string{"check", "-v"}, Interval: second / 2, Listen: 3 * second, ProbeTimeout: 2 * second, Timeout: 67 * second}},
		"with its own times": {
			own.Over(image), envd.Readiness{Exec: []string{"check", "-v"}, Interval: second / 10, Listen: second / 10, ProbeTimeout: 2 * second, Timeout: 22 * second},
		},
		"defaults of the engine": {
			envd.Healthcheck{Test: []string{"CMD-SHELL", "a", "|| b"}},
			envd.Readiness{Exec: []string{"/bin/sh", "-c", "a || b"}, Interval: second / 2, Listen: 3 * second, ProbeTimeout: 30 * second, Timeout: 180 * second},
		},
		"disabled over the image's": {
			none.Over(image), envd.Readiness{Interval: second / 2, Listen: 3 * second, ProbeTimeout: 2 * second, Timeout: 67 * second},
		},
	}
	for name, test := range tests {
		assert.Equal(t, test.want, test.check.Readiness(), name)
	}
}

package docker

import "time"

// Name is what specs call this runtime.
const Name = "docker"

// Options configure a Runtime. One Runtime serves one run: the logs of its environment lie in LogDir.
type Options struct {
	// Exe is the envd binary, statically linked, which runs as gateway and helper inside; by default the running
	// executable.
	Exe string

	// LogDir is where each service's output goes, as SERVICE.log. It may be empty if nothing will be started: logs are
	// then read from the engine.
	LogDir string

	// Dir is where relative paths of programs and working directories start.
	Dir string

	// Visible are paths below /tmp that commands see although they have a /tmp of their own.
	Visible []string

	// Redact masks secrets in a line of output; may be nil.
	Redact func([]byte) []byte

	// Run is the run's name on labels; by default the environment's ID.
	Run string

	// WireMockImage is the image from which the real WireMock runs: one with Java and, if WireMockJar is empty, the jar.
	// If it is empty, this machine's Java and jar are used.
	WireMockImage, WireMockJar string

	// Lease is how long objects may stay if it is unknown whether their runner is alive; 24 hours by default.
	Lease time.Duration
}

const defaultLease = 24 * time.Hour

// helperDir is where envd is inside every container.
const (
	helperDir  = "/.envd"
	helperPath = helperDir + "/envd"
)

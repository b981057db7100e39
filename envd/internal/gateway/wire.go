package gateway

import (
	"encoding/json"
	"time"

	"github.com/envd-dev/envd/envd"
)

// EnvironmentConfig claims a gateway (PUT /v1/environment). It is the first request, and is accepted once.
type EnvironmentConfig struct {
	Token  string            `json:"token"`           // to be sent with every later request
	CACert []byte            `json:"ca_cert"`         // PEM
	CAKey  []byte            `json:"ca_key"`          // PEM
	Names  map[string]string `json:"names,omitempty"` // host name → address that DNS answers
}

// StubConfig is one stub (PUT /v1/stubs/{host}).
type StubConfig struct {
	Ports    []int             `json:"ports"`
	TLSPorts []int             `json:"tls_ports"`
	Aliases  []string          `json:"aliases,omitempty"` // other hostnames
	Engine   string            `json:"engine,omitempty"`  // envd.EngineBuiltin or envd.EngineWireMock
	Jar      string            `json:"jar,omitempty"`     // of the real WireMock, as the gateway sees it
	Seed     uint64            `json:"seed,omitempty"`    // makes random draws repeatable; 0: they are not
	Mappings []MappingFile     `json:"mappings"`
	Files    map[string][]byte `json:"files,omitempty"` // response bodies by their name below __files
}

// MappingFile is a mapping document with its name for error messages.
type MappingFile struct {
	Name     string          `json:"name"`
	Document json.RawMessage `json:"document"`
}

// LinkConfig is one link (PUT /v1/links/{consumer -> dependency}).
type LinkConfig struct {
	Ports []int `json:"ports"`          // of the dependency
	Stub  bool  `json:"stub,omitempty"` // the dependency is a stub
}

// FaultConfig is one fault on a stub or a link (PUT …/faults/{id}).
type FaultConfig[F any] struct {
	Fault F             `json:"fault"`
	Lease time.Duration `json:"lease"` // nanoseconds
}

// Served is one request that a stub answered, as the journal streams it (GET /v1/served).
type Served struct {
	Time     time.Time     `json:"time"` // when the request had been read
	Host     string        `json:"host"`
	Method   string        `json:"method"`
	Path     string        `json:"path"`
	Status   int           `json:"status"` // 0: the connection was broken on purpose
	Matched  bool          `json:"matched"`
	Mapping  string        `json:"mapping,omitempty"` // ID of the mapping that answered
	Fault    string        `json:"fault,omitempty"`   // ID of the fault that acted on it
	Duration time.Duration `json:"duration"`          // nanoseconds until the answer was written
}

// Report is a gateway's summary of what happened (GET /v1/report).
type Report struct {
	Stubs      []envd.StubSummary `json:"stubs"`
	Undeclared []envd.Connection  `json:"undeclared"`
	Lost       int64              `json:"lost"` // served requests that the journal stream had to drop
}

// problem is the body of every error.
type problem struct {
	Error string `json:"error"`
}

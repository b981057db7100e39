package mapping

import (
	"time"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// Header is one header of a response definition with its values in order.
type Header struct {
	Name   string
	Values []string
	Single bool // given as a string rather than as an array
}

// BodyKind says which field a response body came from.
type BodyKind uint8

// The kinds of body. When a mapping gives more than one, the first of this order wins; all win over bodyFileName.
const (
	NoBody BodyKind = iota
	TextBody
	JSONBody
	BinaryBody
)

// ResponseDefinition is the response half of a mapping, before templating. It is immutable once its stub is stored.
type ResponseDefinition struct {
	Status                        int // 200 when not given or not positive
	StatusMessage                 string
	BodyKind                      BodyKind
	Body                          []byte // what is served: text as UTF-8, JSON serialised, base64 decoded
	JSON                          any    // the jsondoc value of a JSONBody
	BodyFileName                  string
	Headers                       []Header // nil when not given
	AdditionalProxyRequestHeaders []Header
	RemoveProxyRequestHeaders     []string
	FixedDelayMilliseconds        *int
	DelayDistribution             *DelayDistribution
	ChunkedDribbleDelay           *ChunkedDribbleDelay
	ProxyBaseURL                  string
	ProxyURLPrefixToRemove        string
	Fault                         Fault
	Transformers                  []string
	TransformerParameters         *jsondoc.Object
	FromConfiguredStub            *bool
	// Extension is the block of features that WireMock does not have; nil for a plain WireMock response.
	Extension *ResponseExtension

	// Prepared is whatever the responder compiled from the definition (templates). It is set before the stub becomes
	// visible and never changed afterwards.
	Prepared any

	empty emptied
}

// BodyFromFile reports whether the body is the content of the file called BodyFileName.
func (d *ResponseDefinition) BodyFromFile() bool { return d.BodyFileName != "" && d.BodyKind == NoBody }

// HasTransformer reports whether the definition names the transformer, for example "response-template".
func (d *ResponseDefinition) HasTransformer(name string) bool {
	for _, t := range d.Transformers {
		if t == name {
			return true
		}
	}
	return false
}

// WithoutReason reports whether the status message was given as "": the status line then ends with the code.
func (d *ResponseDefinition) WithoutReason() bool {
	return d.StatusMessage == "" && d.empty.has("statusMessage")
}

// Fault is a way to break the connection instead of answering; empty means none.
type Fault string

// WireMock's faults.
const (
	ConnectionResetByPeer  Fault = "CONNECTION_RESET_BY_PEER"
	EmptyResponse          Fault = "EMPTY_RESPONSE"
	RandomDataThenClose    Fault = "RANDOM_DATA_THEN_CLOSE"
	MalformedResponseChunk Fault = "MALFORMED_RESPONSE_CHUNK"
)

// ChunkedDribbleDelay spreads a body over NumberOfChunks writes within TotalDuration.
type ChunkedDribbleDelay struct {
	NumberOfChunks         int
	TotalDuration          time.Duration
	hasChunks, hasDuration bool
}

// Fails reports whether WireMock fails to send a body so and leaves it out: in no chunks, or in no time.
func (d *ChunkedDribbleDelay) Fails() bool {
	return d.NumberOfChunks == 0 || d.TotalDuration < 0 || d.TotalDuration == 0 && !d.hasDuration
}

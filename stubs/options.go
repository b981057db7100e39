package stubs

import (
	"io/fs"
	"log/slog"
	"time"
)

// Options configure a server. The zero value is an empty server with a bounded journal.
type Options struct {
	// Dir is a directory in WireMock's layout: mappings/ is loaded, response bodies come from __files/, and what the admin
	// API persists is written there. It need not exist. DELETE /__admin/mappings removes the files of the mappings, too.
	Dir string
	// FS is the same from a file system that is only read; changes stay in memory. Dir and FS exclude each other.
	FS fs.FS
	// Mappings are further mappings. They are defaults, as those of the directory are: a reset brings them back.
	Mappings []Source
	// Journal bounds the request journal.
	Journal Journal
	// MaxStubs bounds the stubs that the server holds; further ones are refused. 0 is 100,000, negative no limit.
	MaxStubs int
	// MaxFiles bounds, in bytes, the response bodies that the admin API stores on a server without Dir, and as much the
	// mappings that it persists there; further ones are refused with 413. 0 is 256 MiB, negative no limit.
	MaxFiles int64
	// State bounds what scripts remember between requests.
	State State
	// Strict makes [Server.Close] return what [Server.Verify] does, and the answer to an unmatched request say in its last
	// lines which stub came nearest and why that did not match.
	Strict bool
	// MaxRequestBody bounds request bodies in bytes; larger ones are answered 413. 0 is 64 MiB.
	MaxRequestBody int64
	// Seed makes everything random (delays, shares, fault choices, template randomness, ids) repeat; 0 is really random.
	Seed uint64
	// Clock tells the time for the journal, templates and leases; nil is time.Now.
	Clock func() time.Time
	// OnServed is called after each stubbed request was answered, on the goroutine that served it.
	OnServed func(Served)
	// OnShutdown is called by POST /__admin/shutdown after its answer was sent; nil ignores the request.
	OnShutdown func()
	// Log receives what a stub author should see: bad mapping files, failed webhooks. nil discards.
	Log *slog.Logger
	// Version is what GET /__admin/version tells; "" is the WireMock release whose behaviour is reproduced.
	Version string

	ResponseOptions
}

// Journal bounds a server's memory of the requests that it served.
type Journal struct {
	Disabled bool  // keeps no requests; what asks for them is refused
	Empty    bool  // keeps no requests, and says that there were none
	Entries  int   // most requests kept; 0 is 10,000, negative no limit
	Bytes    int64 // most bytes of requests, responses and sub-events kept; 0 is 16 MiB, negative no limit
	// ResponseBodyLimit cuts the response bodies that the journal keeps; 0 keeps them whole, negative none of them.
	ResponseBodyLimit int
}

// State bounds the keys and values that stubs keep across requests. What was used least recently goes first.
type State struct {
	Sessions int   // most sessions kept; 0 is 10,000, negative no limit
	Bytes    int64 // most bytes of keys and values kept; 0 is 16 MiB, negative no limit
}

// compatibleVersion is the WireMock release whose behaviour is reproduced.
const compatibleVersion = "3.13.2"

const (
	defaultMaxRequestBody = 64 << 20
	defaultMaxStubs       = 100_000
)

package stubs

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/envd-dev/envd/stubs/internal/adminview"
	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

func (c *adminCall) eventValue(e *event.ServeEvent) any {
	return adminview.ServeEvent(e, c.options.Journal.ResponseBodyLimit)
}

// errNoJournal is what WireMock throws where requests are asked for that it does not keep.
var errNoJournal = errors.New("com.github.tomakehurst.wiremock.verification.RequestJournalDisabledException: " +
	"The request journal is disabled, so no verification or request searching operations are available")

// journaled handles what needs the journal: without one it answers as WireMock does, with 500.
func journaled(handle func(*adminCall)) func(*adminCall) {
	return func(c *adminCall) {
		if c.options.Journal.Disabled {
			c.thrown(errNoJournal)
			return
		}
		handle(c)
	}
}

func requestValue(e *event.ServeEvent) any { return adminview.Request(e.Request) }

func (c *adminCall) listRequests() {
	since, ok := c.since()
	if !ok {
		return
	}
	keep, ok := c.requestFilter()
	if !ok {
		return
	}
	all := c.journal.All()
	all = filter(all, keep)
	shown := filter(all, func(e *event.ServeEvent) bool { return since.IsZero() || e.Request.Received.After(since) })
	if n, given, ok := c.count("limit"); !ok {
		return
	} else if given {
		shown = shown[:min(n, len(shown))]
	}
	c.json(http.StatusOK, jsondoc.Make(
		"requests", jsondoc.List(shown, c.eventValue),
		"meta", jsondoc.Make("total", len(all)),
		"requestJournalDisabled", c.options.Journal.Disabled,
	))
}

func filter(events []*event.ServeEvent, keep func(*event.ServeEvent) bool) []*event.ServeEvent {
	out := make([]*event.ServeEvent, 0, len(events))
	for _, e := range events {
		if keep(e) {
			out = append(out, e)
		}
	}
	return out
}

// since reads the parameter of that name, and answers 400 when it is no date. What came before is counted but not shown.
func (c *adminCall) since() (since time.Time, ok bool) {
	q := c.r.URL.Query()
	if !q.Has("since") {
		return since, true
	}
	text := q.Get("since")
	since, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		c.refuse(http.StatusBadRequest, &mapping.Error{Code: 10, Pointer: "since", Title: text + " is not a valid ISO8601 date"})
	}
	return since, err == nil
}

// requestFilter reads the unmatched and matchingStub parameters, and answers 400 when one cannot be read.
func (c *adminCall) requestFilter() (keep func(*event.ServeEvent) bool, ok bool) {
	q := c.r.URL.Query()
	stub := ""
	if q.Has("matchingStub") {
		id, err := uuid.Parse(q.Get("matchingStub"))
		if err != nil {
			c.refuse(http.StatusBadRequest, &mapping.Error{Code: 15, Title: "Query parameter matchingStub value '" + q.Get("matchingStub") + "' is not a valid UUID"})
			return nil, false
		}
		stub = id.String()
	}
	unmatched := q.Get("unmatched") == "true"
	return func(e *event.ServeEvent) bool {
		return (!unmatched || !e.Answered()) &&
			(stub == "" || e.Matched() && e.Stub.ID == stub)
	}, true
}

func (c *adminCall) getRequest() {
	id, ok := c.id()
	if !ok {
		return
	}
	if e := c.journal.Get(id); e != nil {
		c.json(http.StatusOK, c.eventValue(e))
		return
	}
	c.empty(http.StatusNotFound)
}

func (c *adminCall) deleteRequest() {
	id, ok := c.id()
	if !ok {
		return
	}
	c.journal.Remove(func(e *event.ServeEvent) bool { return e.Request.ID == id })
	c.done()
}

func (c *adminCall) clearRequests() {
	c.journal.Clear()
	c.done()
}

// matching reads the body as a request pattern and makes the test for it.
func (c *adminCall) matching() (fits func(*event.ServeEvent) bool, ok bool) {
	if c.isNull() && len(c.journal.All()) > 0 {
		c.fail(nullRequestPattern)
		return nil, false
	}
	p, err := mapping.ParseRequest(c.body)
	if err != nil {
		c.invalid(err)
		return nil, false
	}
	if err := asking(p, c.journal.All(), match.Fitting); err != nil {
		c.thrown(err)
		return nil, false
	}
	return func(e *event.ServeEvent) bool {
		v := requestmatch.NewView(e.Request)
		return requestmatch.Exact(p, &v)
	}, true
}

func (c *adminCall) countRequests() {
	fits, ok := c.matching()
	if !ok {
		return
	}
	count := len(filter(c.journal.All(), fits))
	if c.options.Journal.Disabled {
		count = -1
	}
	c.json(http.StatusOK, jsondoc.Make("count", count, "requestJournalDisabled", c.options.Journal.Disabled))
}

func (c *adminCall) findRequests() {
	if fits, ok := c.matching(); ok {
		found := filter(c.journal.All(), fits)
		slices.Reverse(found) // oldest first
		c.showRequests(found)
	}
}

func (c *adminCall) showRequests(events []*event.ServeEvent) {
	c.json(http.StatusOK, jsondoc.Make("requests", jsondoc.List(events, requestValue), "requestJournalDisabled", c.options.Journal.Disabled))
}

func unmatchedEvent(e *event.ServeEvent) bool { return !e.Answered() }

func (c *adminCall) listUnmatchedRequests() { c.showRequests(filter(c.journal.All(), unmatchedEvent)) }

func (c *adminCall) removeRequests() {
	if fits, ok := c.matching(); ok {
		c.showRemoved(c.journal.Remove(fits))
	}
}

func (c *adminCall) removeRequestsByMetadata() {
	if c.isNull() {
		if len(c.journal.All()) > 0 {
			c.fail(againstNull)
			return
		}
		c.showRemoved(nil)
		return
	}
	if p, ok := c.pattern(); ok {
		c.showRemoved(c.journal.Remove(func(e *event.ServeEvent) bool {
			if !e.Matched() {
				return metadataMatches(p, nil)
			}
			return metadataMatches(p, e.Stub.Metadata)
		}))
	}
}

func (c *adminCall) showRemoved(events []*event.ServeEvent) {
	c.json(http.StatusOK, jsondoc.Make("serveEvents", jsondoc.List(events, c.eventValue)))
}

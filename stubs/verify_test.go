package stubs_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
)

func TestVerify(t *testing.T) {
	s, err := stubs.New(stubs.Options{
		FS:       fstest.MapFS{"mappings/orders.json": {Data: []byte(`{"request":{"method":"POST","urlPath":"/orders","headers":{"Accept":{"equalTo":"json"}}}}`)}},
		Mappings: []stubs.Source{{Name: "pay.yaml", Document: []byte("name: pay\nrequest: {urlPath: /pay}\n")}},
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close(), "only strict servers fail when closed") })
	send(s, "GET", "/pay", "")
	send(s, "POST", "/orders", "", "Accept", "json")
	require.NoError(t, s.Verify())

	send(s, "POST", "/__admin/mappings", `{"name":"spare","request":{"url":"/spare"}}`)
	send(s, "PUT", "/orders?x=1", "", "Accept", "xml")
	send(s, "PUT", "/orders?x=1", "", "Accept", "xml")
	err = s.Verify()
	require.ErrorIs(t, err, stubs.ErrUnused)
	require.ErrorIs(t, err, stubs.ErrUnmatched)
	lines := strings.Split(err.Error(), "\n")
	require.Len(t, lines, 2)
	assert.Equal(t, "stub was not used: spare", lines[0])
	assert.Equal(t, `no stub matched: PUT /orders?x=1 (2 times); nearest is POST /orders (orders.json): HTTP method does not match: wanted "POST", got "PUT"; Header does not match: wanted "Accept: json", got "Accept: xml"`, lines[1])
}

func TestNearest(t *testing.T) {
	s := newServer(t, stubs.Options{}, `{"name":"cart","request":{"urlPath":"/cart"},"envd":{"session":{"header":"C"},"when":{"cart":{"equalTo":"full"}}}}`,
		`{"name":"once","request":{"urlPath":"/once"},"envd":{"sequence":[{}],"then":"stop"}}`)
	page := send(s, "GET", "/cart", "", "C", "1").body
	assert.Contains(t, page, "Nearest stub: cart (inline)\n  - state cart is \"\", not equalTo full\n", "the page's columns cannot show it")
	bodies(s, 2, "/once")
	unmatched := s.Unmatched()
	require.Len(t, unmatched, 2)
	near, ok := s.Nearest(unmatched[1])
	require.True(t, ok)
	assert.Equal(t, "once", near.Stub.Name)
	assert.Zero(t, near.Distance)
	assert.Equal(t, []string{"its sequence of 1 responses has ended"}, near.Reasons)
	_, ok = s.Nearest(stubs.UnmatchedRequest{})
	assert.False(t, ok)
	_, ok = newServer(t, stubs.Options{}).Nearest(unmatched[0])
	assert.False(t, ok, "no stubs at all")
}

func TestStrictServers(t *testing.T) {
	s, err := stubs.New(stubs.Options{Strict: true, Mappings: []stubs.Source{{Name: "m.json", Document: []byte(`{"request":{"method":"POST","url":"/x"}}`)}}})
	require.NoError(t, err)
	require.NoError(t, s.Start())
	page := send(s, "GET", "/x", "")
	assert.Equal(t, 404, page.status)
	assert.True(t, strings.HasSuffix(page.body, "\nNearest stub: POST /x (m.json)\n  - HTTP method does not match: wanted \"POST\", got \"GET\"\n"), page.body)
	err = s.Close()
	require.ErrorIs(t, err, stubs.ErrUnused)
	require.ErrorIs(t, err, stubs.ErrUnmatched)
}

func TestVerifyTellsOfRequestsThatTheJournalForgot(t *testing.T) {
	s := newServer(t, stubs.Options{Journal: stubs.Journal{Entries: 1}}, `{"request":{"url":"/x"}}`)
	send(s, "GET", "/x", "")
	send(s, "GET", "/1", "")
	send(s, "GET", "/2", "")
	err := s.Verify()
	require.ErrorIs(t, err, stubs.ErrUnmatched)
	assert.Contains(t, err.Error(), "GET /2")
	assert.Contains(t, err.Error(), "2 requests in all")
}

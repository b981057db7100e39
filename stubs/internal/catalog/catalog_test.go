package catalog

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/mapping"
)

func stub(t testing.TB, doc string) *mapping.StubMapping {
	t.Helper()
	m, err := mapping.Parse([]byte(doc))
	require.NoError(t, err, doc)
	if m.ID == "" {
		m.ID = doc
	}
	return m
}

func names(t *testing.T, c *Catalog, url, path string) []string {
	t.Helper()
	var out []string
	candidates := c.Candidates(url, path)
	for s := candidates.Next(); s != nil; s = candidates.Next() {
		out = append(out, s.Name)
	}
	return out
}

func TestCandidatesAreThoseThatTheURLLeavesInOrder(t *testing.T) {
	var c Catalog
	for _, doc := range []string{
		`{"name":"any"}`,
		`{"name":"url","request":{"url":"/a?x=1"}}`,
		`{"name":"path","request":{"urlPath":"/a"}}`,
		`{"name":"first","priority":1,"request":{"urlPathPattern":"/a.*"}}`,
		`{"name":"regex","request":{"urlPattern":"/a\\?x=.*"}}`,
		`{"name":"template","request":{"urlPathTemplate":"/a/{id}"}}`,
		`{"name":"elsewhere","request":{"urlPathPattern":"/b.*"}}`,
		`{"name":"open","request":{"urlPattern":"(/a|/b).*"}}`,
		`{"name":"last","priority":9,"request":{"urlPath":"/a"}}`,
	} {
		c.Put(stub(t, doc))
	}
	assert.Equal(t, []string{"first", "open", "regex", "path", "url", "any", "last"}, names(t, &c, "/a?x=1", "/a"))
	assert.Equal(t, []string{"first", "open", "template", "any"}, names(t, &c, "/a/7", "/a/7"))
	assert.Equal(t, []string{"open", "elsewhere", "any"}, names(t, &c, "/b", "/b"))
}

func TestEditKeepsThePlaceAndRemoveLeavesTheOthers(t *testing.T) {
	var c Catalog
	for i := range 4 {
		c.Put(stub(t, fmt.Sprintf(`{"id":"11111111-1111-4111-8111-11111111111%d","name":"%d","request":{"urlPath":"/x"}}`, i, i)))
	}
	c.Put(stub(t, `{"id":"11111111-1111-4111-8111-111111111112","name":"edited","request":{"urlPathPattern":"/.*"}}`))
	assert.Equal(t, []string{"3", "edited", "1", "0"}, names(t, &c, "/x", "/x"))
	_, ok := c.Remove("11111111-1111-4111-8111-111111111111")
	assert.True(t, ok)
	_, ok = c.Remove("11111111-1111-4111-8111-111111111111")
	assert.False(t, ok)
	assert.Equal(t, []string{"3", "edited", "0"}, names(t, &c, "/x", "/x"))
	assert.Equal(t, []string{"edited"}, names(t, &c, "/y", "/y"))
	assert.Len(t, c.All(), 3)
}

// Whatever is put and removed in whatever way, the index finds the stubs that a look at all of them finds.
func TestIndexAgreesWithAScan(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	fields := []string{`"url":"/%d"`, `"urlPath":"/%d"`, `"urlPathPattern":"/%d.*"`, `"urlPattern":"/%d\\?.*"`, `"urlPathTemplate":"/%d/{x}"`, `"method":"P%d"`}
	var c Catalog
	for step := range 400 {
		id := rnd.IntN(40)
		doc := fmt.Sprintf(`{"id":"11111111-1111-4111-8111-1111111111%02d","name":"%d","priority":%d,"request":{%s}}`,
			id, id, rnd.IntN(3), fmt.Sprintf(fields[rnd.IntN(len(fields))], rnd.IntN(5)))
		switch m := stub(t, doc); rnd.IntN(4) {
		case 0:
			c.Remove(m.ID)
		case 1:
			c.PutAll([]*mapping.StubMapping{m})
		default:
			c.Put(m)
		}
		url := []string{"/1", "/2?x=1", "/3/y"}[step%3]
		path, _, _ := cut(url)
		var want []string
		for _, s := range c.All() {
			if mayFit(s, url, path) {
				want = append(want, s.Name)
			}
		}
		require.Equal(t, want, names(t, &c, url, path), "step %d", step)
	}
}

func cut(url string) (path, query string, ok bool) {
	for i := range url {
		if url[i] == '?' {
			return url[:i], url[i+1:], true
		}
	}
	return url, "", false
}

func mayFit(s *Stub, url, path string) bool {
	switch u := &s.Request.URL; u.Kind {
	case mapping.URLEqual:
		return u.Expected == url
	case mapping.PathEqual:
		return u.Expected == path
	default:
		p := prefix(u)
		return len(p) <= len(url) && url[:len(p)] == p
	}
}

func TestScenariosLiveAsLongAsTheirStubs(t *testing.T) {
	var c Catalog
	one := stub(t, `{"id":"11111111-1111-4111-8111-111111111111","scenarioName":"s","requiredScenarioState":"Started","newScenarioState":"next"}`)
	two := stub(t, `{"id":"11111111-1111-4111-8111-111111111112","scenarioName":"s","requiredScenarioState":"next"}`)
	s := c.Put(one).Scenario
	c.Put(two)
	assert.ElementsMatch(t, []string{"Started", "next"}, s.PossibleStates())
	assert.False(t, s.Serve(two))
	assert.True(t, s.Serve(one))
	assert.Equal(t, "next", s.State())
	require.ErrorIs(t, c.Scenarios.Set("s", "other"), ErrNoState)
	require.ErrorIs(t, c.Scenarios.Set("none", "next"), ErrNoScenario)
	require.NoError(t, c.Scenarios.Set("s", "Started"))
	c.Remove(one.ID)
	assert.Len(t, c.Scenarios.All(), 1)
	assert.Equal(t, []string{"next"}, s.PossibleStates(), "Started is one like any other")
	require.NoError(t, c.Scenarios.Set("s", "next"))
	require.ErrorIs(t, c.Scenarios.Set("s", "Started"), ErrNoState)
	require.NoError(t, c.Scenarios.ResetOne("s"))
	assert.Equal(t, "Started", s.State())
	require.ErrorIs(t, c.Scenarios.ResetOne("none"), ErrNoScenario)
	c.Replace(nil)
	assert.Empty(t, c.Scenarios.All())
}

// As WireMock has it, an empty text is a name like any other, of scenarios and of their states.
func TestScenariosAndStatesMayBeNamedByAnEmptyText(t *testing.T) {
	var c Catalog
	leaving := stub(t, `{"id":"11111111-1111-4111-8111-111111111111","scenarioName":"","requiredScenarioState":"Started","newScenarioState":""}`)
	waiting := stub(t, `{"id":"11111111-1111-4111-8111-111111111112","scenarioName":"","requiredScenarioState":""}`)
	s := c.Put(leaving).Scenario
	c.Put(waiting)
	require.NotNil(t, s)
	assert.Equal(t, []string{"", "Started"}, s.PossibleStates())
	assert.False(t, s.Serve(waiting))
	assert.True(t, s.Serve(leaving))
	assert.True(t, s.Serve(waiting))
	require.NoError(t, c.Scenarios.Set("", ""))
	assert.Nil(t, c.Put(stub(t, `{"id":"11111111-1111-4111-8111-111111111113","requiredScenarioState":"two"}`)).Scenario, "without a name there is no scenario")
}

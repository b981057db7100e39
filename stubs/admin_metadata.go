package stubs

import (
	"encoding/json"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/catalog"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
)

func (c *adminCall) findMappingsByMetadata() {
	if c.isNull() {
		c.nullPattern()
		return
	}
	if p, ok := c.pattern(); ok {
		found := c.withMetadata(p)
		c.showMappings(found, len(found))
	}
}

// againstNull is what WireMock runs into where it compares anything with null.
const againstNull = `Cannot invoke "com.github.tomakehurst.wiremock.matching.StringValuePattern.match(String)" because "pattern" is null`

// nullPattern answers a search for null, which WireMock runs into at the first mapping.
func (c *adminCall) nullPattern() {
	if len(c.catalog.All()) > 0 {
		c.fail(againstNull)
		return
	}
	c.showMappings(nil, 0)
}

func (c *adminCall) removeMappingsByMetadata() {
	if c.isNull() {
		if len(c.catalog.All()) > 0 {
			c.fail(againstNull)
			return
		}
		c.done()
		return
	}
	p, ok := c.pattern()
	if !ok {
		return
	}
	for _, s := range c.withMetadata(p) {
		c.remove(s.ID)
	}
	c.done()
}

// pattern reads the body as a value pattern.
func (c *adminCall) pattern() (match.Pattern, bool) {
	if _, err := mapping.Decode(c.body); err != nil {
		c.invalid(err)
		return nil, false
	}
	p, err := match.Parse(json.RawMessage(c.body), "", match.StringValue)
	if err != nil {
		e := mapping.AsError(err, "/")
		if strings.HasPrefix(e.Detail, "No enum constant") { // which WireMock does not expect here
			c.fail(e.Detail)
			return nil, false
		}
		c.invalid(e)
		return nil, false
	}
	return p, true
}

func (c *adminCall) withMetadata(p match.Pattern) []*catalog.Stub {
	var out []*catalog.Stub
	for _, s := range c.catalog.All() {
		if metadataMatches(p, s.Metadata) {
			out = append(out, s)
		}
	}
	return out
}

func metadataMatches(p match.Pattern, metadata *jsondoc.Object) bool {
	if metadata == nil {
		return p.Exact(match.Text("null"))
	}
	return p.Exact(match.Text(jsondoc.Pretty(metadata)))
}

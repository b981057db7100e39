package envd

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSeriesSelects(t *testing.T) {
	all := Series{Name: "requests_total"}
	some := Series{Name: "requests_total", Labels: map[string]string{"code": "500", "path": `/a "b"\,c=}`}}
	assert.Equal(t, "requests_total", all.String())
	assert.Equal(t, `requests_total{code="500",path="/a \"b\"\\,c=}"}`, some.String())
	for name, want := range map[string][3]bool{ // has the name, is one of all, is one of some
		"requests_total":             {true, true, false},
		`requests_total{code="500"}`: {true, true, false},
		some.String():                {true, true, true},
		`requests_total{a="x",code="500",path="/a \"b\"\\,c=}",z="1"}`: {true, true, true},
		`requests_total{code="200",path="/a \"b\"\\,c=}"}`:             {true, true, false},
		`requests_total{x="code=\"500\",path="}`:                       {true, true, false},
		`requests_total{code=500}`:                                     {true, true, false},
		`requests_total{`:                                              {true, true, false},
		"requests_total_count":                                         {},
		"my_requests_total":                                            {},
		"":                                                             {},
	} {
		assert.Equal(t, want, [3]bool{all.Names(name), all.Selects(name), some.Selects(name)}, name)
	}
}

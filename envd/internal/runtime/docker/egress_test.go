package docker

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

func TestWaysOf(t *testing.T) {
	ways, err := waysOf(&envd.Environment{Egress: []string{"api.example.org:443", "192.0.2.7:5432", "api.example.org:80", "mail.example.org:25"}})
	require.NoError(t, err)
	var text []string
	for _, w := range ways {
		text = append(text, w.String())
		again, err := parseWay(w.String())
		require.NoError(t, err)
		assert.Equal(t, w, again)
	}
	assert.Equal(t, []string{
		"198.18.0.1:443=api.example.org:443", "192.0.2.7:5432=192.0.2.7:5432", "198.18.0.1:80=api.example.org:80", "198.18.0.2:25=mail.example.org:25",
	}, text)
	e := &environment{ways: ways}
	assert.Equal(t, []string{"api.example.org:198.18.0.1", "mail.example.org:198.18.0.2"}, e.wayHosts(), "addresses need no name")

	for _, destination := range []string{"localhost:80", "127.0.0.1:80", "[2001:db8::1]:80"} {
		_, err := waysOf(&envd.Environment{Egress: []string{destination}})
		assert.ErrorIs(t, err, envd.ErrUnsupported, destination)
		assert.ErrorContains(t, err, destination)
	}
	_, err = parseWay("nonsense")
	assert.Error(t, err)
}

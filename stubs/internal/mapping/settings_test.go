package mapping

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

func TestParseSettings(t *testing.T) {
	for in, want := range map[string]string{
		`{"fixedDelay":"7"}`:                     `{"fixedDelay":7,"proxyPassThrough":false}`,
		`{"fixedDelay":1.5,"extended":{"a":1}}`:  `{"fixedDelay":1,"extended":{"a":1},"proxyPassThrough":false}`,
		`{"settings":{"proxyPassThrough":true}}`: `{"proxyPassThrough":true}`,
		`{}`:                                     `{"proxyPassThrough":false}`,
	} {
		s, err := ParseSettings([]byte(in))
		require.NoError(t, err, in)
		assert.Equal(t, want, jsondoc.Compact(s.Value()), in)
		assert.False(t, s.None, in)
	}
	for _, none := range []string{"null", `{"settings":null}`} {
		s, err := ParseSettings([]byte(none))
		require.NoError(t, err, none)
		assert.True(t, s.None, none)
	}
	// What cannot be read as settings is taken for an answer to GET.
	const unknown = `(class com.github.tomakehurst.wiremock.admin.model.GetGlobalSettingsResult), not marked as ignorable`
	for in, want := range map[string]string{
		`{"fixedDelay":"x"}`:                     `/fixedDelay: Unrecognized field "fixedDelay" ` + unknown,
		`{"fixedDelay":1,"nope":1}`:              `/fixedDelay: Unrecognized field "fixedDelay" ` + unknown,
		`{"settings":{"fixedDelay":"x"}}`:        `/settings/fixedDelay: Cannot deserialize value of type ` + "`java.lang.Integer`" + ` from String "x": not a valid ` + "`java.lang.Integer`" + ` value`,
		`{"settings":{"settings":{}}}`:           `/settings/settings: Unrecognized field "settings" (class com.github.tomakehurst.wiremock.global.GlobalSettings), not marked as ignorable`,
		`{"settings":{"proxyPassThrough":"no"}}`: `/settings/proxyPassThrough: Cannot deserialize value of type ` + "`boolean`" + ` from String "no": only "true"/"True"/"TRUE" or "false"/"False"/"FALSE" recognized`,
		`99999999999`:                            "no long/Long-argument constructor/factory method to deserialize from Number value (99999999999)",
		`" "`:                                    `Cannot coerce empty String ("") to ` + "`com.github.tomakehurst.wiremock.admin.model.GetGlobalSettingsResult` value",
	} {
		_, err := ParseSettings([]byte(in))
		assert.ErrorContains(t, err, want, in)
	}
}

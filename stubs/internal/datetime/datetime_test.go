package datetime

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The expectations of this file were taken from java.time 17.

func TestFormat(t *testing.T) {
	sydney, err := time.LoadLocation("Australia/Sydney")
	require.NoError(t, err)
	at := time.Date(2018, 5, 5, 15, 1, 2, 345e6, time.UTC)
	for pattern, want := range map[string]string{
		"y yy yyyy yyyyy u Y": "2018 18 2018 02018 2018 2018", "M MM MMM MMMM MMMMM": "5 05 May May M", "d dd D DDD": "5 05 125 125",
		"Q QQ QQQ QQQQ": "2 02 Q2 2nd quarter", "w ww W F": "18 18 1 5", "E EEE EEEE EEEEE e ee c": "Sat Sat Saturday S 7 07 7",
		"a B h hh H k K": "PM in the afternoon 3 03 15 15 3", "m mm s ss S SSS SSSSSS": "1 01 2 02 3 345 345000",
		"A n N": "54062345 345000000 54062345000000", "z zzzz O OOOO": "UTC Coordinated Universal Time GMT GMT",
		"X XX XXX x xx xxx": "Z Z Z +00 +0000 +00:00", "Z ZZZZ ZZZZZ": "+0000 GMT Z", "G GGGG GGGGG g": "AD Anno Domini A 58243",
		"yyyy'T'HH '' 'it''s' ppd [HH]": "2018T15 ' it's  5 15",
	} {
		f, err := Compile(pattern)
		require.NoError(t, err, pattern)
		got, err := f.Format(at)
		require.NoError(t, err)
		assert.Equal(t, want, got, pattern)
	}
	f, err := Compile("HH:mm VV z zzzz O X x Z XXX ZZZZ B")
	require.NoError(t, err)
	got, err := f.Format(at.In(sydney))
	require.NoError(t, err)
	assert.Equal(t, "01:01 Australia/Sydney AEST Australian Eastern Standard Time GMT+10 +10 +10 +1000 +10:00 GMT+10:00 at night", got)
	f, err = Compile("z O X x")
	require.NoError(t, err)
	got, err = f.Format(at.In(time.FixedZone("", 19800)))
	require.NoError(t, err)
	assert.Equal(t, "GMT+05:30 GMT+5:30 +0530 +0530", got)
}

func TestCompileErrors(t *testing.T) {
	for pattern, want := range map[string]string{
		"V": "Pattern letter count must be 2: V", "MMMMMM": "Too many pattern letters: M", "ddd": "Too many pattern letters: d",
		"DDDD": "Too many pattern letters: D", "'abc": "Pattern ends with an incomplete string literal: 'abc",
		"a{b": "Pattern includes reserved character: '{'", "]": "Pattern invalid as it contains ] without previous [",
		"OO": "Pattern letter count must be 1 or 4: O", "p": "Pad letter 'p' must be followed by valid pad pattern: p",
		"J": "Unknown pattern letter: J",
	} {
		_, err := Compile(pattern)
		require.EqualError(t, err, want)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ pattern, text, want string }{ // want "" for a text that does not parse
		{"d/M/yyyy", "5/6/2018", "2018-06-05T00:00:00Z"}, {"dd/MM/yyyy", "5/6/2018", ""}, {"d/M/yy", "5/6/18", "2018-06-05T00:00:00Z"},
		{"yyyy-MM-dd h:mm a", "2018-06-05 3:04 PM", "2018-06-05T15:04:00Z"}, {"yyyy-MM-dd h:mm a", "2018-06-05 3:04 pm", ""},
		{"yyyy-MM-dd hh a", "2018-06-05 12 AM", "2018-06-05T00:00:00Z"}, {"yyyy-MM-dd hh a", "2018-06-05 13 AM", ""},
		{"dd MMM yyyy", "05 Jun 2018", "2018-06-05T00:00:00Z"}, {"dd MMM yyyy", "05 jun 2018", ""},
		{"EEE dd MMMM yyyy", "Tue 05 June 2018", "2018-06-05T00:00:00Z"}, {"EEE dd MMMM yyyy", "Mon 05 June 2018", ""},
		{"yyyyMMdd", "20180605", "2018-06-05T00:00:00Z"}, {"yyyyMMdd'T'HHmmssX", "20180605T101112Z", "2018-06-05T10:11:12Z"},
		{"yyyy-MM-dd", "2018-02-30", "2018-02-28T00:00:00Z"}, {"yyyy-MM-dd", "2018-13-01", ""}, {"yyyy-MM-dd", "18-06-05", ""},
		{"yyyy-MM-dd", "2018-06-05 ", ""}, {"yyyy-MM-dd", "+12018-06-05", "12018-06-05T00:00:00Z"}, {"yyyy-MM-dd", "12018-06-05", ""},
		{"yyyy-MM-dd'T'HH:mm:ss.SSS", "2018-06-05T10:11:12.123", "2018-06-05T10:11:12.123Z"},
		{"yyyy-MM-dd'T'HH:mm:ss.SSS", "2018-06-05T10:11:12.1", ""}, {"yyyy-DDD", "2018-156", "2018-06-05T00:00:00Z"},
		{"yyyy-MM-dd HH:mm", "2018-06-05 24:00", "2018-06-06T00:00:00Z"}, {"yyyy-MM-dd HH:mm", "2018-06-05 25:00", ""},
		{"yyyy-MM-dd HH:mm z", "2018-06-05 10:11 UTC", "2018-06-05T10:11:00Z"}, {"yyyy-MM-dd HH:mm z", "2018-06-05 10:11 EST", "2018-06-05T10:11:00-04:00"},
		{"yyyy-MM-dd HH:mm z", "2018-06-05 10:11 PT", "2018-06-05T10:11:00-07:00"},
		{"yyyy-MM-dd HH:mm VV", "2018-06-05 10:11 Australia/Sydney", "2018-06-05T10:11:00+10:00"},
		{"yyyy-MM-dd HH:mm O", "2018-06-05 10:11 GMT+2", "2018-06-05T10:11:00+02:00"}, {"yyyy-MM-dd HH:mmZ", "2018-06-05 10:11+0200", "2018-06-05T10:11:00+02:00"},
		{"yyyy-MM-dd HH:mmXXX", "2018-06-05 10:11+02:00", "2018-06-05T10:11:00+02:00"}, {"yyyy-MM-dd[ HH:mm]", "2018-06-05", "2018-06-05T00:00:00Z"},
		{"yyyy-MM-dd[ HH:mm]", "2018-06-05 10:11", "2018-06-05T10:11:00Z"}, {"yyyy MM", "2018 05", "2018-05-01T00:00:00Z"},
		{"yyyy", "2018", "2018-01-01T00:00:00Z"}, {"yyyy QQQ", "2018 Q2", "2018-01-01T00:00:00Z"}, {"yyyy", "", ""},
	} {
		f, err := Compile(c.pattern)
		require.NoError(t, err, c.pattern)
		got, err := f.Parse(c.text)
		if c.want == "" {
			require.ErrorIs(t, err, ErrUnparsable, "%s as %s", c.text, c.pattern)
			continue
		}
		require.NoError(t, err, "%s as %s", c.text, c.pattern)
		assert.Equal(t, c.want, got.Format(time.RFC3339Nano), "%s as %s", c.text, c.pattern)
	}
	f, err := Compile("HH:mm")
	require.NoError(t, err)
	_, err = f.Parse("10:11")
	var incomplete *IncompleteError
	require.ErrorAs(t, err, &incomplete)
	assert.EqualError(t, err, "Unable to obtain LocalDateTime from TemporalAccessor: {},ISO resolved to 10:11 of type java.time.format.Parsed")
}

func TestParseZoned(t *testing.T) {
	for text, want := range map[string]string{
		"2018-05-05T10:11:12Z": "2018-05-05T10:11:12Z", "2018-05-05T10:11:12.345+02:00": "2018-05-05T10:11:12.345+02:00", "2018-05-05T10:11Z": "2018-05-05T10:11:00Z",
		"2018-05-05T10:11:12+10:00[Australia/Sydney]": "2018-05-05T10:11:12+10:00", "Sat, 05 May 2018 10:11:12 GMT": "2018-05-05T10:11:12Z",
		"Saturday, 05-May-18 10:11:12 GMT": "2018-05-05T10:11:12Z", "Sat May  5 10:11:12 2018": "2018-05-05T10:11:12Z",
		"2018-05-05T10:11:12": "", "2018-05-05": "", "garbage": "",
	} {
		got, err := ParseZoned(text)
		if want == "" {
			require.ErrorIs(t, err, ErrUnparsable, text)
			continue
		}
		require.NoError(t, err, text)
		assert.Equal(t, want, got.Format(time.RFC3339Nano), text)
	}
}

func TestOffset(t *testing.T) {
	at := time.Date(2018, 5, 31, 10, 11, 12, 0, time.UTC)
	for text, want := range map[string]string{
		"3 days": "2018-06-03T10:11:12Z", "-1 months": "2018-04-30T10:11:12Z", "1 MONTHS": "2018-06-30T10:11:12Z", "1 years": "2019-05-31T10:11:12Z",
		"-90 minutes": "2018-05-31T08:41:12Z", "now +5 hours": "2018-05-31T15:11:12Z", "10 seconds": "2018-05-31T10:11:22Z", "now": "2018-05-31T10:11:12Z",
	} {
		o, err := ParseOffset(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, o.Shift(at).Format(time.RFC3339), text)
	}
	for text, want := range map[string]string{
		"3": ErrOffsetForm.Error(), "a b c d": ErrOffsetForm.Error(), "x days": `For input string: "x"`,
		"3 weeks": "No enum constant com.github.tomakehurst.wiremock.common.DateTimeUnit.WEEKS",
	} {
		_, err := ParseOffset(text)
		require.EqualError(t, err, want)
	}
}

func TestTruncate(t *testing.T) {
	at := time.Date(2018, 5, 5, 10, 11, 12, 13, time.FixedZone("", 36000))
	for name, want := range map[string]string{
		"first second of minute": "2018-05-05T10:11:00+10:00", "first minute of hour": "2018-05-05T10:00:00+10:00", "FIRST_HOUR_OF_DAY": "2018-05-05T00:00:00+10:00",
		"first day of month": "2018-05-01T00:00:00+10:00", "first day of next month": "2018-06-01T00:00:00+10:00", "last day of month": "2018-05-31T00:00:00+10:00",
		"first day of year": "2018-01-01T00:00:00+10:00", "first day of next year": "2019-01-01T00:00:00+10:00", "last day of year": "2018-12-31T00:00:00+10:00",
	} {
		tr, err := ParseTruncation(name)
		require.NoError(t, err)
		assert.Equal(t, want, Truncate(at, tr).Format(time.RFC3339), name)
	}
	_, err := ParseTruncation("foo bar")
	require.EqualError(t, err, "No enum constant com.github.tomakehurst.wiremock.common.DateTimeTruncation.FOO_BAR")
}

func FuzzParse(f *testing.F) {
	for _, seed := range [][2]string{{"yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2018-06-05T10:11:12.123+02:00"}, {"yyyyMMdd", "20180605"}, {"[[H]]z", "1UTC"},
		{"O", "GMT+"}, {"yyyyyyyyyyyyyyyyyyyyDD", "1"}, {"d VV", "1 Etc/"}, {"A", "99999999999999999999"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		compiled, err := Compile(pattern)
		if err != nil {
			return
		}
		if parsed, err := compiled.Parse(text); err == nil {
			_, err = compiled.Format(parsed.Time)
			require.NoError(t, err)
		}
	})
}

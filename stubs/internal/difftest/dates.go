package difftest

import "fmt"

var dates = []string{
	"2021-06-14T12:13:14Z", "2021-06-14T14:13:14+02:00", "2021-06-14T12:13:14", "2021-06-14T12:13:14.123Z", "2021-06-14", "2021-06",
	"2021", "Mon, 14 Jun 2021 12:13:14 GMT", "2021-06-14T12:13:14+02:00[Europe/Paris]", "14/06/2021", "2021-06-15T00:00:00Z",
	"1623672794", "1623672794000", "2020-02-30", "2021-13-01", "Monday, 14-Jun-21 12:13:14 GMT", "Mon Jun 14 12:13:14 2021",
	"2121-06-14T12:13:14Z", "1921-06-14T12:13:14Z", "20210614", "14 June 2021", "nonsense", "2021-06-30T23:59:59Z", "2021-07-01T00:00:00Z",
	"2021-01-01T00:00:00Z", "2022-01-01T00:00:00Z", "2021-06-14T12:13Z", "2021-06-14T12:13", "2021-06-01T00:00:00",
}

var truncations = []string{
	"first second of minute", "first minute of hour", "first hour of day", "first day of month", "first day of next month", "last day of month",
	"first day of year", "first day of next year", "last day of year", "FIRST_DAY_OF_MONTH", "nope",
}

// formatted are date formats, each with a text of it.
var formatted = [][2]string{
	{"dd/MM/yyyy", "14/06/2021"}, {"yyyyMMdd", "20210614"}, {"d MMMM yyyy", "14 June 2021"}, {"yyyy-MM-dd'T'HH:mm:ssX", "2021-06-14T12:13:14Z"},
	{"unix", "1623672794"}, {"epoch", "1623672794000"}, {"yyyy-MM", "2021-06"}, {"yyyy", "2021"}, {"foo", "x"},
	{"dd MMM yyyy HH:mm z", "14 Jun 2021 12:13 GMT"}, {"EEE, d MMM yyyy", "Mon, 14 Jun 2021"}, {"HH:mm", "12:13"}, {"uuuu-MM-dd hh:mm a", "2021-06-14 01:13 PM"},
	{"yyyy-MM-dd HH:mm:ss.SSS", "2021-06-14 12:13:14.123"}, {"yyyy-MM-dd'T'HH:mm:ssXXX", "2021-06-14T12:13:14+02:00"}, {"yyyy-DDD", "2021-165"},
}

func (g *Generator) dateTime(int) pattern {
	operator := pick(g, "before", "after", "equalToDateTime")
	p := map[string]any{operator: pick(g, dates...)}
	switch {
	case g.sometimes(3): // far enough from now that the two servers agree
		p[operator] = pick(g, "now +3 days", "-5 years", "now -1 months", "2 hours", "now", "now -30 seconds", "+90 minutes")
		if operator == "equalToDateTime" {
			p["truncateExpected"] = pick(g, "first day of year", "first day of next year", "last day of year")
			if g.sometimes(3) {
				p["applyTruncationLast"] = pick[any](g, true, false)
			}
		}
	case g.sometimes(3):
		p["expectedOffset"], p["expectedOffsetUnit"] = pick[any](g, 3, -15, 40, "7"), pick(g, "days", "YEARS", "weeks", "hours", "months", "minutes", "seconds")
		if g.sometimes(2) {
			p["truncateExpected"] = pick(g, truncations...)
			p["applyTruncationLast"] = pick[any](g, true, true, false, "true")
		}
		if g.sometimes(8) {
			delete(p, "expectedOffsetUnit")
		}
	case g.sometimes(4):
		p["truncateExpected"] = pick(g, truncations...)
	}
	values := []string{pick(g, dates...), pick(g, dates...), pick(g, dates...), fmt.Sprint(p[operator])}
	if g.sometimes(3) {
		f := pick(g, formatted...)
		p["actualFormat"] = f[0]
		values = []string{f[1], f[1], pick(g, dates...)}
	}
	if g.sometimes(4) {
		p["truncateActual"] = pick(g, truncations...)
	}
	return pattern{p, values}
}

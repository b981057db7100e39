package match

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/envd-dev/envd/stubs/internal/datetime"
	"github.com/envd-dev/envd/stubs/internal/javaregex"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// dateTime is before, after and equalToDateTime. What is expected is a point with a zone, a local date and time, both
// (neither can be known of the text of a pattern), or an offset from now.
type dateTime struct {
	operator            string
	text                string
	zoned, local        *time.Time
	offset              *datetime.Offset
	format              *string
	read                func(text string) (zoned, local *time.Time)
	truncateExpected    *datetime.Truncation
	truncateActual      *datetime.Truncation
	applyTruncationLast bool
}

func parseDateTime(op operation) (Pattern, error) {
	p := &dateTime{operator: op.name, read: readISO}
	amount, unit, err := op.expectedOffset()
	if err != nil {
		return nil, err
	}
	text, ok := op.operand.(string)
	if p.truncateExpected, err = op.truncation("truncateExpected"); err != nil {
		return nil, err
	}
	if p.truncateActual, err = op.truncation("truncateActual"); err != nil {
		return nil, err
	}
	if !ok {
		return nil, op.nullError()
	}
	p.text = text
	if v, ok := op.find("applyTruncationLast"); ok {
		p.applyTruncationLast = v == true
	}
	if isOffset(text) {
		offset, err := datetime.ParseOffset(text)
		if amount != nil && unit != nil {
			offset, err = datetime.Offset{Amount: *amount, Unit: *unit}, nil
		}
		if err != nil {
			return nil, err
		}
		p.offset = &offset
	} else {
		p.zoned, p.local = readISO(text)
	}
	if v, ok := op.find("actualFormat"); ok {
		if format, ok := v.(string); ok {
			p.format = &format
			if p.read, err = reader(format); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// expectedOffset reads the offset beside "now"; half of one does not count.
func (op operation) expectedOffset() (*int, *datetime.Unit, error) {
	var amount *int
	if v, ok := op.find("expectedOffset"); ok {
		n := 0
		if number, ok := v.(jsondoc.Number); ok {
			i, _ := number.Int64()
			n = int(int32(i))
		}
		amount = &n
	}
	v, ok := op.find("expectedOffsetUnit")
	if !ok {
		return amount, nil, nil
	}
	name, ok := v.(string)
	if !ok {
		return nil, nil, newError(op.ptr, `Cannot invoke "String.toUpperCase()" because the return value of "com.fasterxml.jackson.databind.JsonNode.textValue()" is null`)
	}
	unit, err := datetime.ParseUnit(name)
	return amount, &unit, err
}

func (op operation) truncation(name string) (*datetime.Truncation, error) {
	v, ok := op.find(name)
	if !ok {
		return nil, nil
	}
	s, ok := v.(string)
	if !ok {
		return nil, nil
	}
	t, err := datetime.ParseTruncation(s)
	return &t, err
}

// isOffset is WireMock's test for "now", "now +3 days" and "-3 days".
func isOffset(text string) bool {
	if strings.EqualFold(text, "now") {
		return true
	}
	return offsetForm.MatchString(text)
}

var offsetForm = func() *javaregex.Regexp {
	re, err := javaregex.Compile(`((?i)now )*[\-+]?[0-9]+ [a-zA-Z]+`, 0)
	if err != nil {
		panic(err)
	}
	return re
}()

// readISO reads the forms that need no actualFormat.
func readISO(text string) (zoned, local *time.Time) {
	if t, err := datetime.ParseZoned(text); err == nil {
		zoned = &t.Time
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02", "2006-01"} {
		if t, err := time.Parse(layout, text); err == nil && datetime.TwoDigitHour(text) {
			return zoned, &t
		}
	}
	return zoned, readYear(text)
}

// readYear reads java.time's Year: up to ten digits, a sign before them, at most 999,999,999.
func readYear(text string) *time.Time {
	digits := strings.TrimPrefix(strings.TrimPrefix(text, "-"), "+")
	n, err := strconv.Atoi(text)
	if err != nil || len(digits) > 10 || len(text) > len(digits)+1 || n > 999_999_999 || n < -999_999_999 {
		return nil
	}
	t := time.Date(n, time.January, 1, 0, 0, 0, 0, time.UTC)
	return &t
}

// reader is the function that reads actualFormat: a pattern, "unix" (seconds) or "epoch" (milliseconds).
func reader(format string) (func(string) (zoned, local *time.Time), error) {
	switch strings.ToLower(format) {
	case "unix":
		return epochReader(1000), nil
	case "epoch":
		return epochReader(1), nil
	}
	f, err := datetime.Compile(format)
	if err != nil {
		return nil, err
	}
	return func(text string) (zoned, local *time.Time) {
		t, err := f.Parse(text)
		if err != nil {
			return nil, nil
		}
		if t.HasZone && t.HasTime {
			at := t.Time
			zoned = &at
		}
		wall := wallClock(t.Time)
		return zoned, &wall
	}, nil
}

func epochReader(factor int64) func(string) (zoned, local *time.Time) {
	return func(text string) (*time.Time, *time.Time) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, nil
		}
		t := time.UnixMilli(n * factor).UTC()
		return &t, &t
	}
}

// wallClock is what a clock at t's place shows, as a local date and time: carried in UTC.
func wallClock(t time.Time) time.Time {
	_, seconds := t.Zone()
	return t.UTC().Add(time.Duration(seconds) * time.Second)
}

// here takes a local date and time for one of the machine's own zone.
func here(local time.Time) time.Time {
	return time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.Local)
}

// points are the two times to compare, nil if they cannot be.
func (p *dateTime) points(v Value) (expected, actual *time.Time) {
	if !v.Present {
		return nil, nil
	}
	zonedActual, localActual := p.read(v.Text)
	if zonedActual != nil && p.truncateActual != nil {
		t := datetime.Truncate(*zonedActual, *p.truncateActual)
		zonedActual = &t
	}
	zonedExpected := p.zoned
	if p.offset != nil {
		t := p.fromNow(time.Now())
		zonedExpected = &t
	}
	switch {
	case zonedExpected != nil && zonedActual != nil:
		return zonedExpected, zonedActual
	case p.local != nil && localActual != nil:
		return p.local, localActual
	case p.local != nil && zonedActual != nil:
		wall := wallClock(*zonedActual)
		return p.local, &wall
	case zonedExpected != nil && localActual != nil:
		t := here(*localActual)
		return zonedExpected, &t
	}
	return nil, nil
}

func (p *dateTime) fromNow(now time.Time) time.Time {
	if p.applyTruncationLast {
		return p.truncated(p.offset.Shift(now))
	}
	return p.offset.Shift(p.truncated(now))
}

func (p *dateTime) truncated(t time.Time) time.Time {
	if p.truncateExpected == nil {
		return t
	}
	return datetime.Truncate(t, *p.truncateExpected)
}

func (p *dateTime) Exact(v Value) bool {
	expected, actual := p.points(v)
	return expected != nil && p.holds(*expected, *actual)
}

func (p *dateTime) holds(expected, actual time.Time) bool {
	switch p.operator {
	case "before":
		return actual.Before(expected)
	case "after":
		return actual.After(expected)
	}
	return actual.Equal(expected)
}

// twoYears in milliseconds is how far off a date is half wrong.
const twoYears = 2 * 365 * 24 * 60 * 60 * 1000

func (p *dateTime) Match(v Value) Result {
	expected, actual := p.points(v)
	if expected == nil {
		return Result{Distance: 1}
	}
	off := math.Abs(float64(millisBetween(*expected, *actual)))
	return Result{p.holds(*expected, *actual), off / (off + twoYears)}
}

// millisBetween counts whole milliseconds, also where time.Duration would overflow.
func millisBetween(a, b time.Time) int64 {
	seconds, nanos := b.Unix()-a.Unix(), int64(b.Nanosecond()-a.Nanosecond())
	if seconds > 0 && nanos < 0 {
		seconds, nanos = seconds-1, nanos+int64(time.Second)
	} else if seconds < 0 && nanos > 0 {
		seconds, nanos = seconds+1, nanos-int64(time.Second)
	}
	return seconds*1000 + nanos/int64(time.Millisecond)
}

func (p *dateTime) Name() string { return p.operator }

func (p *dateTime) Expected() string {
	if p.text != "now" || p.offset == nil {
		return p.text
	}
	if p.offset.Amount >= 0 {
		return "now +" + p.offset.String()
	}
	return "now " + p.offset.String()
}

func (p *dateTime) MarshalJSON() ([]byte, error) {
	w := new(printer).text(p.operator, p.Expected()).optional("actualFormat", deref(p.format), p.format != nil)
	if p.truncateExpected != nil {
		w.text("truncateExpected", p.truncateExpected.String())
	}
	if p.truncateActual != nil {
		w.text("truncateActual", p.truncateActual.String())
	}
	if p.applyTruncationLast {
		w.value("applyTruncationLast", true)
	}
	return w.bytes()
}

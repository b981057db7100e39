package datetime

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// rfc1123 is the form of an HTTP date as java.time reads it: in any case, with or without weekday and seconds.
var rfc1123 = regexp.MustCompile(`^(?i)(?:([a-z]{3}), )?(\d{1,2}) ([a-z]{3}) (\d{1,4}) (\d{1,2}):(\d{1,2})(?::(\d{1,2}))? (GMT|[-+]\d{4})$`)

// parseRFC1123 reads an HTTP date. Days beyond the end of a month up to 31 become its last day; the weekday must be right.
func parseRFC1123(text string) (time.Time, bool) {
	m := rfc1123.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	month, err := time.Parse("Jan", m[3])
	if err != nil {
		return time.Time{}, false
	}
	var n [5]int // day, year, hour, minute, second
	for i, digits := range []string{m[2], m[4], m[5], m[6], m[7]} {
		n[i], _ = strconv.Atoi(digits) // at most four digits, or none for the second
	}
	if n[0] < 1 || n[0] > 31 || n[2] > 23 || n[3] > 59 || n[4] > 59 {
		return time.Time{}, false
	}
	last := time.Date(n[1], month.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	zone := time.UTC
	if !strings.EqualFold(m[8], "GMT") {
		at, err := time.Parse("-0700", m[8])
		if err != nil {
			return time.Time{}, false
		}
		zone = anonymous(at).Location()
	}
	t := time.Date(n[1], month.Month(), min(n[0], last), n[2], n[3], n[4], 0, zone)
	return t, m[1] == "" || strings.EqualFold(m[1], t.Weekday().String()[:3])
}

// ParseZoned reads a date that names its zone, in the forms that WireMock tries: ISO 8601 (the offset may be followed by
// a [region]), RFC 1123, RFC 1036 and asctime.
func ParseZoned(text string) (Time, error) {
	if t, ok := parseISO(text); ok {
		return Time{Time: t, HasZone: true, HasTime: true}, nil
	}
	if t, ok := parseRFC1123(text); ok {
		return Time{Time: t, HasZone: true, HasTime: true}, nil
	}
	for _, layout := range []string{time.RFC850, time.ANSIC} {
		if t, err := time.Parse(layout, text); err == nil && fits(t, layout, text) {
			return Time{Time: anonymous(t), HasZone: true, HasTime: true}, nil
		}
	}
	return Time{}, ErrUnparsable
}

// fits reports whether text has the form that java.time wants of a layout, which package time takes laxly.
func fits(t time.Time, layout, text string) bool {
	if layout == time.ANSIC {
		return text == t.Format("Mon Jan 02 15:04:05 2006") || text == t.Format("Mon Jan  2 15:04:05 2006")
	}
	return text == t.Format(layout)
}

// anonymous keeps only the offset of t's zone.
func anonymous(t time.Time) time.Time {
	_, seconds := t.Zone()
	if seconds == 0 {
		return t.UTC()
	}
	return t.In(time.FixedZone("", seconds))
}

// TwoDigitHour reports whether the hour of an ISO date and time, if there is one, has two digits and the fraction of its
// second a point before it: package time is laxer.
func TwoDigitHour(text string) bool {
	const colon = len("2006-01-02T15")
	return len(text) <= len("2006-01-02T") || len(text) > colon && text[colon] == ':' && strings.IndexByte(text, ',') < 0
}

// parseISO reads DateTimeFormatter.ISO_ZONED_DATE_TIME.
func parseISO(text string) (time.Time, bool) {
	body, region := text, ""
	if i := strings.IndexByte(text, '['); i > 0 && strings.HasSuffix(text, "]") {
		body, region = text[:i], text[i+1:len(text)-1]
	}
	for _, layout := range [...]string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00:00"} {
		t, err := time.Parse(layout, body)
		if err != nil || !TwoDigitHour(body) {
			continue
		}
		if region == "" {
			return anonymous(t), true
		}
		zone, err := ZoneOf(region)
		if err != nil {
			return t, false
		}
		return t.In(zone), true
	}
	return time.Time{}, false
}

package datetime

import (
	"strings"
	"time"
)

// The forms of HTTP dates; all of them name a zone or mean GMT.
var zonedLayouts = []string{
	time.RFC1123, "Mon, 2 Jan 2006 15:04:05 MST", time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 -0700", time.RFC850, time.ANSIC,
}

// ParseZoned reads a date that names its zone, in the forms that WireMock tries: ISO 8601 (the offset may be followed by
// a [region]), RFC 1123, RFC 1036 and asctime.
func ParseZoned(text string) (Time, error) {
	if t, ok := parseISO(text); ok {
		return Time{Time: t, HasZone: true, HasTime: true}, nil
	}
	for _, layout := range zonedLayouts {
		if t, err := time.Parse(layout, text); err == nil && fits(t, layout, text) {
			return Time{Time: anonymous(t), HasZone: true, HasTime: true}, nil
		}
	}
	return Time{}, ErrUnparsable
}

// fits reports whether text has the form that java.time wants of a layout, which package time takes laxly: the right
// names of month and weekday, in the right case unless the form is RFC 1123's, and no blank too many.
func fits(t time.Time, layout, text string) bool {
	month, weekday := t.Month().String()[:3], t.Weekday().String()[:3]
	switch layout {
	case time.RFC850:
		return text == t.Format(layout)
	case time.ANSIC:
		return text == t.Format("Mon Jan 02 15:04:05 2006") || text == t.Format("Mon Jan  2 15:04:05 2006")
	}
	return strings.Contains(strings.ToUpper(text), strings.ToUpper(month)) && strings.EqualFold(text[:len(weekday)], weekday)
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

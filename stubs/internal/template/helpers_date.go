package template

import (
	"errors"
	"strings"
	"time"

	"github.com/envd-dev/envd/stubs/internal/datetime"
)

// Date is WireMock's RenderableDate: an instant in milliseconds with the format and zone to print it in.
type Date struct {
	time   time.Time
	format string
	styled bool // format is given
	zone   *time.Location
}

func (d Date) class() string { return templatingPackage + "helpers.RenderableDate" }

func (d Date) get(name string) (any, bool) {
	utc := d.time.UTC()
	switch name {
	case "format":
		return ternary[any](d.styled, d.format, nil), true
	case "timezone":
		if d.zone == nil {
			return nil, true
		}
		return zoneName(d.zone), true
	case "time":
		return d.time.UnixMilli(), true
	case "year":
		return int32(utc.Year() - 1900), true
	case "month":
		return int32(utc.Month() - 1), true
	case "date":
		return int32(utc.Day()), true
	case "day":
		return int32(utc.Weekday()), true
	case "hours":
		return int32(utc.Hour()), true
	case "minutes":
		return int32(utc.Minute()), true
	case "seconds":
		return int32(utc.Second()), true
	case "timezoneOffset":
		return int32(0), true
	case "toInstant":
		return instantText(utc), true
	case "toString":
		s, err := d.text()
		return s, err == nil
	}
	return nil, false
}

var dateNames = []string{"format", "timezone", "time", "year", "month", "date", "day", "hours", "minutes", "seconds", "timezoneOffset"}

func (d Date) properties() []entry { return beanProperties(d, dateNames) }

func instantText(t time.Time) string {
	if t.Nanosecond() == 0 {
		return t.Format("2006-01-02T15:04:05Z")
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}

func zoneName(l *time.Location) string {
	if l == time.UTC {
		return "Z"
	}
	return l.String()
}

// text is RenderableDate.toString.
func (d Date) text() (string, error) {
	in := d.time.UTC()
	if d.zone != nil {
		in = in.In(d.zone)
	}
	if !d.styled {
		return in.Format("2006-01-02T15:04:05Z07:00"), nil
	}
	switch d.format {
	case "epoch":
		return toString(d.time.UnixMilli()), nil
	case "unix":
		return toString(d.time.UnixMilli() / 1000), nil
	}
	return simpleDateFormat(d.format, in)
}

func helpNow(o *options) (any, error) { return o.date(nil) }

func helpDate(o *options) (any, error) {
	if d, ok := o.context.(Date); ok {
		return o.date(&d)
	}
	return o.date(nil)
}

// date prints base, or now, shifted by the offset; the zone of a parsed date wins over the option.
func (o *options) date(base *Date) (any, error) {
	format, styled, err := asString(o.option("format"))
	if err != nil {
		return nil, err
	}
	offset, shifted, err := asString(o.option("offset"))
	if err != nil {
		return nil, err
	}
	zone, zoned, err := asString(o.option("timezone"))
	if err != nil {
		return nil, err
	}
	d := Date{format: format, styled: styled}
	if base != nil {
		d.time, d.zone = base.time, base.zone
	} else {
		d.time = o.r.engine.options.Now().UTC().Truncate(time.Millisecond)
		if zoned {
			if d.zone, err = zoneOf(zone); err != nil {
				return nil, err
			}
		}
	}
	if shifted {
		if d.time, err = shift(d.time, offset); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// shift moves t by "3 days" or "now -3 days".
func shift(t time.Time, offset string) (time.Time, error) {
	o, err := datetime.ParseOffset(offset)
	if errors.Is(err, datetime.ErrOffsetAmount) {
		return t, throw("NumberFormatException", "%s", err)
	}
	if err != nil {
		return t, illegalArgument("%s", err)
	}
	return o.Shift(t.UTC()), nil
}

func zoneOf(id string) (*time.Location, error) {
	zone, err := datetime.ZoneOf(id)
	var bad *datetime.ZoneError
	if errors.As(err, &bad) {
		return nil, &exception{ternary(bad.Unknown, "java.time.zone.ZoneRulesException", "java.time.DateTimeException"), bad.Message}
	}
	return zone, err
}

func helpParseDate(o *options) (any, error) {
	if o.context == nil {
		return nil, nullPointer("Object.toString()", "context")
	}
	text, err := stringValue(o.context)
	if err != nil {
		return nil, err
	}
	format, given, err := asString(o.option("format"))
	if err != nil {
		return nil, err
	}
	if !given {
		t, err := datetime.ParseZoned(text)
		if err != nil {
			return nil, nil // what does not parse is null
		}
		return Date{time: t.UTC().Truncate(time.Millisecond), zone: t.Location()}, nil
	}
	switch strings.ToLower(format) {
	case "unix", "epoch":
		return parseEpoch(text, ternary[int64](strings.EqualFold(format, "unix"), 1000, 1))
	}
	f, err := datetime.Compile(format)
	if err != nil {
		return nil, illegalArgument("%s", err)
	}
	t, err := f.Parse(text)
	var incomplete *datetime.IncompleteError
	switch {
	case errors.As(err, &incomplete):
		return nil, &exception{"java.time.DateTimeException", incomplete.Message}
	case err != nil:
		return nil, nil
	case t.HasZone && !t.HasTime:
		return nil, &exception{"java.time.DateTimeException", "Unable to obtain Instant from TemporalAccessor: {},ISO resolved to " +
			t.Format("2006-01-02") + " of type java.time.format.Parsed"}
	}
	d := Date{time: t.Time.UTC().Truncate(time.Millisecond)}
	if t.HasZone {
		d.zone = t.Time.Location()
	}
	return d, nil
}

func parseEpoch(text string, factor int64) (any, error) {
	n, ok := parseDecimal(text)
	if !ok || n.scale != 0 || !n.unscaled.IsInt64() {
		return nil, numberFormatError(text)
	}
	return Date{time: time.UnixMilli(n.unscaled.Int64() * factor).UTC()}, nil
}

func helpTruncateDate(o *options) (any, error) {
	if len(o.params) < 1 {
		return mistake("Truncation type must be specified as the first parameter to truncateDate"), nil
	}
	d, ok := o.context.(Date)
	if !ok {
		return mistake("A date object must be passed to the truncateDate helper"), nil
	}
	if o.params[0] == nil {
		return nil, nullPointer("Object.toString()", "options.params[0]")
	}
	name := toString(o.params[0])
	how, err := datetime.ParseTruncation(name)
	if err != nil {
		return nil, illegalArgument("%s", err)
	}
	zone := d.zone
	if zone == nil {
		zone = o.r.engine.options.Location
	}
	return Date{time: datetime.Truncate(d.time.In(zone), how).UTC(), zone: zone}, nil
}

// The layouts of java.time's localized styles in English; the zone of a full or long time comes behind.
var (
	dateStyles = map[string]string{"full": "Monday, January 2, 2006", "long": "January 2, 2006", "medium": "Jan 2, 2006", "short": "1/2/06"}
	timeStyles = map[string]string{"full": "3:04:05 PM", "long": "3:04:05 PM", "medium": "3:04:05 PM", "short": "3:04 PM"}
)

func helpDateFormat(o *options) (any, error) {
	if isEmpty(o.context) {
		if p := o.param(0); p != nil {
			return stringValue(p)
		}
		return nil, nil
	}
	d, ok := o.context.(Date)
	if !ok {
		class := className(o.context)
		return nil, illegalArgument("found instance of %s with value '%s', but expected instance of TemporalAccessor",
			class[strings.LastIndexAny(class, ".$")+1:], toString(o.context))
	}
	pattern, err := o.stringOption("format", "medium")
	if err != nil {
		return nil, err
	}
	if p, given, err := asString(o.param(0)); err != nil {
		return nil, err
	} else if given {
		pattern = p
	}
	in := d.time.In(o.r.engine.options.Location)
	if tz := o.option("tz"); tz != nil {
		zone, err := zoneOf(toString(tz))
		if err != nil {
			zone = time.UTC // TimeZone.getTimeZone takes what it does not know for GMT
		}
		in = d.time.In(zone)
	}
	day, styled := dateStyles[pattern]
	if !styled {
		if _, err := datetime.Compile(pattern); err != nil {
			return nil, illegalArgument("%s", err)
		}
	}
	if err := o.checkLocale(); err != nil {
		return nil, err
	}
	if !styled {
		return formatPattern(pattern, in)
	}
	style, err := o.stringOption("time", "")
	if err != nil {
		return nil, err
	}
	clock, ok := timeStyles[style]
	if !ok {
		return in.Format(day), nil
	}
	joint := ternary(pattern == "full" || pattern == "long", " at ", ", ")
	zone := ""
	switch style {
	case "full":
		zone = " " + zoneText(in, 4)
	case "long":
		zone = " " + zoneText(in, 1)
	}
	return in.Format(day) + joint + in.Format(clock) + zone, nil
}

// checkLocale throws for a locale parameter that is none; dates are English whatever it says.
func (o *options) checkLocale() error {
	locale, err := o.stringOption("locale", "")
	if err != nil {
		return err
	}
	if p, given, err := asString(o.param(1)); err != nil {
		return err
	} else if given {
		locale = p
	}
	_, err = symbolsOf(locale)
	return err
}

func formatPattern(pattern string, t time.Time) (any, error) {
	f, err := datetime.Compile(pattern)
	if err != nil {
		return nil, illegalArgument("%s", err)
	}
	s, err := f.Format(t)
	if err != nil {
		return nil, &exception{"java.time.temporal.UnsupportedTemporalTypeException", err.Error()}
	}
	return s, nil
}

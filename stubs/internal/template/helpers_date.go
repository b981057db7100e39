package template

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // templates name zones; the host may have no database

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

const offsetForm = "Offset can be of the short form <amount> <unit> e.g. 8 seconds or long form now +/-<amount> <unit> e.g. now +5 years"

var dateUnits = map[string]datetime.Unit{
	"SECONDS": datetime.Seconds, "MINUTES": datetime.Minutes, "HOURS": datetime.Hours,
	"DAYS": datetime.Days, "MONTHS": datetime.Months, "YEARS": datetime.Years,
}

// shift moves t by "3 days" or "now -3 days".
func shift(t time.Time, offset string) (time.Time, error) {
	if strings.EqualFold(offset, "now") {
		return t, nil
	}
	parts := strings.Split(strings.TrimRight(offset, " "), " ")
	if len(parts) < 2 || len(parts) > 3 {
		return t, illegalArgument("%s", offsetForm)
	}
	parts = parts[len(parts)-2:]
	amount, err := parseInt(parts[0])
	if err != nil {
		return t, err
	}
	unit, ok := dateUnits[strings.ToUpper(parts[1])]
	if !ok {
		return t, noEnum("common.DateTimeUnit", strings.ToUpper(parts[1]))
	}
	return datetime.Offset{Amount: int(amount), Unit: unit}.Shift(t.UTC()), nil
}

func noEnum(class, constant string) error {
	return illegalArgument("No enum constant %s%s.%s", wiremockPackage, class, constant)
}

// zoneOf is ZoneId.of: a region, Z, or an offset with or without UTC, GMT or UT in front.
func zoneOf(id string) (*time.Location, error) {
	if id == "Z" || id == "UTC" || id == "GMT" || id == "UT" {
		return time.UTC, nil
	}
	offset := id
	for _, prefix := range [...]string{"UTC", "GMT", "UT"} {
		if rest, ok := strings.CutPrefix(id, prefix); ok && rest != "" && strings.ContainsAny(rest[:1], "+-") {
			offset = rest
			break
		}
	}
	if offset == "" || offset[0] == '+' || offset[0] == '-' {
		seconds, err := zoneOffset(offset)
		if err != nil {
			return nil, err
		}
		if seconds == 0 {
			return time.UTC, nil
		}
		return time.FixedZone("", seconds), nil
	}
	if !validRegion(id) {
		return nil, &exception{"java.time.DateTimeException", "Invalid ID for region-based ZoneId, invalid format: " + id}
	}
	l, err := time.LoadLocation(id)
	if err != nil || id == "Local" || id == "EST" || id == "MST" || id == "HST" || id == "ROC" { // which Java leaves out
		return nil, &exception{"java.time.zone.ZoneRulesException", "Unknown time-zone ID: " + id}
	}
	return l, nil
}

var zoneOffsetForm = regexp.MustCompile(`^([+-])(\d\d?)(?::?(\d\d)(?::?(\d\d))?)?$`)

// zoneOffset is ZoneOffset.of, in seconds.
func zoneOffset(text string) (int, error) {
	m := zoneOffsetForm.FindStringSubmatch(text)
	if m == nil {
		return 0, &exception{"java.time.DateTimeException", "Invalid ID for ZoneOffset, invalid format: " + text}
	}
	var parts [3]int
	for i := range parts {
		parts[i], _ = strconv.Atoi(m[i+2]) // digits or nothing
	}
	if parts[0] > 18 {
		return 0, &exception{"java.time.DateTimeException", "Zone offset hours not in valid range: value " + strings.TrimPrefix(m[1], "+") +
			strconv.Itoa(parts[0]) + " is not in the range -18 to 18"}
	}
	seconds := parts[0]*3600 + parts[1]*60 + parts[2]
	return ternary(m[1] == "-", -seconds, seconds), nil
}

func validRegion(id string) bool {
	if len(id) < 2 {
		return false
	}
	for i := 0; i < len(id); i++ {
		c := id[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case i > 0 && (c >= '0' && c <= '9' || strings.IndexByte("/._~+-", c) >= 0):
		default:
			return false
		}
	}
	return true
}

// The formats that parseDate tries when it is given none; all of them name a zone.
var zonedLayouts = []string{time.RFC1123, "Mon, 2 Jan 2006 15:04:05 MST", time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 -0700", time.RFC850, time.ANSIC}

func helpParseDate(o *options) (any, error) {
	if o.context == nil {
		return nil, nullPointer("Object.toString()", "context")
	}
	text, err := render2String(o.context)
	if err != nil {
		return nil, err
	}
	format, given, err := asString(o.option("format"))
	if err != nil {
		return nil, err
	}
	if !given {
		return parseZoned(text), nil
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
	if err != nil {
		return nil, nil // what does not parse is null
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

// parseZoned reads ISO 8601 with a zone, RFC 1123, RFC 1036 or asctime; nil when it is none of them.
func parseZoned(text string) any {
	if t, zone, ok := parseISO(text); ok {
		return Date{time: t.UTC().Truncate(time.Millisecond), zone: zone}
	}
	for _, layout := range zonedLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			_, seconds := t.Zone()
			zone := time.UTC
			if seconds != 0 {
				zone = time.FixedZone("", seconds)
			}
			return Date{time: t.UTC(), zone: zone}
		}
	}
	return nil
}

// parseISO reads DateTimeFormatter.ISO_ZONED_DATE_TIME: seconds may be missing, a [region] may follow the offset.
func parseISO(text string) (time.Time, *time.Location, bool) {
	body, region := text, ""
	if i := strings.IndexByte(text, '['); i > 0 && strings.HasSuffix(text, "]") {
		body, region = text[:i], text[i+1:len(text)-1]
	}
	for _, layout := range [...]string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00:00"} {
		t, err := time.Parse(layout, body)
		if err != nil {
			continue
		}
		zone := t.Location()
		if _, seconds := t.Zone(); seconds == 0 {
			zone = time.UTC
		} else {
			zone = time.FixedZone("", seconds)
		}
		if region != "" {
			named, err := zoneOf(region)
			if err != nil {
				return t, nil, false
			}
			zone = named
		}
		return t, zone, true
	}
	return time.Time{}, nil, false
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
		return nil, noEnum("common.DateTimeTruncation", strings.ReplaceAll(strings.ToUpper(name), " ", "_"))
	}
	zone := d.zone
	if zone == nil {
		zone = o.r.engine.options.Location
	}
	return Date{time: datetime.Truncate(d.time.In(zone), how).UTC(), zone: zone}, nil
}

// The layouts of java.time's localized styles in English.
var (
	dateStyles = map[string]string{"full": "Monday, January 2, 2006", "long": "January 2, 2006", "medium": "Jan 2, 2006", "short": "1/2/06"}
	timeStyles = map[string]string{"full": "3:04:05 PM MST", "long": "3:04:05 PM MST", "medium": "3:04:05 PM", "short": "3:04 PM"}
)

func helpDateFormat(o *options) (any, error) {
	if isEmpty(o.context) {
		if p := o.param(0); p != nil {
			return render2String(p)
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
	joint := ternary(pattern == "full" || pattern == "long", " 'at' ", ", ")
	return in.Format(day) + strings.ReplaceAll(joint, "'", "") + in.Format(clock), nil
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

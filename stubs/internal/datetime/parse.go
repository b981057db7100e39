package datetime

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrUnparsable says that a text does not have the form of the pattern (java.time's DateTimeParseException).
var ErrUnparsable = errors.New("text could not be parsed as a date")

// IncompleteError says that a text was parsed but does not make a date: its year is missing.
type IncompleteError struct{ Message string }

func (e *IncompleteError) Error() string { return e.Message }

// Parse reads s, all of it. What the pattern leaves out is zero: the first day, midnight, and UTC unless the text names an
// offset or zone. Days beyond the end of a month up to 31 become its last day. The error is ErrUnparsable or an
// *IncompleteError.
func (f *Formatter) Parse(s string) (Time, error) {
	p := parsing{values: map[byte]int{}}
	pos, ok := p.all(f.elements, s, 0)
	if !ok || pos != len(s) {
		return Time{}, ErrUnparsable
	}
	return p.resolve()
}

// parsing holds the fields read so far, by the letter that stands for them: u y M d D H h (0 to 11) a m s n E Q.
type parsing struct {
	values map[byte]int
	zone   *time.Location
}

func (p *parsing) all(elements []element, s string, pos int) (int, bool) {
	for _, e := range elements {
		var ok bool
		switch {
		case e.optional != nil:
			inner := parsing{values: map[byte]int{}, zone: p.zone}
			for k, v := range p.values {
				inner.values[k] = v
			}
			if end, matched := inner.all(e.optional, s, pos); matched {
				*p, pos = inner, end
			}
			continue
		case e.letter == 0:
			ok = strings.HasPrefix(s[pos:], e.literal)
			if ok {
				pos += len(e.literal)
			}
		default:
			for e.pad > 0 && pos < len(s) && s[pos] == ' ' {
				pos++
			}
			pos, ok = p.field(e, s, pos)
		}
		if !ok {
			return pos, false
		}
	}
	return pos, true
}

func (p *parsing) field(e element, s string, pos int) (int, bool) {
	switch {
	case e.letter == 'S':
		return p.fraction(e, s, pos)
	case e.numeric():
		return p.number(e, s, pos)
	}
	switch e.letter {
	case 'M', 'L':
		names := make([]string, 12)
		for m := time.January; m <= time.December; m++ {
			names[m-1] = shortened(m.String(), e.count)
		}
		return p.name('M', names, 1, s, pos)
	case 'E', 'e', 'c':
		names := make([]string, 7)
		for d := range names {
			names[d] = shortened(time.Weekday(d).String(), e.count)
		}
		return p.name('E', names, 0, s, pos)
	case 'a':
		return p.name('a', []string{"AM", "PM"}, 0, s, pos)
	case 'G':
		return p.name('G', [][]string{{"BC", "AD"}, {"Before Christ", "Anno Domini"}, {"B", "A"}}[max(0, e.count-3)], 0, s, pos)
	case 'Q', 'q':
		if e.count == 3 {
			return p.name('Q', []string{"Q1", "Q2", "Q3", "Q4"}, 1, s, pos)
		}
		return p.name('Q', []string{"1st quarter", "2nd quarter", "3rd quarter", "4th quarter"}, 1, s, pos)
	case 'V', 'z', 'v':
		return p.zoneName(s, pos)
	case 'O':
		return p.localizedOffset(s, pos)
	case 'X', 'x', 'Z':
		if e.letter == 'Z' && e.count == 4 {
			return p.localizedOffset(s, pos)
		}
		return p.offset(e, s, pos)
	}
	return pos, false
}

func shortened(name string, count int) string {
	switch {
	case count <= 3:
		return name[:3]
	case count == 4:
		return name
	}
	return name[:1]
}

// name reads the longest of the names that comes next.
func (p *parsing) name(field byte, names []string, first int, s string, pos int) (int, bool) {
	best, at := -1, 0
	for i, n := range names {
		if strings.HasPrefix(s[pos:], n) && len(n) > at {
			best, at = i, len(n)
		}
	}
	if best < 0 {
		return pos, false
	}
	return pos + at, p.set(field, best+first)
}

// set stores a field; a second value for it must be the same.
func (p *parsing) set(field byte, v int) bool {
	if old, ok := p.values[field]; ok && old != v {
		return false
	}
	p.values[field] = v
	return true
}

func digitsAt(s string, pos, most int) int {
	n := 0
	for n < most && pos+n < len(s) && s[pos+n] >= '0' && s[pos+n] <= '9' {
		n++
	}
	return n
}

func (p *parsing) fraction(e element, s string, pos int) (int, bool) {
	n := digitsAt(s, pos, e.count)
	if n != e.count {
		return pos, false
	}
	v, _ := strconv.Atoi((s[pos:pos+n] + "000000000")[:9]) // digits
	return pos + n, p.set('n', v)
}

// number reads digits: exactly count for a fixed field, else as many as the fields behind it leave over.
func (p *parsing) number(e element, s string, pos int) (int, bool) {
	year := strings.IndexByte("uyY", e.letter) >= 0
	negative, plus := false, false
	if year && e.count != 2 && pos < len(s) && (s[pos] == '-' || s[pos] == '+' && e.count >= 4) {
		negative, plus = s[pos] == '-', s[pos] == '+'
		pos++
	}
	least, most := e.count, 19
	if e.fixed() {
		most = e.count
	} else if e.letter == 'D' {
		most = 3
	}
	n := digitsAt(s, pos, most+e.reserved)
	if e.reserved > 0 {
		n = max(least, n-e.reserved)
	}
	n = min(n, digitsAt(s, pos, most))
	if n < least || n == 0 || year && e.count >= 4 && !negative && plus != (n > e.count) {
		return pos, false
	}
	v, err := strconv.Atoi(s[pos : pos+n])
	if err != nil {
		return pos, false
	}
	if negative {
		v = -v
	}
	if year && e.count == 2 {
		v += 2000
	}
	return pos + n, p.setNumber(e.letter, v)
}

// setNumber stores a number under the letter that stands for its field; clock hours are turned into hours.
func (p *parsing) setNumber(letter byte, v int) bool {
	switch letter {
	case 'L':
		letter = 'M'
	case 'u', 'Y':
		letter = 'y'
	case 'q':
		letter = 'Q'
	case 'k':
		if v < 1 || v > 24 {
			return false
		}
		letter, v = 'H', v%24
	case 'h':
		if v < 1 || v > 12 {
			return false
		}
		v %= 12
	case 'K':
		letter = 'h'
	case 'e', 'c':
		letter, v = 'E', v-1
	case 'A':
		return p.set('H', v/3600_000) && p.set('m', v/60_000%60) && p.set('s', v/1000%60) && p.set('n', v%1000*1_000_000)
	case 'w', 'W', 'F', 'N', 'g':
		return true // read, but not needed to find the date
	}
	return p.set(letter, v)
}

// resolve makes a date of the fields.
func (p *parsing) resolve() (Time, error) {
	year, hasYear := p.values['y']
	month, hasMonth := p.values['M']
	day, hasDay := p.values['d']
	if era, ok := p.values['G']; ok && era == 0 {
		year = 1 - year
	}
	if hasMonth && (month < 1 || month > 12) || hasDay && (day < 1 || day > 31) {
		return Time{}, ErrUnparsable
	}
	clock, nextDay, hasTime, ok := p.clock()
	if !ok {
		return Time{}, ErrUnparsable
	}
	yearDay, hasYearDay := p.values['D']
	switch {
	case !hasYear:
		return Time{}, p.incomplete(clock, hasTime)
	case hasYearDay && !hasMonth:
		month, day = 1, yearDay
		if yearDay < 1 || yearDay > time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC).YearDay() {
			return Time{}, ErrUnparsable
		}
	case !hasMonth:
		month, day = 1, 1
	case !hasDay:
		day = 1
	default:
		day = min(day, time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day())
	}
	zone := p.zone
	if zone == nil {
		zone = time.UTC
	}
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if weekday, ok := p.values['E']; ok && hasMonth && hasDay && int(date.Weekday()) != weekday {
		return Time{}, ErrUnparsable
	}
	if nextDay {
		day++
	}
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, zone)
	if hasTime {
		t = time.Date(year, time.Month(month), day, int(clock/time.Hour), int(clock/time.Minute)%60, int(clock/time.Second)%60, int(clock%time.Second), zone)
	}
	return Time{Time: t, HasZone: p.zone != nil, HasTime: hasTime}, nil
}

// clock is the time of day. 24:00 is midnight of the next day.
func (p *parsing) clock() (clock time.Duration, nextDay, has, ok bool) {
	hour, has := p.values['H']
	if half, hasHalf := p.values['a']; hasHalf && !has {
		if h, hasHour := p.values['h']; hasHour {
			if h < 0 || h > 11 {
				return 0, false, false, false
			}
			hour, has = 12*half+h, true
		}
	}
	minute, second, nano := p.values['m'], p.values['s'], p.values['n']
	if hour < 0 || hour > 24 || minute > 59 || second > 59 {
		return 0, false, false, false
	}
	if hour == 24 {
		if minute != 0 || second != 0 || nano != 0 {
			return 0, false, false, false
		}
		return 0, true, true, true
	}
	clock = time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second + time.Duration(nano)
	return clock, false, has, true
}

func (p *parsing) incomplete(clock time.Duration, hasTime bool) error {
	var fields []string
	target := "Year"
	if m, ok := p.values['M']; ok {
		target = "YearMonth"
		fields = append(fields, fmt.Sprintf("MonthOfYear=%d", m))
	}
	if d, ok := p.values['d']; ok {
		fields = append(fields, fmt.Sprintf("DayOfMonth=%d", d))
	}
	resolved := ""
	if hasTime {
		target = "LocalDateTime"
		resolved = " resolved to " + clockText(clock)
	}
	return &IncompleteError{fmt.Sprintf("Unable to obtain %s from TemporalAccessor: {%s},ISO%s of type java.time.format.Parsed",
		target, strings.Join(fields, ", "), resolved)}
}

func clockText(d time.Duration) string {
	t := time.Time{}.Add(d)
	switch {
	case t.Nanosecond() != 0:
		return t.Format("15:04:05.000")
	case t.Second() != 0:
		return t.Format("15:04:05")
	}
	return t.Format("15:04")
}

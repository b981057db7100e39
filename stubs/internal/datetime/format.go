package datetime

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Format prints t in its own location.
func (f *Formatter) Format(t time.Time) (string, error) {
	var b strings.Builder
	formatAll(&b, f.elements, t)
	return b.String(), nil
}

func formatAll(b *strings.Builder, elements []element, t time.Time) {
	for _, e := range elements {
		switch {
		case e.optional != nil:
			formatAll(b, e.optional, t)
		case e.letter == 0:
			b.WriteString(e.literal)
		default:
			text := e.format(t)
			b.WriteString(strings.Repeat(" ", max(0, e.pad-len(text))) + text)
		}
	}
}

func zeros(v, width int) string { return fmt.Sprintf("%0*d", width, v) }

func (e element) format(t time.Time) string {
	switch e.letter {
	case 'u', 'y':
		return e.year(t.Year())
	case 'Y':
		year, _ := week(t)
		return e.year(year)
	case 'M', 'L':
		return e.text(int(t.Month()), t.Month().String(), 3)
	case 'Q', 'q':
		return e.quarter((int(t.Month()) + 2) / 3)
	case 'E', 'e', 'c':
		if e.letter == 'E' && e.count < 3 {
			return t.Weekday().String()[:3]
		}
		return e.text(int(t.Weekday())+1, t.Weekday().String(), 3)
	case 'G':
		era := [...]string{"BC", "Before Christ", "B"}
		if t.Year() > 0 {
			era = [...]string{"AD", "Anno Domini", "A"}
		}
		return era[max(0, e.count-3)]
	case 'a':
		return [...]string{"AM", "PM"}[t.Hour()/12]
	case 'B':
		return dayPeriod(t)
	case 'S':
		return zeros(t.Nanosecond(), 9)[:e.count]
	case 'V', 'v', 'z', 'O', 'X', 'x', 'Z':
		return e.zone(t)
	}
	return zeros(e.number(t), e.count)
}

func (e element) number(t time.Time) int {
	switch e.letter {
	case 'D':
		return t.YearDay()
	case 'd':
		return t.Day()
	case 'w':
		_, w := week(t)
		return w
	case 'W':
		first := int(t.AddDate(0, 0, 1-t.Day()).Weekday())
		return (t.Day()-1+first)/7 + 1
	case 'F':
		return (t.Day()-1)%7 + 1
	case 'h':
		return (t.Hour()+11)%12 + 1
	case 'K':
		return t.Hour() % 12
	case 'k':
		return (t.Hour()+23)%24 + 1
	case 'H':
		return t.Hour()
	case 'm':
		return t.Minute()
	case 's':
		return t.Second()
	case 'n':
		return t.Nanosecond()
	case 'A', 'N':
		nanos := int((time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second)) + t.Nanosecond()
		if e.letter == 'A' {
			return nanos / int(time.Millisecond)
		}
		return nanos
	}
	return int(midnight(t).Unix()/86400) + 40587 // g: modified Julian day
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

func (e element) year(y int) string {
	if e.count == 2 {
		return zeros((y%100+100)%100, 2)
	}
	if e.count >= 4 && len(strconv.Itoa(y)) > e.count {
		return "+" + strconv.Itoa(y)
	}
	return zeros(y, e.count)
}

// text prints a month or weekday: a number, its first letters, its name or its first letter.
func (e element) text(number int, name string, short int) string {
	switch e.count {
	case 1, 2:
		return zeros(number, e.count)
	case 3:
		return name[:short]
	case 4:
		return name
	}
	return name[:1]
}

func (e element) quarter(q int) string {
	switch e.count {
	case 1, 2:
		return zeros(q, e.count)
	case 3:
		return "Q" + strconv.Itoa(q)
	case 4:
		return [...]string{"1st", "2nd", "3rd", "4th"}[q-1] + " quarter"
	}
	return strconv.Itoa(q)
}

func dayPeriod(t time.Time) string {
	switch h := t.Hour(); {
	case h == 0 && t.Minute() == 0:
		return "midnight"
	case h == 12 && t.Minute() == 0:
		return "noon"
	case h < 6 || h >= 21:
		return "at night"
	case h < 12:
		return "in the morning"
	case h < 18:
		return "in the afternoon"
	}
	return "in the evening"
}

// week is the week-based year and week: weeks begin on Sunday, the first one has 1 January.
func week(t time.Time) (year, number int) {
	start := func(year int) time.Time {
		first := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		return first.AddDate(0, 0, -int(first.Weekday()))
	}
	day := midnight(t)
	year = day.Year()
	if !day.Before(start(year + 1)) {
		year++
	}
	return year, int(day.Sub(start(year)).Hours()/24)/7 + 1
}

func (e element) zone(t time.Time) string {
	name, seconds := t.Zone()
	switch e.letter {
	case 'V':
		if id := t.Location().String(); id != "" {
			return id
		}
		return offset(seconds, true, "Z")
	case 'z', 'v':
		switch {
		case t.Location() == time.UTC && e.count == 4:
			return "Coordinated Universal Time"
		case name == "" || name[0] == '+' || name[0] == '-':
			return localized(seconds, true)
		case e.count == 4 && zoneNames[name] != "":
			return zoneNames[name]
		}
		return name
	case 'O':
		return localized(seconds, e.count == 4)
	case 'Z':
		switch e.count {
		case 4:
			return localized(seconds, true)
		case 5:
			return offset(seconds, true, "Z")
		}
		return offset(seconds, false, "")
	}
	zero := ""
	if e.letter == 'X' {
		zero = "Z"
	}
	if e.count == 1 && seconds%3600 == 0 {
		if seconds == 0 && zero != "" {
			return zero
		}
		return offset(seconds, false, "")[:3]
	}
	return offset(seconds, e.count == 3 || e.count == 5, zero)
}

// offset prints +HHMM or +HH:MM; zero, if given, stands for none.
func offset(seconds int, colon bool, zero string) string {
	if seconds == 0 && zero != "" {
		return zero
	}
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	separator := ""
	if colon {
		separator = ":"
	}
	return sign + zeros(seconds/3600, 2) + separator + zeros(seconds/60%60, 2)
}

func localized(seconds int, full bool) string {
	if seconds == 0 {
		return "GMT"
	}
	text := offset(seconds, true, "")
	if full {
		return "GMT" + text
	}
	hour, minute := strings.TrimPrefix(text[1:3], "0"), text[3:]
	if minute == ":00" {
		minute = ""
	}
	return "GMT" + text[:1] + hour + minute
}

// zoneNames are long names by short ones, for the zones that are spoken of most.
var zoneNames = map[string]string{
	"UTC": "Coordinated Universal Time", "GMT": "Greenwich Mean Time", "BST": "British Summer Time",
	"CET": "Central European Standard Time", "CEST": "Central European Summer Time",
	"EET": "Eastern European Standard Time", "EEST": "Eastern European Summer Time",
	"EST": "Eastern Standard Time", "EDT": "Eastern Daylight Time", "CST": "Central Standard Time", "CDT": "Central Daylight Time",
	"MST": "Mountain Standard Time", "MDT": "Mountain Daylight Time", "PST": "Pacific Standard Time", "PDT": "Pacific Daylight Time",
	"JST": "Japan Standard Time", "IST": "India Standard Time", "AEST": "Australian Eastern Standard Time",
	"AEDT": "Australian Eastern Daylight Time",
}

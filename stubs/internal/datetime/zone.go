package datetime

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // mappings and templates name zones; the host may have no database
)

// offset reads an offset of the letters X, x and Z; those with X, and ZZZZZ, take a Z for none.
func (p *parsing) offset(e element, s string, pos int) (int, bool) {
	if (e.letter == 'X' || e.letter == 'Z' && e.count == 5) && strings.HasPrefix(s[pos:], "Z") {
		p.zone = time.UTC
		return pos + 1, true
	}
	colon := e.count == 3 && e.letter != 'Z' || e.count == 5
	minutes := e.count > 1 || e.letter == 'Z'
	seconds, n := readOffset(s[pos:], colon, minutes, e.count == 1 && e.letter != 'Z')
	if n == 0 {
		return pos, false
	}
	p.setOffset(seconds)
	return pos + n, true
}

func (p *parsing) setOffset(seconds int) {
	p.zone = time.UTC
	if seconds != 0 {
		p.zone = time.FixedZone("", seconds)
	}
}

// readOffset reads +HH, +HHMM or +HH:MM and gives its seconds and length; 0 says that there is none.
func readOffset(s string, colon, minutes, minutesOptional bool) (seconds, n int) {
	if len(s) < 3 || s[0] != '+' && s[0] != '-' || digitsAt(s, 1, 2) != 2 {
		return 0, 0
	}
	hours, _ := strconv.Atoi(s[1:3]) // digits
	seconds, n = hours*3600, 3
	rest := s[3:]
	if colon {
		rest = strings.TrimPrefix(rest, ":")
	}
	if has := digitsAt(rest, 0, 2) == 2 && (!colon || len(rest) < len(s)-3); has && (minutes || minutesOptional) {
		m, _ := strconv.Atoi(rest[:2]) // digits
		if m > 59 {
			return 0, 0
		}
		seconds += m * 60
		n = len(s) - len(rest) + 2
	} else if minutes && !minutesOptional {
		return 0, 0
	}
	if hours > 18 {
		return 0, 0
	}
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, n
}

// localizedOffset reads GMT, GMT+2 or GMT+02:00.
func (p *parsing) localizedOffset(s string, pos int) (int, bool) {
	if !strings.HasPrefix(s[pos:], "GMT") {
		return pos, false
	}
	pos += 3
	rest := s[pos:]
	if rest == "" || rest[0] != '+' && rest[0] != '-' {
		p.setOffset(0)
		return pos, true
	}
	if digitsAt(rest, 1, 2) == 1 {
		rest = rest[:1] + "0" + rest[1:]
		pos--
	}
	seconds, n := readOffset(rest, true, strings.HasPrefix(rest[min(3, len(rest)):], ":"), true)
	p.setOffset(seconds)
	return pos + n, n > 0
}

// shortZones are regions by the short names that java.time reads in English.
var shortZones = map[string]string{
	"EST": "America/New_York", "EDT": "America/New_York", "CST": "America/Chicago", "CDT": "America/Chicago",
	"MST": "America/Denver", "MDT": "America/Denver", "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles",
	"ET": "America/New_York", "CT": "America/Chicago", "PT": "America/Los_Angeles", "GT": "Atlantic/South_Georgia",
	"BST": "Europe/London", "CET": "Europe/Paris", "CEST": "Europe/Paris", "EET": "Europe/Bucharest", "EEST": "Europe/Bucharest",
	"JST": "Asia/Tokyo", "IST": "Asia/Kolkata", "AEST": "Australia/Sydney", "AEDT": "Australia/Sydney",
}

// zoneName reads a region, a short zone name, or an offset with or without UTC or GMT in front.
func (p *parsing) zoneName(s string, pos int) (int, bool) {
	rest := s[pos:]
	n := 0
	for n < len(rest) && (isLetter(rest[n]) || rest[n] >= '0' && rest[n] <= '9' || strings.IndexByte("/_+-:", rest[n]) >= 0) {
		n++
	}
	for ; n > 0; n-- {
		if zone := nameOf(rest[:n]); zone != nil {
			p.zone = zone
			return pos + n, true
		}
	}
	return pos, false
}

// nameOf is ZoneOf with the short names; nil says that id is no zone.
func nameOf(id string) *time.Location {
	if region, ok := shortZones[id]; ok {
		id = region
	}
	zone, err := ZoneOf(id)
	if err != nil {
		return nil
	}
	return zone
}

// ZoneError says why a text names no zone, in java.time's words.
type ZoneError struct {
	Unknown bool // the form is right, but there is no such region
	Message string
}

func (e *ZoneError) Error() string { return e.Message }

// ZoneOf is java.time's ZoneId.of: a region, Z, or an offset with or without UTC, GMT or UT in front. The error is a
// *ZoneError.
func ZoneOf(id string) (*time.Location, error) {
	if id == "Z" || id == "UTC" || id == "GMT" || id == "UT" {
		return time.UTC, nil
	}
	text := id
	for _, prefix := range [...]string{"UTC", "GMT", "UT"} {
		if rest, ok := strings.CutPrefix(id, prefix); ok && rest != "" && strings.ContainsAny(rest[:1], "+-") {
			text = rest
			break
		}
	}
	if text == "" || text[0] == '+' || text[0] == '-' {
		seconds, err := fullOffset(text)
		if err != nil {
			return nil, err
		}
		if seconds == 0 {
			return time.UTC, nil
		}
		return time.FixedZone("", seconds), nil
	}
	if !validRegion(id) {
		return nil, &ZoneError{Message: "Invalid ID for region-based ZoneId, invalid format: " + id}
	}
	zone, err := time.LoadLocation(id)
	if err != nil || id == "Local" || id == "EST" || id == "MST" || id == "HST" || id == "ROC" { // which Java leaves out
		return nil, &ZoneError{Unknown: true, Message: "Unknown time-zone ID: " + id}
	}
	return zone, nil
}

var offsetForm = regexp.MustCompile(`^([+-])(\d\d?)(?::?(\d\d)(?::?(\d\d))?)?$`)

// fullOffset is ZoneOffset.of, in seconds.
func fullOffset(text string) (int, error) {
	m := offsetForm.FindStringSubmatch(text)
	if m == nil {
		return 0, &ZoneError{Message: "Invalid ID for ZoneOffset, invalid format: " + text}
	}
	var parts [3]int
	for i := range parts {
		parts[i], _ = strconv.Atoi(m[i+2]) // digits or nothing
	}
	if parts[0] > 18 {
		return 0, &ZoneError{Message: "Zone offset hours not in valid range: value " + strings.TrimPrefix(m[1], "+") +
			strconv.Itoa(parts[0]) + " is not in the range -18 to 18"}
	}
	seconds := parts[0]*3600 + parts[1]*60 + parts[2]
	if m[1] == "-" {
		return -seconds, nil
	}
	return seconds, nil
}

func validRegion(id string) bool {
	if len(id) < 2 {
		return false
	}
	for i := 0; i < len(id); i++ {
		switch c := id[i]; {
		case isLetter(c):
		case i > 0 && (c >= '0' && c <= '9' || strings.IndexByte("/._~+-", c) >= 0):
		default:
			return false
		}
	}
	return true
}

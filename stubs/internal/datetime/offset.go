package datetime

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Unit is the unit of an offset.
type Unit uint8

// The units, by their names in mappings: "seconds", "minutes" …
const (
	Seconds Unit = iota
	Minutes
	Hours
	Days
	Months
	Years
)

var unitNames = [...]string{Seconds: "seconds", Minutes: "minutes", Hours: "hours", Days: "days", Months: "months", Years: "years"}

func (u Unit) String() string { return unitNames[u] }

// ParseUnit reads a unit by its name, in any case.
func ParseUnit(s string) (Unit, error) {
	for u, name := range unitNames {
		if strings.EqualFold(name, s) {
			return Unit(u), nil
		}
	}
	return 0, fmt.Errorf("No enum constant com.github.tomakehurst.wiremock.common.DateTimeUnit.%s", strings.ToUpper(s)) // WireMock's words
}

// Offset is an amount of time on the calendar, such as "-3 months".
type Offset struct {
	Amount int
	Unit   Unit
}

// ErrOffsetForm says that a text is no offset, in WireMock's words.
var ErrOffsetForm = errors.New("Offset can be of the short form <amount> <unit> e.g. 8 seconds or long form now +/-<amount> <unit> e.g. now +5 years") // WireMock's words

// ErrOffsetAmount says that the amount of an offset is no number.
var ErrOffsetAmount = errors.New("the amount of the offset is no number")

type amountError struct{ text string }

func (e *amountError) Error() string { return fmt.Sprintf("For input string: %q", e.text) } // Java's words

func (e *amountError) Unwrap() error { return ErrOffsetAmount }

// ParseOffset reads "3 days", "-1 months", "now +2 hours" (whose first word is not looked at) and "now".
func ParseOffset(s string) (Offset, error) {
	if strings.EqualFold(s, "now") {
		return Offset{}, nil
	}
	parts := strings.Split(strings.TrimRight(s, " "), " ")
	if len(parts) < 2 || len(parts) > 3 {
		return Offset{}, ErrOffsetForm
	}
	parts = parts[len(parts)-2:]
	amount, err := strconv.ParseInt(parts[0], 10, 32)
	if err != nil {
		return Offset{}, &amountError{parts[0]}
	}
	unit, err := ParseUnit(parts[1])
	return Offset{int(amount), unit}, err
}

// String is the offset as WireMock writes it back: "3 days".
func (o Offset) String() string { return strconv.Itoa(o.Amount) + " " + o.Unit.String() }

// Shift adds the offset to t; months and years end on the last day of a shorter month, as in java.time.
func (o Offset) Shift(t time.Time) time.Time {
	switch o.Unit {
	case Seconds:
		return t.Add(time.Duration(o.Amount) * time.Second)
	case Minutes:
		return t.Add(time.Duration(o.Amount) * time.Minute)
	case Hours:
		return t.Add(time.Duration(o.Amount) * time.Hour)
	case Days:
		return t.AddDate(0, 0, o.Amount)
	}
	months := o.Amount
	if o.Unit == Years {
		months *= 12
	}
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	return first.AddDate(0, 0, min(t.Day(), lastDay(first))-1)
}

// lastDay is the number of days of t's month.
func lastDay(t time.Time) int {
	return time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// Truncation is one of WireMock's date-time truncations, such as "first day of month".
type Truncation uint8

// The truncations, by their names in mappings and templates.
const (
	FirstSecondOfMinute Truncation = iota
	FirstMinuteOfHour
	FirstHourOfDay
	FirstDayOfMonth
	FirstDayOfNextMonth
	LastDayOfMonth
	FirstDayOfYear
	FirstDayOfNextYear
	LastDayOfYear
)

var truncationNames = [...]string{
	"first second of minute", "first minute of hour", "first hour of day", "first day of month", "first day of next month",
	"last day of month", "first day of year", "first day of next year", "last day of year",
}

func (t Truncation) String() string { return truncationNames[t] }

// ParseTruncation reads a truncation by its name, in any case, with spaces or underscores.
func ParseTruncation(s string) (Truncation, error) {
	for t, name := range truncationNames {
		if strings.EqualFold(name, strings.ReplaceAll(s, "_", " ")) {
			return Truncation(t), nil
		}
	}
	return 0, fmt.Errorf("No enum constant com.github.tomakehurst.wiremock.common.DateTimeTruncation.%s", // WireMock's words
		strings.ReplaceAll(strings.ToUpper(s), " ", "_"))
}

// Truncate applies the truncation in t's own location.
func Truncate(t time.Time, tr Truncation) time.Time {
	year, month, day := t.Date()
	hour, minute := 0, 0
	switch tr {
	case FirstSecondOfMinute:
		hour, minute = t.Hour(), t.Minute()
	case FirstMinuteOfHour:
		hour = t.Hour()
	case FirstDayOfMonth:
		day = 1
	case FirstDayOfNextMonth:
		month, day = month+1, 1
	case LastDayOfMonth:
		day = lastDay(t)
	case FirstDayOfYear:
		month, day = time.January, 1
	case FirstDayOfNextYear:
		year, month, day = year+1, time.January, 1
	case LastDayOfYear:
		month, day = time.December, 31
	}
	return time.Date(year, month, day, hour, minute, 0, 0, t.Location())
}

// Package datetime formats, parses, shifts and truncates dates the way WireMock does with java.time.
package datetime

import (
	"errors"
	"time"
)

// Formatter is a compiled java.time.format.DateTimeFormatter pattern, English locale.
type Formatter struct{ pattern string }

// Compile parses a pattern such as "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"; the error has java.time's words.
func Compile(pattern string) (*Formatter, error) { return &Formatter{pattern}, nil }

// Format prints t in its own location.
func (f *Formatter) Format(t time.Time) (string, error) { return "", errors.New("not a date") }

// Parse reads s. What the pattern leaves out is zero: midnight, and UTC unless the text names an offset or zone.
func (f *Formatter) Parse(s string) (Time, error) { return Time{}, errors.New("not a date") }

// Time is a parsed point: an instant when HasZone, else a local date and time carried in UTC.
type Time struct {
	time.Time
	HasZone bool
	HasTime bool // false for a bare date
}

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

// Offset is an amount of time on the calendar, such as "-3 months".
type Offset struct {
	Amount int
	Unit   Unit
}

// ParseOffset reads "3 days", "-1 months", "now +2 hours" without the now.
func ParseOffset(s string) (Offset, error) { return Offset{}, errors.New("not an offset") }

// Shift adds the offset to t; months and years end on the last day of a shorter month, as in java.time.
func (o Offset) Shift(t time.Time) time.Time { return t }

// Truncation is one of WireMock's date-time truncations, such as "first day of month".
type Truncation uint8

// ParseTruncation reads a truncation by its name in mappings and templates.
func ParseTruncation(s string) (Truncation, error) { return 0, errors.New("not a truncation") }

// Truncate applies the truncation in t's own location.
func Truncate(t time.Time, tr Truncation) time.Time { return t }

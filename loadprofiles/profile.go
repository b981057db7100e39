package loadprofiles

import (
	"fmt"
	"strings"
	"time"
)

// Profile is the shape of load, independent of how much of it: rates are multiples of the plateau rate, lengths are
// shares of the duration.
type Profile struct {
	Name    string
	Purpose string // one line: the question that this profile answers

	// Defaults, used where a Config leaves the field at zero.
	Rate     float64       // iterations per second at the plateau
	Duration time.Duration // the whole profile, ramps included
	Ramp     time.Duration // each segment marked as Ramp

	Start    float64 // multiple of the rate at which the profile begins
	Segments []Segment
}

// Segment leads from the rate before it to another one, in a straight line; equal rates make a plateau.
type Segment struct {
	To     float64 // multiple of the plateau rate at the segment's end
	Ramp   bool    // lasts as long as the profile's ramp
	Weight float64 // otherwise: its share of what the ramps leave of the duration
}

// Profiles returns the profiles in the order in which a change usually meets them.
func Profiles() []Profile {
	return []Profile{
		{
			Name: "smoke", Purpose: "does the script work and does the application answer at all",
			Rate: 1, Duration: 30 * time.Second,
			Start: 1, Segments: []Segment{{To: 1, Weight: 1}},
		},
		{
			Name: "load", Purpose: "does it hold its objectives under an ordinary day's traffic",
			Rate: 50, Duration: 5 * time.Minute, Ramp: 30 * time.Second,
			Segments: []Segment{{To: 1, Ramp: true}, {To: 1, Weight: 1}, {To: 0, Ramp: true}},
		},
		{
			Name: "peak", Purpose: "does it hold its objectives at the highest traffic it is built for",
			Rate: 200, Duration: 3 * time.Minute, Ramp: 10 * time.Second,
			Segments: []Segment{{To: 1, Ramp: true}, {To: 1, Weight: 1}},
		},
		{
			Name: "stress", Purpose: "how does it behave beyond its peak, in steps up to double the rate",
			Rate: 200, Duration: 6 * time.Minute, Ramp: 10 * time.Second,
			Segments: []Segment{
				{To: 1, Ramp: true}, {To: 1, Weight: 1},
				{To: 1.5, Ramp: true}, {To: 1.5, Weight: 1},
				{To: 2, Ramp: true}, {To: 2, Weight: 1},
				{To: 0, Ramp: true},
			},
		},
		{
			Name: "spike", Purpose: "does it survive a sudden burst and come back to normal",
			Rate: 300, Duration: 2 * time.Minute, Ramp: 2 * time.Second,
			Start: 0.1, Segments: []Segment{
				{To: 0.1, Weight: 1},
				{To: 1, Ramp: true}, {To: 1, Weight: 1},
				{To: 0.1, Ramp: true}, {To: 0.1, Weight: 2},
			},
		},
		{
			Name: "soak", Purpose: "does it leak or degrade over hours of ordinary traffic",
			Rate: 50, Duration: time.Hour, Ramp: time.Minute,
			Segments: []Segment{{To: 1, Ramp: true}, {To: 1, Weight: 1}, {To: 0, Ramp: true}},
		},
		{
			Name: "breakpoint", Purpose: "at which rate does it break, climbing steadily to the given one",
			Rate: 1000, Duration: 10 * time.Minute,
			Segments: []Segment{{To: 1, Weight: 1}},
		},
	}
}

// LookupProfile returns the profile of that name. The error of an unknown name lists the known ones and the nearest.
func LookupProfile(name string) (Profile, error) {
	var names []string
	for _, p := range Profiles() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Profile{}, fmt.Errorf("unknown load profile %q%s (known: %s)",
		name, didYouMean(name, names), strings.Join(names, ", "))
}

// stages lays the profile out in time for a duration and a ramp; targets stay multiples of the plateau rate.
func (p Profile) stages(duration, ramp time.Duration) []stage {
	ramps, weights := 0, 0.0
	for _, s := range p.Segments {
		if s.Ramp {
			ramps++
		}
		weights += s.Weight
	}
	rest := float64(duration - time.Duration(ramps)*ramp)
	stages := make([]stage, 0, len(p.Segments))
	passed, end := 0.0, time.Duration(0) // of the weights and of the rest
	for _, s := range p.Segments {
		length := ramp
		if !s.Ramp {
			begin := end
			passed += s.Weight
			end = time.Duration(rest * passed / weights).Round(time.Millisecond)
			length = end - begin
		}
		if length > 0 || s.Ramp { // a ramp of zero is a jump, which k6 knows as a stage of no length
			stages = append(stages, stage{length, s.To})
		}
	}
	return stages
}

// stage is a segment with a length.
type stage struct {
	length time.Duration
	to     float64
}

// ramps says whether the profile has segments whose length the ramp option sets, and how many.
func (p Profile) ramps() (n int) {
	for _, s := range p.Segments {
		if s.Ramp {
			n++
		}
	}
	return n
}

// peak is the highest multiple of the plateau rate that the profile reaches.
func (p Profile) peak() float64 {
	highest := p.Start
	for _, s := range p.Segments {
		highest = max(highest, s.To)
	}
	return highest
}

// constant says whether the rate never changes.
func (p Profile) constant() bool {
	for _, s := range p.Segments {
		if s.To != p.Start {
			return false
		}
	}
	return true
}

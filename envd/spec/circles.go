package spec

import (
	"slices"
	"strings"
)

// Circles tells of each wait that closes a circle: waits lists what a service waits for, names that are no services are
// to be left out of it; found gets the service that waits, which of its waits it is, and the mistake in words.
func Circles(services []string, waits func(name string) []string, found func(name string, i int, message string)) {
	const walking, done = 1, 2
	state := map[string]int{}
	var trail []string
	var walk func(name string)
	walk = func(name string) {
		state[name] = walking
		trail = append(trail, name)
		for i, on := range waits(name) {
			switch state[on] {
			case walking:
				circle := append(slices.Clone(trail[slices.Index(trail, on):]), on)
				found(name, i, "depends_on goes in a circle: "+strings.Join(circle, " → "))
			case 0:
				walk(on)
			}
		}
		trail = trail[:len(trail)-1]
		state[name] = done
	}
	for _, name := range services {
		if state[name] == 0 {
			walk(name)
		}
	}
}

// CircleHelp is what to do about one.
const CircleHelp = "remove one of these dependencies"

package spec

import (
	"slices"
	"strings"
)

// Circles calls found for each wait that closes a circle: with the service that waits, the index of the wait, and a message.
// waits returns the names of services that a service waits for.
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

// CircleHelp says what to do about a circle.
const CircleHelp = "remove one of these dependencies"

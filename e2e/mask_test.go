package e2e

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"time"
)

// appMask prints a JSON document with what differs between two runs of one spec by nature replaced by a word: the ID and
// the directory of the run, points in time, how long something took, and what it used. Everything else is there to be compared.
func appMask(path string) {
	b, err := os.ReadFile(path)
	if err != nil {
		fatal(err)
	}
	var document any
	if err := json.Unmarshal(b, &document); err != nil {
		fatal(err)
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	if err := e.Encode(masked(document)); err != nil {
		fatal(err)
	}
}

// tookForm is how messages tell how long something took.
var tookForm = regexp.MustCompile(`\d+(\.\d+)? (µs|ms|s)\b`)

func masked(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "used") // by services, which a run that is over before they were asked does not tell at all
		for key := range v {
			if v[key] = masked(v[key]); slices.Contains([]string{"id", "dir", "duration"}, key) {
				v[key] = key
			}
		}
	case []any:
		for i := range v {
			v[i] = masked(v[i])
		}
	case string:
		if _, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return "time"
		}
		return tookForm.ReplaceAllString(v, "some time")
	}
	return v
}

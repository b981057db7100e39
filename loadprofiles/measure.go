package loadprofiles

import (
	"strconv"
	"time"
)

// Measure is what one metric of k6 measured in one second with one set of tags. Durations are in milliseconds and
// sizes in bytes.
type Measure struct {
	Second time.Time  // the wall-clock second in which the samples were taken; of an http_req_* or iteration_* one: in which that ended
	Metric string     // http_req_duration, checks, …: https://grafana.com/docs/k6/latest/using-k6/metrics/reference/
	Type   MetricType // which of the following fields are set
	Tags   Tags

	Count   int64    // samples; of a counter unknown and 0
	Sum     float64  // of a counter or trend
	NonZero int64    // of a rate: the samples that are not zero
	Last    float64  // of a gauge
	Min     float64  // of a gauge or trend
	Max     float64  // of a gauge or trend
	Buckets []Bucket // of a trend, in ascending order
}

// Bucket counts the samples of a trend that are greater than Low and at most High. It is narrower than 0.8 % of its
// values, or than 0.001 where that is more: a thousandth of a millisecond. Zero has a bucket of its own, all negative
// values share one from minus infinity, and Min and Max may lie inside of the outermost buckets.
type Bucket struct {
	Low, High float64
	Count     int64
}

// Tags are what a sample is tagged with.
type Tags struct {
	Status    int    // HTTP status; 0 when there was no response
	Method    string //
	Name      string // of the request: its name tag, which is the URL unless the script sets it
	URL       string // only when a threshold selects by it
	Scenario  string //
	Check     string // name of the check, on metric checks
	Group     string //
	Error     string // text of a transport or protocol error
	ErrorCode int    // https://grafana.com/docs/k6/latest/javascript-api/error-codes/; 0 when there was no error
	Expected  string // "true" or "false": whether the response was an expected one; empty where the script does not ask

	Extra map[string]string // tags of the user and other system tags; nil when there are none
}

// Get returns the value of a tag by k6's name for it; an absent one is empty.
func (t *Tags) Get(name string) string {
	switch {
	case name == "status" && t.Status != 0:
		return strconv.Itoa(t.Status)
	case name == "error_code" && t.ErrorCode != 0:
		return strconv.Itoa(t.ErrorCode)
	}
	if field := t.field(name); field != nil {
		return *field
	}
	return t.Extra[name]
}

// field returns where a text tag is kept, or nil if it has no field.
func (t *Tags) field(name string) *string {
	switch name {
	case "method":
		return &t.Method
	case "name":
		return &t.Name
	case "url":
		return &t.URL
	case "scenario":
		return &t.Scenario
	case "check":
		return &t.Check
	case "group":
		return &t.Group
	case "error":
		return &t.Error
	case "expected_response":
		return &t.Expected
	default:
		return nil
	}
}

func (t *Tags) set(name, value string) {
	if value == "" {
		return
	}
	switch name {
	case "status":
		t.setCode(&t.Status, name, value)
	case "error_code":
		t.setCode(&t.ErrorCode, name, value)
	default:
		if field := t.field(name); field != nil {
			*field = value
		} else {
			t.extra(name, value)
		}
	}
}

// setCode keeps what its field cannot tell from absence, such as the status 0 of a request without a response, as an
// extra tag.
func (t *Tags) setCode(field *int, name, value string) {
	code, err := strconv.Atoi(value)
	if err != nil || strconv.Itoa(code) != value || code == 0 {
		t.extra(name, value)
		return
	}
	*field = code
}

func (t *Tags) extra(name, value string) {
	if t.Extra == nil {
		t.Extra = map[string]string{}
	}
	t.Extra[name] = value
}

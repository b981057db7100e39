package loadprofiles

import (
	"strconv"
	"strings"
	"time"
)

// Point is one sample of k6: what one metric measured once. Durations are in milliseconds, sizes in bytes, rates are
// 0 or 1 per sample and counters are increments.
type Point struct {
	Time   time.Time // when it was taken; of an http_req_* or iteration_* sample: when that ended
	Metric string    // http_req_duration, checks, …: https://grafana.com/docs/k6/latest/using-k6/metrics/reference/
	Value  float64
	Tags   *Tags // never nil, shared by many points and not to be changed
}

// Tags are what a sample is tagged with. Points of equal tags usually share one, so the pointer serves as a key of a
// cache, though not as an identity.
type Tags struct {
	Status    int    // HTTP status; 0 when there was no response
	Method    string //
	Name      string // of the request: its name tag, which is the URL unless the script sets it
	URL       string // only when a threshold selects by it
	Scenario  string //
	Check     string // name of the check, on metric checks
	Group     string // only when a threshold selects by it
	Error     string // text of a transport or protocol error
	ErrorCode int    // https://grafana.com/docs/k6/latest/javascript-api/error-codes/; 0 when there was no error

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
	default:
		return nil
	}
}

// set stores a tag of a CSV column. The column extra_tags holds the others as a=b&c=d, unescaped: a part without =
// belongs to the value before it.
func (t *Tags) set(column, value string) {
	if value == "" {
		return
	}
	switch column {
	case "status":
		t.setCode(&t.Status, column, value)
	case "error_code":
		t.setCode(&t.ErrorCode, column, value)
	case "metadata":
	case "extra_tags":
		name := ""
		for part := range strings.SplitSeq(value, "&") {
			if n, v, found := strings.Cut(part, "="); found {
				name = n
				t.extra(name, v)
			} else if name != "" {
				t.extra(name, t.Extra[name]+"&"+part)
			}
		}
	default:
		if field := t.field(column); field != nil {
			*field = value
		} else {
			t.extra(column, value)
		}
	}
}

// setCode keeps what its field cannot tell from absence, such as the status 0 of a request without a response, as an
// extra tag.
func (t *Tags) setCode(field *int, column, value string) {
	code, err := strconv.Atoi(value)
	if err != nil || strconv.Itoa(code) != value || code == 0 {
		t.extra(column, value)
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

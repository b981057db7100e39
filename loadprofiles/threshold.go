package loadprofiles

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Threshold is one expression of a script's options.thresholds, such as http_req_duration{status:200}: p(95)<500.
// The grammar is k6's: https://grafana.com/docs/k6/latest/using-k6/thresholds/#threshold-syntax.
type Threshold struct {
	Metric     string      `json:"metric"`           // without the filter
	Filter     []TagFilter `json:"filter,omitempty"` // all must hold
	Source     string      `json:"source"`           // the expression as written
	Method     string      `json:"method"`           // value, count, rate, avg, min, max or p; med is p at 50
	Percentile float64     `json:"percentile,omitempty"`
	Op         string      `json:"op"` // <, <=, >, >=, == or !=
	Limit      float64     `json:"limit"`
	Type       MetricType  `json:"type"`

	AbortOnFail bool     `json:"abort_on_fail,omitempty"`
	DelayAbort  Duration `json:"delay_abort,omitempty"` // how long a run lasts at least before it may be aborted

	// Problem says why this threshold cannot be evaluated, and is empty when it can.
	Problem string `json:"problem,omitempty"`
}

// TagFilter selects the samples whose tag has that value; an absent tag has the empty value.
type TagFilter struct {
	Tag   string `json:"tag"`
	Value string `json:"value"`
}

// MetricType is the kind of a k6 metric.
type MetricType string

// The kinds of k6 metrics: https://grafana.com/docs/k6/latest/using-k6/metrics/.
const (
	Counter MetricType = "counter"
	Gauge   MetricType = "gauge"
	Rate    MetricType = "rate"
	Trend   MetricType = "trend"
)

// String returns the threshold as metric{tag:value}: expression.
func (t Threshold) String() string {
	if len(t.Filter) == 0 {
		return t.Metric + ": " + t.Source
	}
	filters := make([]string, len(t.Filter))
	for i, f := range t.Filter {
		filters[i] = f.Tag + ":" + f.Value
	}
	return t.Metric + "{" + strings.Join(filters, ",") + "}: " + t.Source
}

// builtinTypes are the metrics that k6 itself emits: https://grafana.com/docs/k6/latest/using-k6/metrics/reference/.
var builtinTypes = map[string]MetricType{
	"vus": Gauge, "vus_max": Gauge,
	"iterations": Counter, "dropped_iterations": Counter, "data_sent": Counter, "data_received": Counter,
	"http_reqs": Counter, "ws_sessions": Counter, "ws_msgs_sent": Counter, "ws_msgs_received": Counter,
	"checks": Rate, "http_req_failed": Rate,
	"iteration_duration": Trend, "group_duration": Trend,
	"http_req_duration": Trend, "http_req_blocked": Trend, "http_req_connecting": Trend,
	"http_req_tls_handshaking": Trend, "http_req_sending": Trend, "http_req_waiting": Trend,
	"http_req_receiving": Trend, "ws_ping": Trend, "ws_session_duration": Trend, "ws_connecting": Trend,
	"grpc_req_duration": Trend,
}

// isSystemTag says whether k6 sets the tag by itself, if told to by --system-tags.
func isSystemTag(name string) bool {
	return slices.Contains([]string{
		"check", "error", "error_code", "expected_response", "group", "ip", "method", "name", "ocsp_status", "proto",
		"scenario", "service", "status", "subproto", "tls_version", "url",
	}, name)
}

// parseThreshold reads an expression on a metric with an optional {tag:value,...} filter. What does not parse comes
// back as a threshold with a Problem, since it must not vanish.
func parseThreshold(metric, source string) Threshold {
	t := Threshold{Source: source}
	err := errors.Join(t.parseMetric(metric), t.parseExpression(source))
	if err != nil {
		t.Problem = err.Error()
	}
	return t
}

func (t *Threshold) parseMetric(metric string) error {
	name, filter, filtered := strings.Cut(metric, "{")
	t.Metric, t.Type = name, builtinTypes[name]
	if !filtered {
		return nil
	}
	filter, closed := strings.CutSuffix(filter, "}")
	if !closed {
		return fmt.Errorf("metric %q: no closing }", metric)
	}
	const quotes = `"'`
	for _, pair := range strings.Split(filter, ",") {
		tag, value, found := strings.Cut(pair, ":")
		f := TagFilter{strings.Trim(strings.TrimSpace(tag), quotes), strings.Trim(strings.TrimSpace(value), quotes)}
		if !found || f.Tag == "" {
			return fmt.Errorf("metric %q: %q is not tag:value", metric, pair)
		}
		if f.Tag == "vu" || f.Tag == "iter" {
			return fmt.Errorf("metric %q: samples cannot be selected by %s", metric, f.Tag)
		}
		if strings.HasPrefix(f.Tag, "__") || f.Tag == "test_run_id" { // k6 takes them off what it aggregates
			return fmt.Errorf("metric %q: %s is a name that k6 keeps for itself", metric, f.Tag)
		}
		t.Filter = append(t.Filter, f)
	}
	return nil
}

func (t *Threshold) parseExpression(source string) error {
	method, op, limit, err := cutExpression(source)
	if err != nil {
		return err
	}
	t.Op = op
	if t.Limit, err = strconv.ParseFloat(limit, 64); err != nil {
		return fmt.Errorf("threshold %q: %q is not a number", source, limit)
	}
	switch method {
	case "value", "count", "rate", "avg", "min", "max":
		t.Method = method
	case "med":
		t.Method, t.Percentile = "p", 50
	default:
		number, found := strings.CutPrefix(method, "p(")
		number, closed := strings.CutSuffix(number, ")")
		t.Method = "p"
		t.Percentile, err = strconv.ParseFloat(number, 64)
		if !found || !closed || err != nil || !(t.Percentile >= 0 && t.Percentile <= 100) {
			return fmt.Errorf("threshold %q: unknown aggregation %q", source, method)
		}
	}
	return nil
}

// cutExpression splits an expression at its operator; === is the same as == on numbers.
func cutExpression(source string) (method, op, limit string, err error) {
	for _, op := range []string{"<=", "<", ">=", ">", "===", "==", "!="} {
		left, right, found := strings.Cut(source, op)
		if found {
			return strings.TrimSpace(left), strings.Replace(op, "===", "==", 1), strings.TrimSpace(right), nil
		}
	}
	return "", "", "", fmt.Errorf("threshold %q: no comparison", source)
}

// supports says whether k6 has that aggregation for a type of metric.
func (m MetricType) supports(method string) bool {
	switch m {
	case Counter:
		return method == "count" || method == "rate"
	case Gauge:
		return method == "value"
	case Rate:
		return method == "rate"
	default:
		return m == Trend && slices.Contains([]string{"avg", "min", "max", "p"}, method)
	}
}

// holds compares an aggregated value with the limit.
func (t Threshold) holds(value float64) bool {
	switch t.Op {
	case "<":
		return value < t.Limit
	case "<=":
		return value <= t.Limit
	case ">":
		return value > t.Limit
	case ">=":
		return value >= t.Limit
	case "!=":
		return value != t.Limit
	default:
		return value == t.Limit
	}
}

// decide compares an aggregate that lies between two bounds with the limit. Where that leaves both outcomes possible,
// the status is unknown.
func (t Threshold) decide(low, high float64) Status {
	equality := t.Op == "==" || t.Op == "!="
	switch held := t.holds(low); {
	case held != t.holds(high), equality && low < t.Limit && t.Limit < high:
		return Unknown
	case held:
		return Passed
	default:
		return Failed
	}
}

// scriptThreshold is a threshold as k6 inspect prints it: the expression, or an object when it may abort the run.
type scriptThreshold struct {
	Threshold   string `json:"threshold"`
	AbortOnFail bool   `json:"abortOnFail"`
	Delay       string `json:"delayAbortEval"`
}

// UnmarshalJSON reads both forms.
func (t *scriptThreshold) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &t.Threshold); err == nil {
		return nil
	}
	type object scriptThreshold
	return json.Unmarshal(data, (*object)(t))
}

// thresholdsOf parses what k6 inspect printed, in a stable order.
func thresholdsOf(printed map[string][]scriptThreshold) []Threshold {
	var all []Threshold
	for _, metric := range sortedKeys(printed) {
		for _, p := range printed[metric] {
			t := parseThreshold(metric, p.Threshold)
			t.AbortOnFail = p.AbortOnFail
			if delay, err := time.ParseDuration(p.Delay); err == nil {
				t.DelayAbort = Duration(delay)
			} else if p.Delay != "" && t.Problem == "" {
				t.Problem = fmt.Sprintf("delayAbortEval: %v", err)
			}
			all = append(all, t)
		}
	}
	return all
}

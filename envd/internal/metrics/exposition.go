package metrics

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// maxSeries is how many series of an endpoint are kept besides the wanted ones, in the order of names: a service with a
// label for each of its users must not fill the evidence.
const maxSeries = 500

// Series reads what a service exposes in the text format of Prometheus
// (https://prometheus.io/docs/instrumenting/exposition_formats/): values by name{label="value"}, histograms and
// summaries as their _count and _sum. Values that are not finite are left out. left is how many other series were dropped,
// because there are more than maxSeries. wanted selects series to keep in any case; it may be nil.
func Series(exposition io.Reader, wanted func(name string) bool) (values map[string]float64, left int, err error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(exposition)
	if err != nil {
		return nil, 0, fmt.Errorf("not the text format of Prometheus: %w", err)
	}
	values = map[string]float64{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			eachValue(name, m, func(name string, v float64) {
				if !math.IsNaN(v) && !math.IsInf(v, 0) {
					values[name+labels(m)] = v
				}
			})
		}
	}
	if len(values) <= maxSeries {
		return values, 0, nil
	}
	names := make([]string, 0, len(values))
	for name := range values {
		if wanted == nil || !wanted(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names[min(maxSeries, len(names)):] {
		delete(values, name)
		left++
	}
	return values, left, nil
}

func eachValue(name string, m *dto.Metric, fn func(name string, v float64)) {
	switch {
	case m.Counter != nil:
		fn(name, m.Counter.GetValue())
	case m.Gauge != nil:
		fn(name, m.Gauge.GetValue())
	case m.Untyped != nil:
		fn(name, m.Untyped.GetValue())
	case m.Histogram != nil:
		fn(name+"_count", float64(m.Histogram.GetSampleCount()))
		fn(name+"_sum", m.Histogram.GetSampleSum())
	case m.Summary != nil:
		fn(name+"_count", float64(m.Summary.GetSampleCount()))
		fn(name+"_sum", m.Summary.GetSampleSum())
	}
}

// labels writes a metric's labels, sorted by name, as the format does.
func labels(m *dto.Metric) string {
	if len(m.Label) == 0 {
		return ""
	}
	pairs := make([]string, len(m.Label))
	for i, l := range m.Label {
		pairs[i] = fmt.Sprintf("%s=%q", l.GetName(), l.GetValue())
	}
	slices.Sort(pairs)
	return "{" + strings.Join(pairs, ",") + "}"
}

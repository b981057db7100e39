package quantity

import "github.com/envd-dev/envd/envd"

// ForMetric returns the format of a load metric's values.
func ForMetric(m envd.Metric) Format {
	switch m {
	case envd.MetricErrorRate, envd.MetricChecks:
		return PercentFormat
	case envd.MetricRate:
		return RateFormat
	case envd.MetricRequests, envd.MetricIterations:
		return CountFormat
	}
	return MillisFormat
}

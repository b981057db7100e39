package jsonmatch

import "github.com/envd-dev/envd/stubs/internal/jsondoc"

// counter walks both documents to the end and sums up what differs, as WireMock's difference listener does.
type counter struct {
	*Comparison
	count int
}

// report counts a difference; an absent side is nil.
func (d *counter) report(expected, actual any, hasExpected, hasActual bool) {
	size := 0
	if hasExpected && expected != nil {
		size = valueSize(expected)
	}
	if hasActual && actual != nil {
		size = max(size, valueSize(actual))
	}
	d.count += max(size, 1)
}

// valueSize is DeepSize as WireMock counts what differs: members that are null do not count.
func valueSize(v any) int {
	n := 1
	count := func(child any) {
		n++
		switch child.(type) {
		case []any, *jsondoc.Object:
			n += valueSize(child)
		}
	}
	switch t := v.(type) {
	case []any:
		for _, e := range t {
			count(e)
		}
	case *jsondoc.Object:
		for _, m := range t.Members() {
			if m.Value != nil {
				count(m.Value)
			}
		}
	}
	return n
}

func (d *counter) nodes(expected, actual any) {
	switch t := expected.(type) {
	case *jsondoc.Object:
		if o, ok := actual.(*jsondoc.Object); ok {
			d.objects(t, o)
			return
		}
	case []any:
		if list, ok := actual.([]any); ok {
			d.lists(t, list)
			return
		}
	}
	if !scalar(expected, actual) {
		d.report(expected, actual, true, true)
	}
}

func (d *counter) objects(expected, actual *jsondoc.Object) {
	for _, m := range expected.Members() {
		v, ok := actual.Get(m.Name)
		if ok {
			d.nodes(m.Value, v)
		} else if _, optional := m.Value.(ignoredElement); !optional {
			d.report(m.Value, nil, true, false)
		}
	}
	if d.opts.IgnoreExtraElements {
		return
	}
	for _, m := range actual.Members() {
		if _, ok := expected.Get(m.Name); !ok {
			d.report(nil, m.Value, false, true)
		}
	}
}

func (d *counter) lists(expected, actual []any) {
	if !d.opts.IgnoreArrayOrder {
		for i := range min(len(expected), len(actual)) {
			d.nodes(expected[i], actual[i])
		}
		for _, v := range expected[min(len(expected), len(actual)):] {
			d.report(v, nil, true, false)
		}
		if !d.opts.IgnoreExtraElements {
			for _, v := range actual[min(len(expected), len(actual)):] {
				d.report(nil, v, false, true)
			}
		}
		return
	}
	missing, extra := d.match(expected, actual)
	if len(expected) == len(actual) && len(missing) == 1 && len(extra) == 1 {
		d.nodes(expected[missing[0]], actual[extra[0]])
		return
	}
	for _, i := range missing {
		d.report(expected[i], nil, true, false)
	}
	if !d.opts.IgnoreExtraElements {
		for _, i := range extra {
			d.report(nil, actual[i], false, true)
		}
	}
}

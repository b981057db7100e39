package diff

import (
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/match"
)

// expectation is a pattern on one value or on several.
type expectation interface {
	Name() string
	Expected() string
}

func assigned(name, equals string, p expectation) string {
	if isEquality(p) {
		return name + equals + p.Expected()
	}
	return name + " [" + p.Name() + "] " + p.Expected()
}

// isEquality tells the operators that the page does not name.
func isEquality(p expectation) bool {
	return p.Name() == "equalTo" || p.Name() == "equalToJson" || p.Name() == "equalToXml"
}

// hostLabel is the host's expected value, with the operator in front unless that is equality.
func hostLabel(p match.Pattern) string {
	if isEquality(p) {
		return p.Expected()
	}
	return "[" + p.Name() + "] " + p.Expected()
}

// operand is what a pattern was given in its mapping, a document as it stands there; of several patterns joined, what the
// first expects.
func operand(p match.Pattern) string {
	switch p.Name() {
	case "absent":
		return "null"
	case "and", "or":
		if l, ok := p.(interface{ First() match.Pattern }); ok && l.First() != nil {
			return expected(l.First())
		}
	case "equalToJson", "equalToXml", "matchesJsonSchema":
		if v, ok := firstOperand(jsondoc.Of(p)).(string); ok {
			return v
		}
	}
	return p.Expected()
}

func firstOperand(v any) any {
	switch t := v.(type) {
	case *jsondoc.Object:
		if t.Len() > 0 {
			return firstOperand(t.Members()[0].Value)
		}
	case []any:
		if len(t) > 0 {
			return firstOperand(t[0])
		}
	}
	return v
}

func headerLabel(name string, p match.MultiPattern) string {
	if label, ok := multiple(name, p); ok {
		return label
	}
	if isEquality(p) {
		return strings.TrimSuffix(name+": "+p.Expected(), ": ")
	}
	return strings.TrimRight(name+" ["+p.Name()+"] : "+p.Expected(), " :")
}

// multiple labels hasExactly and includes: "q exactly [equalTo 1 AND matches 2]".
func multiple(name string, p match.MultiPattern) (string, bool) {
	m, ok := p.(interface{ Operator() string })
	if !ok || m.Operator() == "" {
		return "", false
	}
	return name + m.Operator() + "[" + p.Name() + "]", true
}

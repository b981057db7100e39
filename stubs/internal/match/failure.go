package match

import (
	"errors"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsonpath"
)

// Failure is what WireMock throws, and answers with 500, where matching p against v fails in its own code; nil if it
// does not. It is costly and there for requests that no stub matched.
func Failure(p Pattern, v Value) error { return Fitting.Failure(p, v) }

// FailureOfAll is [Failure] for the values of a name, of which there may be none.
func FailureOfAll(p MultiPattern, values []string) error { return Fitting.FailureOfAll(p, values) }

// Trial is how far WireMock goes with a pattern. Reading comes first with every pattern there is: dates are parsed and
// expressions evaluated then. What only shows later, fails where the question comes to it.
type Trial uint8

// The trials.
const (
	Fitting   Trial = iota // whether the value fits: operands in turn, until that is clear
	Reading                // all operands, without a question about them
	Measuring              // how far off the value is: all operands
)

// Failure is [Failure] of the trial.
func (t Trial) Failure(p Pattern, v Value) error {
	switch p := p.(type) {
	case *pathTemplate:
		if t != Reading && !v.Present {
			return errors.New(`java.lang.NullPointerException: Cannot invoke "String.contains(java.lang.CharSequence)" because "url" is null`)
		}
	case *matchesXPath:
		return p.failure(v)
	case *dateTime:
		return p.failure(v)
	case *matchesJSONPath:
		return p.failure(v)
	case *not:
		return t.Failure(p.unexpected, v)
	case *logical:
		return t.failureOf(p, v)
	}
	return nil
}

func (t Trial) failureOf(p *logical, v Value) error {
	if t == Fitting {
		if err := Reading.failureOf(p, v); err != nil {
			return err
		}
	}
	for _, o := range p.operands {
		if err := t.Failure(o, v); err != nil {
			return err
		}
		if t == Fitting && o.Exact(v) == (p.Name() == "or") {
			return nil // WireMock looks no further
		}
	}
	return nil
}

// Risk says whether matching may fail in WireMock's own code.
type Risk uint8

// The risks of a pattern.
const (
	NoRisk   Risk = iota
	RareRisk      // on documents that are odd: a pattern that such a request fits need not be asked
	Risky         // on values that are no numbers, or that are absent, or on values that fit all the same
)

// RiskOf tells which patterns [Failure] is to be asked about.
func RiskOf(p Pattern) Risk {
	switch t := p.(type) {
	case *pathTemplate:
		return Risky
	case *dateTime:
		if t.counts() {
			return Risky
		}
	case *matchesXPath:
		return riskOfFindings(t.sub)
	case *matchesJSONPath:
		return riskOfFindings(t.sub)
	case *not:
		return RiskOf(t.unexpected).Hidden()
	case *logical:
		risk := riskOfEach(t.operands)
		if t.or {
			return risk.Hidden()
		}
		return risk
	}
	return NoRisk
}

// Hidden is the risk where the whole may fit although a part fails: the pattern then has to be asked in any case.
func (r Risk) Hidden() Risk {
	if r == NoRisk {
		return NoRisk
	}
	return Risky
}

func riskOfEach(patterns []Pattern) Risk {
	risk := NoRisk
	for _, p := range patterns {
		risk = max(risk, RiskOf(p))
	}
	return risk
}

// riskOfFindings is that of a pattern with a submatcher, which may be nil: one finding fits while another fails.
func riskOfFindings(sub Pattern) Risk {
	if sub == nil {
		return RareRisk
	}
	return max(RareRisk, RiskOf(sub).Hidden())
}

// RiskOfAll is [RiskOf] for a pattern on several values, of which one may fit while another fails.
func RiskOfAll(p MultiPattern) Risk {
	switch t := p.(type) {
	case *single:
		return RiskOf(t.Pattern).Hidden()
	case *multiple:
		return riskOfEach(t.patterns).Hidden()
	}
	return NoRisk
}

// FailureOfAll is [FailureOfAll] of the trial.
func (t Trial) FailureOfAll(p MultiPattern, values []string) error {
	patterns := []Pattern{}
	switch p := p.(type) {
	case *single:
		patterns = append(patterns, p.Pattern)
		if len(values) == 0 {
			return t.Failure(p.Pattern, Absent())
		}
	case *multiple:
		patterns = p.patterns
	}
	if len(values) > 1 { // distances tell which value counts
		t = Measuring
	}
	for _, p := range patterns {
		for _, value := range values {
			if err := t.Failure(p, Text(value)); err != nil {
				return err
			}
		}
	}
	return nil
}

// failure is that of a document with an attribute whose prefix is not declared, when it has to be read with namespaces,
// or of printing an element whose attribute has a prefix declared further out.
func (p *matchesXPath) failure(v Value) error {
	if !v.Present || !looksLikeXML(v.Text) {
		return nil
	}
	if p.namespaces != nil {
		doc, err := v.document(false)
		if err != nil {
			return nil
		}
		if prefix := doc.Root.Undeclared(); prefix != "" {
			return errors.New("wiremock.org.xmlunit.XMLUnitException: java.lang.RuntimeException: Namespace for prefix '" + prefix + "' has not been declared.")
		}
	}
	if p.sub == nil || p.path == nil {
		return nil
	}
	if prefix := p.undeclared(p.find(v)); prefix != "" {
		return errors.New("wiremock.jakarta.servlet.ServletException: javax.xml.transform.TransformerException: java.lang.RuntimeException: Namespace for prefix '" + prefix + "' has not been declared.")
	}
	for _, text := range p.texts(v) {
		if err := Failure(p.sub, Text(text)); err != nil {
			return err
		}
	}
	return nil
}

// counts reports whether actual dates are numbers of seconds or milliseconds.
func (p *dateTime) counts() bool {
	return p.format != nil && (strings.EqualFold(*p.format, "unix") || strings.EqualFold(*p.format, "epoch"))
}

func (p *dateTime) failure(v Value) error {
	if !v.Present || !p.counts() {
		return nil
	}
	if _, err := strconv.ParseInt(v.Text, 10, 64); err != nil {
		return errors.New(`java.lang.NumberFormatException: For input string: "` + v.Text + `"`)
	}
	return nil
}

func (p *matchesJSONPath) failure(v Value) error {
	if p.sub == nil || !v.Present {
		return nil
	}
	result, _ := p.find(v)
	list, ok := result.([]any)
	if _, whole := p.sub.(*equalToJSON); !ok || whole {
		return nil
	}
	for _, e := range list {
		if e == nil {
			return errors.New("java.lang.NullPointerException")
		}
		if err := Failure(p.sub, Text(jsonpath.String(e))); err != nil {
			return err
		}
	}
	return nil
}

package match

import (
	"slices"
	"sort"
	"strconv"
	"strings"
)

type logical struct {
	or       bool
	operands []Pattern
}

func parseLogical(op operation) (Pattern, error) {
	list, ok := op.operand.([]any)
	if !ok {
		return nil, newError(op.ptr, "and field must be an array of matchers")
	}
	operands, err := parseList(list, op.ptr)
	if err != nil {
		return nil, err
	}
	if len(operands) < 2 {
		return nil, newError(op.ptr, "Must be constructed with at least two matchers")
	}
	return &logical{op.name == "or", operands}, nil
}

func parseList(list []any, ptr string) ([]Pattern, error) {
	operands := make([]Pattern, 0, len(list))
	for i, v := range list {
		p, err := ParseValue(v, ptr+"/"+strconv.Itoa(i), StringValue)
		if err != nil {
			return nil, err
		}
		operands = append(operands, p)
	}
	return operands, nil
}

func (p *logical) Exact(v Value) bool {
	for _, o := range p.operands {
		if o.Exact(v) == p.or {
			return p.or
		}
	}
	return !p.or
}

func (p *logical) Match(v Value) Result {
	results := make([]Result, len(p.operands))
	for i, o := range p.operands {
		results[i] = o.Match(v)
	}
	if !p.or {
		return aggregate(results)
	}
	// Java sorts NaN behind all numbers.
	sort.SliceStable(results, func(i, j int) bool { return closer(results[i].Distance, results[j].Distance) })
	return Result{slices.ContainsFunc(results, func(r Result) bool { return r.Exact }), results[0].Distance}
}

// aggregate is WireMock's mean of results of equal weight; all have to be exact.
func aggregate(results []Result) Result {
	total, exact := 0.0, true
	for _, r := range results {
		total += r.Distance
		exact = exact && r.Exact
	}
	return Result{exact, total / float64(len(results))}
}

// closer orders distances as Double.compare does.
func closer(a, b float64) bool {
	return a < b || a == a && b != b
}

// First is the first of the patterns joined, nil if there is none.
func (p *logical) First() Pattern {
	if len(p.operands) == 0 {
		return nil
	}
	return p.operands[0]
}

func (p *logical) Name() string {
	if p.or {
		return "or"
	}
	return "and"
}

func (p *logical) Expected() string {
	texts := make([]string, len(p.operands))
	for i, o := range p.operands {
		texts[i] = o.Name() + " " + o.Expected()
	}
	return strings.Join(texts, " "+strings.ToUpper(p.Name())+" ")
}

func (p *logical) MarshalJSON() ([]byte, error) { return marshalList(p.Name(), p.operands) }

func marshalList(name string, operands []Pattern) ([]byte, error) {
	w := new(printer).key(name)
	w.buf = append(w.buf, '[')
	for i, o := range operands {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		b, err := o.MarshalJSON()
		if err != nil {
			return nil, err
		}
		w.buf = append(w.buf, b...)
	}
	w.buf = append(w.buf, ']')
	return w.bytes()
}

type not struct{ unexpected Pattern }

func parseNot(op operation) (Pattern, error) {
	if op.operand == nil {
		return nil, newError(op.ptr, `Cannot invoke "com.github.tomakehurst.wiremock.matching.StringValuePattern.getExpected()" because "unexpectedPattern" is null`)
	}
	p, err := ParseValue(op.operand, op.ptr, StringValue)
	return &not{p}, err
}

func (p *not) Exact(v Value) bool   { return !p.unexpected.Exact(v) }
func (p *not) Match(v Value) Result { return exactly(p.Exact(v)) }
func (p *not) Name() string         { return "not" }
func (p *not) Expected() string     { return p.unexpected.Expected() }

func (p *not) MarshalJSON() ([]byte, error) {
	w, err := new(printer).pattern("not", p.unexpected)
	if err != nil {
		return nil, err
	}
	return w.bytes()
}

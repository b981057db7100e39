package jsonpath

import (
	"errors"
	"math"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// function evaluates the function step i on v.
func (e *evaluation) function(i int, v any) error {
	s := e.path.steps[i]
	call := functionOf(s.name)
	if call == nil {
		return invalidf("Function with name: %s does not exist.", s.name)
	}
	c := &invocation{model: v, args: s.args}
	for _, a := range s.args {
		if a.path == nil {
			continue
		}
		value, err := a.path.find(e.root, e.root, false)
		if err != nil {
			return err
		}
		c.paths = append(c.paths, value)
	}
	result, err := call(c)
	if err != nil {
		return err
	}
	e.add(result)
	if !s.leaf {
		return e.step(i+1, result)
	}
	return nil
}

// invocation is one call: the value that the function is applied to, its arguments, and the values of those that are
// paths.
type invocation struct {
	model any
	args  []argument
	paths []any
}

// functionOf is the function called name, nil if there is none.
func functionOf(name string) func(*invocation) (any, error) {
	switch name {
	case "min":
		return aggregate(least)
	case "max":
		return aggregate(greatest)
	case "sum":
		return aggregate(sum)
	case "avg":
		return aggregate(func(ns []float64) float64 { return sum(ns) / float64(len(ns)) })
	case "stddev":
		return aggregate(deviation)
	case "length", "size":
		return length
	case "keys":
		return keys
	case "concat":
		return concat
	case "append":
		return appendTo
	case "first":
		return func(c *invocation) (any, error) { return c.element(0) }
	case "last":
		return func(c *invocation) (any, error) { return c.element(-1) }
	case "index":
		return elementAt
	}
	return nil
}

func least(ns []float64) float64 {
	v := math.MaxFloat64
	for _, n := range ns {
		v = min(v, n)
	}
	return v
}

// greatest starts where Jayway does, at Java's Double.MIN_VALUE, so that no negative number ever wins.
func greatest(ns []float64) float64 {
	v := math.SmallestNonzeroFloat64
	for _, n := range ns {
		v = max(v, n)
	}
	return v
}

func deviation(ns []float64) float64 {
	total, squares, count := 0.0, 0.0, float64(len(ns))
	for _, n := range ns {
		total += n
		squares += n * n
	}
	return math.Sqrt(squares/count - total*total/count/count)
}

func elementAt(c *invocation) (any, error) {
	numbers, err := c.numbers()
	if err != nil {
		return nil, err
	}
	if len(numbers) == 0 {
		return nil, errIndex
	}
	return c.element(int(numbers[0]))
}

func sum(ns []float64) float64 {
	total := 0.0
	for _, n := range ns {
		total += n
	}
	return total
}

var errEmptyAggregation = errors.New("Aggregation function attempted to calculate value using empty array") // Jayway's words

func aggregate(f func([]float64) float64) func(*invocation) (any, error) {
	return func(c *invocation) (any, error) {
		var numbers []float64
		if list, ok := c.model.([]any); ok {
			numbers = appendNumbers(numbers, list)
		}
		more, err := c.numbers()
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, more...)
		if len(numbers) == 0 {
			return nil, errEmptyAggregation
		}
		return f(numbers), nil
	}
}

// values are the arguments' values, lists taken apart.
func (c *invocation) values() ([]any, error) {
	var values []any
	path := 0
	for _, a := range c.args {
		v := a.value
		if a.path != nil {
			v = c.paths[path]
			path++
		} else if a.err != nil {
			return nil, a.err
		}
		if list, ok := v.([]any); ok {
			values = append(values, list...)
		} else {
			values = append(values, v)
		}
	}
	return values, nil
}

func (c *invocation) numbers() ([]float64, error) {
	values, err := c.values()
	return appendNumbers(nil, values), err
}

func appendNumbers(numbers []float64, values []any) []float64 {
	for _, v := range values {
		switch n := v.(type) {
		case jsondoc.Number:
			numbers = append(numbers, n.Float())
		case float64:
			numbers = append(numbers, n)
		case int:
			numbers = append(numbers, float64(n))
		}
	}
	return numbers
}

// length counts the members of a list or object; with a path as argument, the values behind it.
func length(c *invocation) (any, error) {
	if len(c.args) > 0 {
		inner := c.args[0].path
		if inner == nil {
			return nil, errors.New("length() wants a path")
		}
		target := inner
		if n := len(inner.steps); n > 0 && inner.steps[n-1].kind != function {
			target = inner.withWildcard()
		}
		v, err := target.find(c.model, c.model, false)
		if err != nil {
			return nil, err
		}
		if list, ok := v.([]any); ok {
			return len(list), nil
		}
	}
	switch t := c.model.(type) {
	case []any:
		return len(t), nil
	case *Object:
		return t.Len(), nil
	}
	return nil, nil
}

// withWildcard is the path with [*] at its end, but as definite as it was before.
func (p *Path) withWildcard() *Path {
	steps := make([]*step, 0, len(p.steps)+1)
	for _, s := range p.steps {
		dup := *s
		steps = append(steps, &dup)
	}
	longer := newPath(p.root, append(steps, &step{kind: wildcard}))
	longer.definite = p.definite
	return longer
}

// KeySet is what keys() gives: to Jayway a set, which is no list.
type KeySet []any

func keys(c *invocation) (any, error) {
	o, ok := c.model.(*Object)
	if !ok {
		return nil, nil
	}
	names := make(KeySet, 0, o.Len())
	for _, m := range o.Members() {
		names = append(names, m.Name)
	}
	return names, nil
}

func concat(c *invocation) (any, error) {
	var b strings.Builder
	if list, ok := c.model.([]any); ok {
		for _, v := range list {
			if s, ok := v.(string); ok {
				b.WriteString(s)
			}
		}
	}
	values, err := c.values()
	for _, v := range values {
		if v != nil {
			b.WriteString(String(v))
		}
	}
	return b.String(), err
}

func appendTo(c *invocation) (any, error) {
	list, ok := c.model.([]any)
	if !ok {
		return c.model, nil
	}
	list = list[:len(list):len(list)]
	path := 0
	for _, a := range c.args {
		v := a.value
		if a.path != nil {
			v = c.paths[path]
			path++
		} else if a.err != nil {
			return nil, a.err
		}
		list = append(list, v)
	}
	return list, nil
}

// element is the model's n-th value; -1 is the last, which Jayway finds only in a list of two or more.
func (c *invocation) element(n int) (any, error) {
	list, ok := c.model.([]any)
	if !ok {
		return nil, errEmptyAggregation
	}
	if n < 0 {
		if n += len(list); n <= 0 {
			return nil, errors.New("Target index larger than object count") // Jayway's words
		}
	}
	if n >= len(list) {
		return nil, errIndex
	}
	return list[n], nil
}

package match

import "github.com/envd-dev/envd/stubs/internal/jsondoc"

// expression reads the operand of matchesJsonPath and matchesXPath: an expression alone, or with a submatcher.
func (op operation) expression() (expr string, sub Pattern, err error) {
	if s, ok := op.operand.(string); ok {
		return s, nil, nil
	}
	o, _ := op.operand.(*jsondoc.Object)
	if o == nil {
		return "", nil, newError(op.ptr, "expression is required in the advanced "+op.name+" form")
	}
	v, ok := o.Get("expression")
	if !ok {
		return "", nil, newError(op.ptr, "expression is required in the advanced "+op.name+" form")
	}
	if sub, err = ParseValue(o, op.ptr, StringValue); err != nil {
		return "", nil, err
	}
	if expr, ok = v.(string); !ok {
		return "", nil, op.nullError()
	}
	return expr, sub, nil
}

// marshalExpression prints an expression and, within the same object, its submatcher.
func marshalExpression(name, expr string, sub Pattern) (*printer, error) {
	w := new(printer)
	if sub == nil {
		return w.text(name, expr), nil
	}
	inner, err := sub.MarshalJSON()
	if err != nil {
		return nil, err
	}
	w.key(name)
	w.buf = append(w.buf, `{"expression":`...)
	w.buf = append(jsondoc.AppendString(w.buf, expr), ',')
	w.buf = append(w.buf, inner[1:]...)
	return w, nil
}

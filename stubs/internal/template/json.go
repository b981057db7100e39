package template

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// jsonFlavour is how the numbers and containers of a document become values.
type jsonFlavour uint8

const (
	jackson   jsonFlavour = iota // fractions are BigDecimals; what parseJson and parameters give
	smart                        // fractions are Doubles where they fit; what jsonPath gives
	smartRoot                    // smart, and the outermost container prints as JSON
)

// fromDocument turns a decoded document into template values.
func fromDocument(v any, flavour jsonFlavour) any {
	inner := flavour
	if flavour == smartRoot {
		inner = smart
	}
	switch v := v.(type) {
	case jsondoc.Number:
		return fromNumber(v, inner)
	case int: // what the functions of a JSONPath count
		return int32(v)
	case []any:
		l := &List{items: make([]any, len(v))}
		if inner == smart {
			l.kind = jsonList
		}
		for i, item := range v {
			l.items[i] = fromDocument(item, inner)
		}
		return l
	case *jsondoc.Object:
		m := newMap(linkedMap, v.Len())
		if flavour == smartRoot {
			m.kind = jsonMap
		}
		for _, member := range v.Members() {
			m.put(member.Name, fromDocument(member.Value, inner))
		}
		return m
	}
	return v
}

// doubleDigits is the length up to which json-smart reads a number as a Double without looking twice.
const doubleDigits = 18

func fromNumber(n jsondoc.Number, flavour jsonFlavour) any {
	if n.Integer() {
		if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
			if i == int64(int32(i)) {
				return int32(i)
			}
			return i
		}
		if i, ok := new(big.Int).SetString(string(n), 10); ok {
			return i
		}
	}
	if flavour == smart && len(n) <= doubleDigits {
		return n.Float()
	}
	unscaled, scale, ok := n.Decimal()
	if !ok {
		return n.Float()
	}
	d := Decimal{unscaled, int32(scale)}
	if flavour == smart {
		if same, ok := parseDecimal(jsondoc.FormatDouble(n.Float())); ok && same.subtract(d).unscaled.Sign() == 0 {
			return n.Float()
		}
	}
	return d
}

// toDocument is the way back, for JSONPath over a value that a helper made.
func toDocument(v any) any {
	switch v := v.(type) {
	case *List:
		list := make([]any, len(v.items))
		for i, item := range v.items {
			list[i] = toDocument(item)
		}
		return list
	case *Map:
		o := &jsondoc.Object{}
		for _, e := range v.entries {
			o.Set(e.key, toDocument(e.value))
		}
		return o
	case bool, string, nil:
		return v
	case safeString:
		return string(v)
	}
	if _, ok := doubleValue(v); ok {
		return jsondoc.Number(toString(v))
	}
	return toString(v)
}

// prettyJSON prints v as Jackson's default pretty printer does; null members of maps are left out.
func prettyJSON(v any) (string, error) {
	var p jsonPrinter
	err := p.value(v, 0)
	return string(p.out), err
}

type jsonPrinter struct{ out []byte }

func (p *jsonPrinter) value(v any, depth int) error {
	switch v := v.(type) {
	case nil:
		p.out = append(p.out, "null"...)
	case string:
		p.out = jsondoc.AppendString(p.out, v)
	case float64:
		p.out = append(p.out, jsondoc.FormatDouble(v)...)
		if v-v != 0 { // NaN and the infinities are strings
			text := jsondoc.FormatDouble(v)
			p.out = append(p.out[:len(p.out)-len(text)], `"`+text+`"`...)
		}
	case Decimal:
		p.out = append(p.out, v.Plain()...)
	case *List:
		return p.list(v, depth)
	case *Map:
		return p.object(v.entries, depth)
	case jsonBean:
		return p.object(v.jsonProperties(), depth)
	case bean:
		text, err := stringValue(v)
		p.out = jsondoc.AppendString(p.out, text)
		return err
	default:
		p.out = append(p.out, toString(v)...)
	}
	return nil
}

// jsonBean is a bean that Jackson writes as an object.
type jsonBean interface{ jsonProperties() []entry }

func (p *jsonPrinter) list(l *List, depth int) error {
	if l.kind == listOrSingle && len(l.items) == 1 {
		return p.value(l.items[0], depth)
	}
	p.out = append(p.out, '[')
	for i, item := range l.items {
		if i > 0 {
			p.out = append(p.out, ',')
		}
		p.out = append(p.out, ' ')
		if err := p.value(item, depth); err != nil {
			return err
		}
	}
	p.out = append(p.out, " ]"...)
	return nil
}

func (p *jsonPrinter) object(members []entry, depth int) error {
	p.out = append(p.out, '{')
	some := false
	for _, e := range members {
		if e.value == nil {
			continue
		}
		if some {
			p.out = append(p.out, ',')
		}
		some = true
		p.newline(depth + 1)
		p.out = append(jsondoc.AppendString(p.out, e.key), " : "...)
		if err := p.value(e.value, depth+1); err != nil {
			return err
		}
	}
	if some {
		p.newline(depth)
	} else {
		p.out = append(p.out, ' ')
	}
	p.out = append(p.out, '}')
	return nil
}

func (p *jsonPrinter) newline(depth int) {
	p.out = append(p.out, '\n')
	for range depth {
		p.out = append(p.out, "  "...)
	}
}

// compactJSON prints v as json-smart does: no spaces, slashes escaped, nulls kept.
func compactJSON(v any) string {
	return string(appendSmart(nil, v))
}

func appendSmart(out []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(out, "null"...)
	case string:
		return appendSmartString(out, v)
	case *List:
		out = append(out, '[')
		for i, item := range v.items {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendSmart(out, item)
		}
		return append(out, ']')
	case *Map:
		out = append(out, '{')
		for i, e := range v.entries {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendSmart(append(appendSmartString(out, e.key), ':'), e.value)
		}
		return append(out, '}')
	}
	return append(out, toString(v)...)
}

var smartEscapes = map[rune]string{'"': `\"`, '\\': `\\`, '/': `\/`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}

func appendSmartString(out []byte, s string) []byte {
	out = append(out, '"')
	for _, r := range s {
		if escape, ok := smartEscapes[r]; ok {
			out = append(out, escape...)
		} else if r <= 0x1F || r >= 0x7F && r <= 0x9F || r >= 0x2000 && r <= 0x20FF {
			hex := strings.ToUpper(strconv.FormatInt(int64(r), 16))
			out = append(append(append(out, `\u`...), "0000"[len(hex):]...), hex...)
		} else {
			out = append(out, string(r)...)
		}
	}
	return append(out, '"')
}

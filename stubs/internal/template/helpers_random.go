package template

import (
	"math"
	"math/rand/v2"
	"strings"
)

// withRand runs f with the engine's random source, one rendering at a time.
func (r *render) withRand(f func(rnd *rand.Rand)) {
	r.engine.randMu.Lock()
	defer r.engine.randMu.Unlock()
	f(r.engine.rand)
}

const (
	digits    = "0123456789"
	letters   = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	hexDigits = "ABCDEF0123456789"
)

// printable is the characters from one to another, both included.
func printable(from, to byte) string {
	var b strings.Builder
	for c := from; c <= to; c++ {
		b.WriteByte(c)
	}
	return b.String()
}

var alphabets = map[string]string{
	"ALPHANUMERIC": letters + digits, "ALPHABETIC": letters, "NUMERIC": digits, "HEXADECIMAL": hexDigits,
	"ALPHANUMERIC_AND_SYMBOLS": printable('!', '}'),
}

var anyASCII = printable(' ', '~')

func helpRandomValue(o *options) (any, error) {
	length, ok, err := asInteger(o.option("length"))
	if err != nil {
		return nil, err
	}
	if !ok {
		length = 36
	}
	uppercase, _, err := asBoolean(o.option("uppercase"))
	if err != nil {
		return nil, err
	}
	kind, err := o.stringOption("type", "ALPHANUMERIC")
	if err != nil {
		return nil, err
	}
	var s string
	if kind == "UUID" {
		s = o.r.randomUUID()
	} else if length < 0 {
		return nil, illegalArgument("Requested random string length %d is less than 0.", length)
	} else if err := o.r.bounded(int(length)); err != nil {
		return nil, err
	} else {
		alphabet, known := alphabets[kind]
		s = o.r.randomText(int(length), ternary(known, alphabet, anyASCII))
	}
	if uppercase {
		return strings.ToUpper(s), nil
	}
	return strings.ToLower(s), nil
}

func (r *render) randomText(length int, alphabet string) string {
	b := make([]byte, length)
	r.withRand(func(rnd *rand.Rand) {
		for i := range b {
			b[i] = alphabet[rnd.IntN(len(alphabet))]
		}
	})
	return string(b)
}

// randomUUID makes a version 4 UUID.
func (r *render) randomUUID() string {
	const hex = "0123456789abcdef"
	out := []byte("xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx")
	r.withRand(func(rnd *rand.Rand) {
		for i, c := range out {
			switch c {
			case 'x':
				out[i] = hex[rnd.IntN(16)]
			case 'y':
				out[i] = hex[8+rnd.IntN(4)]
			}
		}
	})
	return string(out)
}

func helpRandomInt(o *options) (any, error) {
	lower, err := o.intBound("lower", math.MinInt32)
	if err != nil {
		return nil, err
	}
	upper, err := o.intBound("upper", math.MaxInt32)
	if err != nil {
		return nil, err
	}
	if lower >= upper {
		return nil, illegalArgument("bound must be greater than origin")
	}
	var v int32
	o.r.withRand(func(rnd *rand.Rand) { v = int32(int64(lower) + rnd.Int64N(int64(upper)-int64(lower))) })
	return v, nil
}

func (o *options) intBound(name string, missing int32) (int32, error) {
	v := o.option(name)
	if v == nil {
		return missing, nil
	}
	i, ok, err := coerceInt(v)
	if err == nil && !ok {
		err = throw("NullPointerException", `Cannot invoke "java.lang.Integer.intValue()" because the return value of "%shelpers.HelperUtils.coerceToInt(Object)" is null`, templatingPackage)
	}
	return i, err
}

func helpRandomDecimal(o *options) (any, error) {
	lower, err := o.doubleBound("lower", math.SmallestNonzeroFloat64)
	if err != nil {
		return nil, err
	}
	upper, err := o.doubleBound("upper", math.MaxFloat64)
	if err != nil {
		return nil, err
	}
	if !(lower < upper) {
		return nil, illegalArgument("bound must be greater than origin")
	}
	var v float64
	o.r.withRand(func(rnd *rand.Rand) { v = rnd.Float64()*(upper-lower) + lower })
	if v >= upper {
		v = math.Nextafter(upper, lower)
	}
	return v, nil
}

func (o *options) doubleBound(name string, missing float64) (float64, error) {
	v := o.option(name)
	if v == nil {
		return missing, nil
	}
	f, ok, err := coerceDouble(v)
	if err == nil && !ok {
		err = throw("NullPointerException", `Cannot invoke "java.lang.Double.doubleValue()" because the return value of "%shelpers.HelperUtils.coerceToDouble(Object)" is null`, templatingPackage)
	}
	return f, err
}

func helpPickRandom(o *options) (any, error) {
	if o.context == nil {
		return mistake("Must specify either a single list argument or a set of single value arguments."), nil
	}
	values := append([]any{o.context}, o.params...)
	if isIterable(o.context) {
		values = append([]any(nil), iterate(o.context)...)
	}
	count, ok, err := asInteger(o.option("count"))
	if err != nil {
		return nil, err
	}
	if ok && count > 0 {
		n := min(len(values), int(count))
		o.r.withRand(func(rnd *rand.Rand) {
			for i := range n {
				j := i + rnd.IntN(len(values)-i)
				values[i], values[j] = values[j], values[i]
			}
		})
		return newList(values[:n]...), nil
	}
	if len(values) == 0 {
		return nil, illegalArgument("bound must be positive")
	}
	var picked any
	o.r.withRand(func(rnd *rand.Rand) { picked = values[rnd.IntN(len(values))] })
	return picked, nil
}

package jsondoc

import (
	"fmt"
	"unicode/utf8"
)

// maxNumberLength bounds a number's spelling, so that no arithmetic on it can take long; Jackson has the same limit.
const maxNumberLength = 1000

// number reads a number. Where one breaks off Jackson tells the character, and that it is where the whole part ended, other than
// with zero.
func (d *decoder) number(root bool) (any, error) {
	start := d.pos
	if d.src[d.pos] == '-' {
		d.pos++
		if !isDigit(d.peek()) {
			return nil, d.oddNumber('-')
		}
	}
	if d.src[d.pos] == '0' && d.pos+1 < len(d.src) && isDigit(d.src[d.pos+1]) {
		d.pos++
		return nil, d.fail("Invalid numeric value: Leading zeroes not allowed")
	}
	zero := d.src[d.pos] == '0'
	d.digits()
	whole := d.pos
	broken := func(why string) error {
		if zero {
			whole = d.pos
		}
		return d.unexpectedNumber(whole, why)
	}
	if d.peek() == '.' {
		dot := d.pos
		d.pos++
		if !isDigit(d.peek()) {
			if d.pos == len(d.src) {
				d.pos = dot
			}
			return nil, broken("Decimal point not followed by a digit")
		}
		d.digits()
	}
	if c := d.peek(); c == 'e' || c == 'E' {
		d.pos++
		if c := d.peek(); c == '+' || c == '-' {
			d.pos++
		}
		if d.pos == len(d.src) {
			return nil, d.fail("Unexpected end-of-inputexpected a digit for number exponent")
		}
		if !isDigit(d.peek()) {
			return nil, broken("Exponent indicator not followed by a digit")
		}
		d.digits()
	}
	if d.pos-start > maxNumberLength {
		return nil, d.fail(fmt.Sprintf("Number value length (%d) exceeds the maximum allowed (%d, from `StreamReadConstraints.getMaxNumberLength()`)", d.pos-start, maxNumberLength))
	}
	if root && d.pos < len(d.src) && !isSpace(d.src[d.pos]) {
		return nil, d.unexpected("Expected space separating root-level values")
	}
	return Number(d.src[start:d.pos]), nil
}

// oddNumber is why what follows a sign is no number.
func (d *decoder) oddNumber(sign byte) error {
	switch c := d.peek(); {
	case d.pos == len(d.src) && sign == '-':
		return d.fail("Unexpected end-of-inputNo digit following sign")
	case d.pos == len(d.src):
		return d.fail("Unexpected end-of-input in a Number value")
	case c == '.' && sign == '-':
		return d.unexpected("expected a valid value " + expectedValue)
	case c == 'I':
		d.pos++
		switch d.peek() {
		case 'N':
			return d.infinity(string(sign) + "INF")
		case 'n':
			return d.infinity(string(sign) + "Infinity")
		}
		if d.pos == len(d.src) {
			return d.fail("Unexpected end-of-input in a Number value")
		}
	}
	if sign == '+' {
		return d.fail("Unexpected character ('+' (code 43)) in numeric value: JSON spec does not allow numbers to have plus signs: enable `JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow")
	}
	return d.unexpectedNumber(d.pos, "expected digit (0-9) to follow minus sign, for valid numeric value")
}

// infinity refuses a token that begins like an infinite number, of which sign and first letter were read.
func (d *decoder) infinity(token string) error {
	start := d.pos - len("-I")
	d.identifier()
	word := d.src[start:d.pos]
	if word == token {
		return d.fail("Non-standard token '" + token + "': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow")
	}
	return d.fail("Unrecognized token '" + word + "': was expecting " + expectedValue)
}

// unexpectedNumber is a number that breaks off before the next character, told to be at an index.
func (d *decoder) unexpectedNumber(at int, why string) error {
	r, _ := utf8.DecodeRuneInString(d.src[d.pos:])
	d.pos = at
	return d.fail(fmt.Sprintf("Unexpected character (%s) in numeric value: %s", describe(r), why))
}

func (d *decoder) digits() {
	for d.pos < len(d.src) && isDigit(d.src[d.pos]) {
		d.pos++
	}
}

// peek is the next byte, 0 at the end.
func (d *decoder) peek() byte {
	if d.pos < len(d.src) {
		return d.src[d.pos]
	}
	return 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

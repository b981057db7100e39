package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (p *conditionParser) operator() {
	t := p.next()
	if !slices.Contains(operators, t.text) {
		near := map[string]string{"=": "==", "=<": "<=", "=>": ">=", "<>": "!=", "below": "<", "under": "<", "above": ">", "over": ">"}[t.text]
		p.unexpected(t, "an operator ("+strings.Join(operators, " ")+")", near)
	}
	p.out.Op = t.text
}

func (p *conditionParser) duration(t lexeme) time.Duration {
	var d duration
	if err := d.UnmarshalText([]byte(t.text)); err != nil {
		help := "write for example 500ms or 5s"
		if number.MatchString(t.text) {
			help = fmt.Sprintf("write %sms or %ss", t.text, t.text)
		}
		p.badValue(t, ruleBadDuration, "a duration", help)
	}
	return time.Duration(d)
}

func (p *conditionParser) millis(t lexeme) float64 {
	return float64(p.duration(t)) / float64(time.Millisecond)
}

func (p *conditionParser) percent(t lexeme) float64 {
	text, ok := strings.CutSuffix(t.text, "%")
	v, err := strconv.ParseFloat(text+"e-2", 64)
	switch {
	case ok && number.MatchString(text) && err == nil && v >= 0 && v <= 1:
		return v
	case number.MatchString(text) && !ok:
		p.badValue(t, ruleBadPercent, "a percentage", fmt.Sprintf("write %s%%", text))
	default:
		p.badValue(t, ruleBadPercent, "a percentage", "write 0% to 100%, for example 1%")
	}
	return 0
}

func (p *conditionParser) perSecond(t lexeme) float64 {
	var r rate
	if err := r.UnmarshalText([]byte(t.text)); err != nil {
		p.badValue(t, ruleBadRate, "a rate", "write for example 90/s")
	}
	return float64(r)
}

func (p *conditionParser) count(t lexeme) float64 {
	v, err := strconv.ParseUint(t.text, 10, 53)
	if err != nil {
		p.badValue(t, ruleBadCount, "a count", "write a whole number, for example 100")
	}
	return float64(v)
}

// amount reads a plain number, or one of bytes.
func (p *conditionParser) amount(t lexeme) float64 {
	if plainNumber.MatchString(t.text) {
		if v, err := strconv.ParseFloat(t.text, 64); err == nil {
			return v
		}
	}
	var bytes size
	if err := bytes.UnmarshalText([]byte(t.text)); err != nil {
		p.badValue(t, ruleBadCount, "a number", "write for example 50, 0.5, or 64Mi of bytes")
	}
	return float64(bytes)
}

func (p *conditionParser) badValue(t lexeme, rule, wanted, help string) {
	if t.text == "" {
		p.unexpected(t, wanted, "")
		return
	}
	p.fail(t, rule, fmt.Sprintf("%s is not %s", quote(t.text), wanted), help)
}

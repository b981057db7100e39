package template

import (
	"regexp"
	"strings"
)

// symbols are the signs and patterns of a locale's numbers, from CLDR 39, which Java 17 uses.
type symbols struct {
	decimal, group, minus string
	percent               string // pattern
	currency              string // pattern
	sign                  string // of the locale's own currency
	digitsOfCurrency      int
	minimumGroups         int // digits in front of the first separator that make it appear
}

const (
	nbsp   = "\u00a0"
	narrow = "\u202f"
)

var plainSymbols = symbols{decimal: ".", group: ",", minus: "-", percent: "#,##0%", currency: "¤#,##0.00", sign: "¤", digitsOfCurrency: 2}

func (s symbols) with(change func(*symbols)) symbols {
	change(&s)
	return s
}

func european(decimal, group, percent, currency string) symbols {
	return symbols{decimal: decimal, group: group, minus: "-", percent: percent, currency: currency, sign: "¤", digitsOfCurrency: 2}
}

var languages = map[string]symbols{
	"en": plainSymbols,
	"de": european(",", ".", "#,##0"+nbsp+"%", "#,##0.00"+nbsp+"¤"),
	"fr": european(",", narrow, "#,##0"+nbsp+"%", "#,##0.00"+nbsp+"¤"),
	"es": european(",", ".", "#,##0"+nbsp+"%", "#,##0.00"+nbsp+"¤").with(func(s *symbols) { s.minimumGroups = 1 }),
	"it": european(",", ".", "#,##0%", "#,##0.00"+nbsp+"¤"),
	"pt": european(",", ".", "#,##0%", "¤"+nbsp+"#,##0.00"),
	"nl": european(",", ".", "#,##0%", "¤"+nbsp+"#,##0.00;¤"+nbsp+"-#,##0.00"),
	"sv": european(",", nbsp, "#,##0"+nbsp+"%", "#,##0.00"+nbsp+"¤").with(func(s *symbols) { s.minus = "\u2212" }),
	"da": european(",", ".", "#,##0"+nbsp+"%", "#,##0.00"+nbsp+"¤"),
	"fi": european(",", nbsp, "#,##0"+nbsp+"%", "#,##0.00"+nbsp+"¤").with(func(s *symbols) { s.minus = "\u2212" }),
	"pl": european(",", nbsp, "#,##0%", "#,##0.00"+nbsp+"¤").with(func(s *symbols) { s.minimumGroups = 1 }),
	"cs": european(",", nbsp, "#,##0"+nbsp+"%", "#,##0.00"+nbsp+"¤"),
	"ru": european(",", nbsp, "#,##0"+nbsp+"%", "#,##0.00"+nbsp+"¤"),
	"uk": european(",", nbsp, "#,##0%", "#,##0.00"+nbsp+"¤"),
	"tr": european(",", ".", "%#,##0", "¤#,##0.00"),
	"ja": plainSymbols, "zh": plainSymbols, "ko": plainSymbols,
}

// regions change what their language alone would give, most of all the currency.
var regions = map[string]func(*symbols){
	"US": money("$", 2), "CA": money("$", 2), "AU": money("$", 2), "GB": money("£", 2), "JP": money("￥", 0), "CN": money("¥", 2), "KR": money("₩", 0),
	"DE": money("€", 2), "FR": money("€", 2), "ES": money("€", 2), "IT": money("€", 2), "NL": money("€", 2), "PT": money("€", 2),
	"FI": money("€", 2), "IE": money("€", 2), "AT": money("€", 2), "BE": money("€", 2), "IN": money("₹", 2), "BR": money("R$", 2),
	"SE": money("kr", 2), "DK": money("kr.", 2), "PL": money("zł", 2), "CZ": money("Kč", 2), "RU": money("₽", 2), "UA": money("₴", 2),
	"TR": money("₺", 2), "CH": money("CHF", 2), "MX": money("$", 2),
}

func money(sign string, digits int) func(*symbols) {
	return func(s *symbols) { s.sign, s.digitsOfCurrency = sign, digits }
}

var localeForm = regexp.MustCompile(`^([a-z]{2,3})?(?:_([A-Z]{2}|\d{3})?(?:_(.+))?)?$`)

// symbolsOf finds the symbols for a locale such as "de" or "de_AT"; what is no locale throws as LocaleUtils.toLocale does.
func symbolsOf(locale string) (symbols, error) {
	locale = strings.ReplaceAll(locale, "-", "_")
	m := localeForm.FindStringSubmatch(locale)
	if m == nil || len(locale) == 1 {
		return symbols{}, illegalArgument("Invalid locale format: %s", locale)
	}
	s, ok := languages[m[1]]
	if !ok {
		s = plainSymbols
	}
	if change := regions[m[2]]; change != nil {
		change(&s)
	}
	switch locale {
	case "de_AT":
		s.group, s.currency = nbsp, "¤"+nbsp+"#,##0.00"
	case "de_CH":
		s.decimal, s.group, s.percent, s.currency = ".", "’", "#,##0%", "¤"+nbsp+"#,##0.00;¤-#,##0.00"
	case "es_MX":
		s.decimal, s.group, s.currency, s.minimumGroups = ".", ",", "¤#,##0.00", 0
	case "pt_PT":
		s.group, s.currency, s.minimumGroups = nbsp, "#,##0.00"+nbsp+"¤", 1
	}
	return s, nil
}

func (s symbols) groupDigits(whole string, size int) string {
	return group(whole, size, s.group)
}

// affix resolves the signs and quotes of a pattern's prefix or suffix.
func (s symbols) affix(a string) string {
	var b strings.Builder
	quotedText := false
	for i, r := range a {
		switch {
		case r == '\'':
			if strings.HasPrefix(a[i:], "''") {
				b.WriteByte('\'')
			}
			quotedText = !quotedText
		case quotedText:
			b.WriteRune(r)
		case r == '¤':
			b.WriteString(s.sign)
		case r == '-':
			b.WriteString(s.minus)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func helpNumberFormat(o *options) (any, error) {
	if _, ok := doubleValue(o.context); !ok {
		if p := o.param(0); p != nil {
			return stringValue(p)
		}
		return nil, nil
	}
	f, err := o.numberFormat()
	if err != nil {
		return nil, err
	}
	if used, given, err := asBoolean(o.option("groupingUsed")); err != nil {
		return nil, err
	} else if given {
		f.grouping = ternary(used, max(f.grouping, 3), 0)
	}
	if err := o.digitCounts(f); err != nil {
		return nil, err
	}
	if _, _, err := asBoolean(o.option("parseIntegerOnly")); err != nil {
		return nil, err
	}
	mode, given, err := asString(o.option("roundingMode"))
	if err != nil {
		return nil, err
	}
	if given {
		name := javaTrim(upper(mode))
		if !roundings[name] {
			return nil, illegalArgument("No enum constant java.math.RoundingMode.%s", name)
		}
		f.rounding = rounding(name)
	}
	return f.format(o.context)
}

// numberFormat picks the format by the parameters: a style or a pattern, and a locale.
func (o *options) numberFormat() (*decimalFormat, error) {
	style, locale := "DEFAULT", "en"
	pattern := ""
	if len(o.params) > 0 {
		p, ok := o.params[0].(string)
		if !ok {
			return nil, illegalArgument("found '%s', expected 'string'", toString(o.params[0]))
		}
		pattern, style = p, javaTrim(upper(p))
		if l, given, err := asString(o.param(1)); err != nil {
			return nil, err
		} else if given {
			locale = l
		}
	}
	s, err := symbolsOf(locale)
	if err != nil {
		return nil, err
	}
	switch style {
	case "DEFAULT":
		pattern = "#,##0.###"
	case "INTEGER":
		pattern = "#,##0"
	case "PERCENT":
		pattern = s.percent
	case "CURRENCY":
		pattern = strings.ReplaceAll(s.currency, "0.00", "0"+ternary(s.digitsOfCurrency > 0, ".00", ""))
	}
	return parseDecimalFormat(pattern, s)
}

// digitCounts applies the options in the order of the original; a minimum above the maximum raises it, and so on.
func (o *options) digitCounts(f *decimalFormat) error {
	if n, given, err := asInteger(o.option("maximumFractionDigits")); err != nil {
		return err
	} else if given {
		f.maxFrac = clampDigits(n)
		f.minFrac = min(f.minFrac, f.maxFrac)
	}
	if n, given, err := asInteger(o.option("maximumIntegerDigits")); err != nil {
		return err
	} else if given {
		f.maxInt = clampDigits(n)
		f.minInt = min(f.minInt, f.maxInt)
	}
	if n, given, err := asInteger(o.option("minimumFractionDigits")); err != nil {
		return err
	} else if given {
		f.minFrac = clampDigits(n)
		f.maxFrac = max(f.minFrac, f.maxFrac)
	}
	if n, given, err := asInteger(o.option("minimumIntegerDigits")); err != nil {
		return err
	} else if given {
		f.minInt = clampDigits(n)
		if f.maxInt >= 0 {
			f.maxInt = max(f.minInt, f.maxInt)
		}
	}
	return nil
}

// clampDigits keeps counts to DecimalFormat's own bounds for doubles.
func clampDigits(n int32) int { return int(min(max(n, 0), 340)) }

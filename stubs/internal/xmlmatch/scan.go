package xmlmatch

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// name reads a Name, "" where none begins.
func (p *parser) name() string {
	start := p.pos
	for p.pos < len(p.src) {
		r, size := utf8.DecodeRuneInString(p.src[p.pos:])
		if !nameStart(r) && !(p.pos > start && nameRest(r)) {
			break
		}
		p.pos += size
	}
	return p.src[start:p.pos]
}

func nameStart(r rune) bool { return r == '_' || r == ':' || unicode.IsLetter(r) }
func nameRest(r rune) bool {
	return r == '-' || r == '.' || r == 0xb7 || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

// tagName reads the name of an element or attribute. With namespaces it ends before a second colon, and its second part has
// to begin as names do; a colon as first character counts as a letter.
func (p *parser) tagName() (string, error) {
	start := p.pos
	name := p.name()
	if !p.doc.Namespaces || name == "" {
		return name, nil
	}
	colon := strings.IndexByte(name[1:], ':') + 1
	if colon == 0 {
		return name, nil
	}
	if second := strings.IndexByte(name[colon+1:], ':'); second >= 0 {
		name = name[:colon+1+second]
		p.pos = start + len(name)
	}
	if r, _ := utf8.DecodeRuneInString(p.src[start+colon+1:]); r == ':' || !nameStart(r) {
		return "", p.fail("Element or attribute \"%s\" do not match QName production: QName::=(NCName:)?NCName.", name)
	}
	return name, nil
}

// missing is the error of something else where the format's subject must stand, or of nothing at all.
func (p *parser) missing(format string, args ...any) error {
	if p.pos == len(p.src) {
		return p.cutOff()
	}
	return p.fail(format, args...)
}

// cutOff is the error of a document that ends too early.
func (p *parser) cutOff() error {
	p.pos = len(p.src)
	return p.fail("XML document structures must start and end within the same entity.")
}

// reference reads &…; and gives the text that it stands for.
func (p *parser) reference() (string, error) {
	p.pos++
	if p.has("#") {
		return p.characterReference()
	}
	name := p.name()
	if name == "" {
		return "", p.missing("The entity name must immediately follow the '&' in the entity reference.")
	}
	if !p.has(";") {
		return "", p.missing("The reference to entity \"%s\" must end with the ';' delimiter.", name)
	}
	p.pos++
	switch name {
	case "lt":
		return "<", nil
	case "gt":
		return ">", nil
	case "amp":
		return "&", nil
	case "apos":
		return "'", nil
	case "quot":
		return `"`, nil
	}
	value, ok := p.entities[name]
	if !ok {
		return "", p.fail("The entity \"%s\" was referenced, but not declared.", name)
	}
	if p.expanded += len(value); p.expanded > maxEntities {
		return "", p.fail("The entities of the document expand to too much text.")
	}
	return value, nil
}

// characterReference reads #…; or #x…; of a reference.
func (p *parser) characterReference() (string, error) {
	p.pos++
	kind, prefix, base, allowed := "decimal", "&#", 10, "0123456789"
	if p.has("x") {
		p.pos++
		kind, prefix, base, allowed = "hexadecimal", "&#x", 16, "0123456789abcdefABCDEF"
	}
	rest := p.src[p.pos:]
	digits := rest[:len(rest)-len(strings.TrimLeft(rest, allowed))]
	p.pos += len(digits)
	if digits == "" {
		return "", p.missing("A %s representation must immediately follow the \"%s\" in a character reference.", kind, prefix)
	}
	if !p.has(";") {
		return "", p.missing("The character reference must end with the ';' delimiter.")
	}
	p.pos++
	r, err := strconv.ParseInt(digits, base, 32)
	if err != nil || !utf8.ValidRune(rune(r)) || !permitted(rune(r)) {
		return "", p.fail("Character reference \"%s%s\" is an invalid XML character.", prefix, digits)
	}
	return string(rune(r)), nil
}

// permitted reports whether a document may have the character.
func permitted(r rune) bool {
	return r >= ' ' && r != 0xfffe && r != 0xffff || r == '\t' || r == '\n' || r == '\r'
}

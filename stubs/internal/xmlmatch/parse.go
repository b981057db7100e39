package xmlmatch

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// ParseError is a text that is no well-formed XML, in Xerces' words.
type ParseError struct {
	Message      string
	Line, Column int // from 1; of what follows the offence
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("%s; line %d; column %d", e.Message, e.Line, e.Column)
}

const (
	maxDepth    = 2_000
	maxEntities = 64_000 // characters that a document's own entities may expand to
)

// Parse reads a document and resolves its names if namespaces is set. The error is a *ParseError.
func Parse(text string, namespaces bool) (*Document, error) {
	p := &parser{src: strings.TrimPrefix(text, "\uFEFF"), doc: &Document{Namespaces: namespaces}, comments: true}
	return p.document()
}

// parseBare is Parse without comments.
func parseBare(text string, namespaces bool) (*Document, error) {
	p := &parser{src: strings.TrimPrefix(text, "\uFEFF"), doc: &Document{Namespaces: namespaces}}
	return p.document()
}

type parser struct {
	src      string
	pos      int
	doc      *Document
	comments bool
	depth    int
	entities map[string]string
	expanded int
}

func (p *parser) fail(format string, args ...any) error {
	before := p.src[:min(p.pos, len(p.src))]
	return &ParseError{
		Message: fmt.Sprintf(format, args...),
		Line:    1 + strings.Count(before, "\n"),
		Column:  1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]),
	}
}

func (p *parser) has(s string) bool { return strings.HasPrefix(p.src[p.pos:], s) }

func (p *parser) space() bool {
	start := p.pos
	for p.pos < len(p.src) && isSpace(p.src[p.pos]) {
		p.pos++
	}
	return p.pos > start
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// add makes n a child of parent.
func (p *parser) add(parent, n *Node) *Node {
	n.Parent = parent
	n.order = p.doc.nodes
	p.doc.nodes++
	if n.Kind == Attribute {
		parent.Attrs = append(parent.Attrs, n)
	} else {
		parent.Children = append(parent.Children, n)
	}
	return n
}

func (p *parser) document() (*Document, error) {
	root := &Node{Kind: DocumentNode}
	p.doc.Root, p.doc.nodes = root, 1
	if p.has("<?xml") && len(p.src) > 5 && isSpace(p.src[5]) {
		end := strings.Index(p.src, "?>")
		if end < 0 {
			return nil, p.cutOff()
		}
		p.pos = end + 2
	}
	seen := false
	for {
		p.space()
		if p.pos == len(p.src) {
			break
		}
		switch {
		case p.has("<!--"):
			if err := p.comment(root); err != nil {
				return nil, err
			}
		case p.has("<?"):
			if err := p.instruction(root); err != nil {
				return nil, err
			}
		case p.has("<!DOCTYPE") && !seen:
			if err := p.doctype(); err != nil {
				return nil, err
			}
		case p.has("<") && seen:
			p.pos++
			return nil, p.fail("The markup in the document following the root element must be well-formed.")
		case p.has("<"):
			if next, size := utf8.DecodeRuneInString(p.src[p.pos+1:]); size > 0 && !nameStart(next) {
				p.pos++
				return nil, p.fail("The markup in the document preceding the root element must be well-formed.")
			}
			if err := p.element(root, &scope{prefix: "xml", uri: xmlSpace}); err != nil {
				return nil, err
			}
			seen = true
		case seen:
			return nil, p.fail("Content is not allowed in trailing section.")
		default:
			return nil, p.fail("Content is not allowed in prolog.")
		}
	}
	if !seen {
		p.pos = len(p.src)
		return nil, p.fail("Premature end of file.")
	}
	return p.doc, nil
}

func (p *parser) element(parent *Node, s *scope) error {
	if p.depth++; p.depth > maxDepth {
		return p.fail("The document is nested too deeply.")
	}
	p.pos++
	name, err := p.tagName()
	if err != nil {
		return err
	}
	if name == "" {
		return p.missing("The content of elements must consist of well-formed character data or markup.")
	}
	n := p.add(parent, &Node{Kind: Element, Name: name})
	empty, err := p.attributes(n)
	if err != nil {
		return err
	}
	if s, err = p.resolve(n, s); err != nil {
		return err
	}
	if !empty {
		if err := p.content(n, s); err != nil {
			return err
		}
	}
	p.depth--
	return nil
}

// attributes reads up to the end of a start tag and reports whether the element is empty.
func (p *parser) attributes(n *Node) (empty bool, err error) {
	for {
		spaced := p.space()
		switch {
		case p.has("/>"):
			p.pos += 2
			return true, p.unique(n)
		case p.has(">"):
			p.pos++
			return false, p.unique(n)
		}
		name := ""
		if spaced {
			if name, err = p.tagName(); err != nil {
				return false, err
			}
		}
		if name == "" {
			if p.has("/") {
				p.pos++
			}
			return false, p.missing("Element type \"%s\" must be followed by either attribute specifications, \">\" or \"/>\".", n.Name)
		}
		p.space()
		if !p.has("=") {
			return false, p.missing("Attribute name \"%s\" associated with an element type \"%s\" must be followed by the ' = ' character.", name, n.Name)
		}
		p.pos++
		p.space()
		value, err := p.attributeValue(n.Name, name)
		if err == nil {
			err = p.binding(name, value)
		}
		if err != nil {
			return false, err
		}
		p.add(n, &Node{Kind: Attribute, Name: name, Value: value})
	}
}

func (p *parser) unique(n *Node) error {
	seen := make(map[string]bool, len(n.Attrs))
	for _, a := range n.Attrs {
		if seen[a.Name] {
			return p.fail("Attribute \"%s\" was already specified for element \"%s\".", a.Name, n.Name)
		}
		seen[a.Name] = true
	}
	return nil
}

func (p *parser) attributeValue(element, name string) (string, error) {
	if !p.has(`"`) && !p.has("'") {
		return "", p.missing("Open quote is expected for attribute \"%s\" associated with an  element type  \"%s\".", name, element)
	}
	quote := p.src[p.pos]
	p.pos++
	var b strings.Builder
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; c {
		case quote:
			p.pos++
			return b.String(), nil
		case '<':
			return "", p.fail("The value of attribute \"%s\" associated with an element type \"%s\" must not contain the '<' character.", name, element)
		case '&':
			s, err := p.reference()
			if err != nil {
				return "", err
			}
			b.WriteString(s)
		case '\t', '\n', '\r':
			if c == '\r' && p.has("\r\n") {
				p.pos++
			}
			b.WriteByte(' ')
			p.pos++
		default:
			if err := p.character(&b, `value of attribute "`+name+`" and element is "`+element+`"`); err != nil {
				return "", err
			}
		}
	}
	return "", p.cutOff()
}

// character copies one character that XML allows.
func (p *parser) character(b *strings.Builder, where string) error {
	r, size := utf8.DecodeRuneInString(p.src[p.pos:])
	if !permitted(r) {
		return p.fail("An invalid XML character (Unicode: 0x%x) was found in the %s.", r, where)
	}
	b.WriteRune(r)
	p.pos += size
	return nil
}

package xmlmatch

import (
	"strings"
)

// content reads up to the end tag of n.
func (p *parser) content(n *Node, s *scope) error {
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			if last := len(n.Children) - 1; last >= 0 && n.Children[last].Kind == Text {
				n.Children[last].Value += text.String() // a comment that is left out parts no text
			} else {
				p.add(n, &Node{Kind: Text, Value: text.String()})
			}
			text.Reset()
		}
	}
	for p.pos < len(p.src) {
		var err error
		switch c := p.src[p.pos]; {
		case p.has("</"):
			flush()
			return p.endTag(n)
		case p.has("<!--"):
			flush()
			err = p.comment(n)
		case p.has("<![CDATA["):
			flush()
			err = p.cdata(n)
		case p.has("<?"):
			flush()
			err = p.instruction(n)
		case p.has("<!") && strings.HasPrefix("<!--", p.src[p.pos:]):
			return p.cutOff()
		case c == '<':
			flush()
			err = p.element(n, s)
		case c == '&':
			var t string
			t, err = p.reference()
			text.WriteString(t)
		case p.has("]]>"):
			p.pos += len("]]>")
			return p.fail("The character sequence \"]]>\" must not appear in content unless used to mark the end of a CDATA section.")
		case c == '\r':
			if !p.has("\r\n") {
				text.WriteByte('\n')
			}
			p.pos++
		default:
			err = p.character(&text, "element content of the document")
		}
		if err != nil {
			return err
		}
	}
	return p.cutOff()
}

func (p *parser) endTag(n *Node) error {
	p.pos += 2
	if !p.has(n.Name) {
		return p.fail("The element type \"%s\" must be terminated by the matching end-tag \"</%s>\".", n.Name, n.Name)
	}
	p.pos += len(n.Name)
	p.space()
	if !p.has(">") {
		return p.missing("The end-tag for element type \"%s\" must end with a '>' delimiter.", n.Name)
	}
	p.pos++
	return nil
}

func (p *parser) comment(parent *Node) error {
	end := strings.Index(p.src[p.pos+4:], "--")
	if end < 0 {
		return p.cutOff()
	}
	value := p.src[p.pos+4 : p.pos+4+end]
	p.pos += 4 + end + 2
	if !p.has(">") {
		return p.fail("The string \"--\" is not permitted within comments.")
	}
	p.pos++
	if p.comments {
		p.add(parent, &Node{Kind: Comment, Value: lineEnds(value)})
	}
	return nil
}

func (p *parser) cdata(parent *Node) error {
	end := strings.Index(p.src[p.pos:], "]]>")
	if end < 0 {
		return p.cutOff()
	}
	p.add(parent, &Node{Kind: CDATA, Value: lineEnds(p.src[p.pos+len("<![CDATA[") : p.pos+end])})
	p.pos += end + 3
	return nil
}

func (p *parser) instruction(parent *Node) error {
	p.pos += 2
	name := p.name()
	if name == "" {
		return p.missing("The processing instruction must begin with the name of the target.")
	}
	if strings.EqualFold(name, "xml") {
		return p.fail("The processing instruction target matching \"[xX][mM][lL]\" is not allowed.")
	}
	end := strings.Index(p.src[p.pos:], "?>")
	if end < 0 {
		return p.cutOff()
	}
	data := p.src[p.pos : p.pos+end]
	if data != "" && !isSpace(data[0]) {
		return p.fail("White space is required between the processing instruction target and data.")
	}
	p.pos += end + 2
	p.add(parent, &Node{Kind: Instruction, Name: name, Local: name, Value: lineEnds(strings.TrimLeft(data, " \t\r\n"))})
	return nil
}

func lineEnds(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// doctype skips a document type declaration and notes the plain-text entities that it declares.
func (p *parser) doctype() error {
	depth := 0
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case p.has("<!--"):
			end := strings.Index(p.src[p.pos+4:], "-->")
			if end < 0 {
				p.pos = len(p.src)
				continue
			}
			p.pos += 4 + end + 3
			continue
		case p.has("<!ENTITY"):
			p.entity()
			continue
		case c == '"' || c == '\'':
			end := strings.IndexByte(p.src[p.pos+1:], c)
			if end < 0 {
				p.pos = len(p.src)
				continue
			}
			p.pos += end + 1
		case c == '[' || c == '<':
			depth++
		case c == ']':
			depth--
		case c == '>':
			if depth--; depth <= 0 {
				p.pos++
				return nil
			}
		}
		p.pos++
	}
	return p.cutOff()
}

// entity notes an internal general entity. One with markup or references stands for nothing.
func (p *parser) entity() {
	end := strings.IndexByte(p.src[p.pos:], '>')
	if end < 0 {
		p.pos = len(p.src)
		return
	}
	fields := strings.TrimSpace(p.src[p.pos+len("<!ENTITY") : p.pos+end])
	p.pos += end + 1
	name, rest, ok := strings.Cut(fields, " ")
	rest = strings.TrimSpace(rest)
	if !ok || name == "%" || len(rest) < 2 {
		return
	}
	if p.entities == nil {
		p.entities = map[string]string{}
	}
	if _, known := p.entities[name]; known {
		return
	}
	value := ""
	if q := rest[0]; (q == '"' || q == '\'') && rest[len(rest)-1] == q && !strings.ContainsAny(rest, "<&%") {
		value = rest[1 : len(rest)-1]
	}
	p.entities[name] = value
}

package xmlmatch

import (
	"slices"
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
		case c == '<':
			flush()
			err = p.element(n, s)
		case c == '&':
			var t string
			t, err = p.reference()
			text.WriteString(t)
		case p.has("]]>"):
			return p.fail("The character sequence \"]]>\" must not appear in content unless used to mark the end of a CDATA section.")
		case c == '\r':
			if !p.has("\r\n") {
				text.WriteByte('\n')
			}
			p.pos++
		default:
			err = p.character(&text, "element content")
		}
		if err != nil {
			return err
		}
	}
	return p.fail("XML document structures must start and end within the same entity.")
}

func (p *parser) endTag(n *Node) error {
	p.pos += 2
	if !p.has(n.Name) {
		return p.fail("The element type \"%s\" must be terminated by the matching end-tag \"</%s>\".", n.Name, n.Name)
	}
	p.pos += len(n.Name)
	p.space()
	if !p.has(">") {
		return p.fail("The end-tag for element type \"%s\" must end with a '>' delimiter.", n.Name)
	}
	p.pos++
	return nil
}

func (p *parser) comment(parent *Node) error {
	end := strings.Index(p.src[p.pos+4:], "--")
	if end < 0 {
		p.pos = len(p.src)
		return p.fail("XML document structures must start and end within the same entity.")
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
		p.pos = len(p.src)
		return p.fail("XML document structures must start and end within the same entity.")
	}
	p.add(parent, &Node{Kind: CDATA, Value: lineEnds(p.src[p.pos+len("<![CDATA[") : p.pos+end])})
	p.pos += end + 3
	return nil
}

func (p *parser) instruction(parent *Node) error {
	p.pos += 2
	name := p.name()
	if name == "" {
		return p.fail("The processing instruction must begin with the name of the target.")
	}
	if strings.EqualFold(name, "xml") {
		return p.fail("The processing instruction target matching \"[xX][mM][lL]\" is not allowed.")
	}
	end := strings.Index(p.src[p.pos:], "?>")
	if end < 0 {
		p.pos = len(p.src)
		return p.fail("XML document structures must start and end within the same entity.")
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
	return p.fail("XML document structures must start and end within the same entity.")
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

// resolve splits the names of an element and its attributes, and finds their namespaces.
func (p *parser) resolve(n *Node, s *scope) (*scope, error) {
	if err := p.split(n); err != nil {
		return nil, err
	}
	for _, a := range n.Attrs {
		if err := p.split(a); err != nil {
			return nil, err
		}
		if p.doc.Namespaces && a.declaration() {
			a.Space = xmlnsSpace
			prefix := ""
			if a.Prefix == "xmlns" {
				prefix = a.Local
				if a.Value == "" {
					return nil, p.fail("The value of the attribute \"prefix=\"xmlns\",localpart=\"%s\",rawname=\"%s\"\" is invalid. Prefixed namespace bindings may not be empty.", a.Local, a.Name)
				}
			}
			s = &scope{s, prefix, a.Value}
		}
	}
	defer n.sortAttributes()
	if !p.doc.Namespaces {
		return s, nil
	}
	uri, ok := s.lookup(n.Prefix)
	if !ok {
		return nil, p.fail("The prefix \"%s\" for element \"%s\" is not bound.", n.Prefix, n.Name)
	}
	n.Space = uri
	seen := map[[2]string]bool{}
	for _, a := range n.Attrs {
		if a.Prefix == "" || a.declaration() {
			continue
		}
		if a.Space, ok = s.lookup(a.Prefix); !ok {
			return nil, p.fail("The prefix \"%s\" for attribute \"%s\" associated with an element type \"%s\" is not bound.", a.Prefix, a.Name, n.Name)
		}
		name := [2]string{a.Space, a.Local}
		if seen[name] {
			return nil, p.fail("Attribute \"%s\" bound to namespace \"%s\" was already specified for element \"%s\".", a.Local, a.Space, n.Name)
		}
		seen[name] = true
	}
	return s, nil
}

// sortAttributes orders them by name, as the JDK's DOM keeps them.
func (n *Node) sortAttributes() {
	if len(n.Attrs) < 2 {
		return
	}
	first := n.Attrs[0].order
	slices.SortFunc(n.Attrs, func(a, b *Node) int { return strings.Compare(a.Name, b.Name) })
	for i, a := range n.Attrs {
		a.order = first + i
	}
}

// split cuts a name at its colon.
func (p *parser) split(n *Node) error {
	n.Local = n.Name
	prefix, local, ok := strings.Cut(n.Name, ":")
	switch {
	case !ok:
	case prefix != "" && local != "" && !strings.Contains(local, ":"):
		n.Prefix, n.Local = prefix, local
	case p.doc.Namespaces:
		return p.fail("Element or attribute \"%s\" do not match QName production: QName::=(NCName':')?NCName.", n.Name)
	}
	return nil
}

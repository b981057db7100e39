package xmlmatch

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// expr is a node of an expression's syntax tree: one of the types below.
type expr any

type (
	literalExpr string
	numberExpr  float64
	negateExpr  struct{ operand expr }
	binaryExpr  struct {
		op          string
		left, right expr
	}
	callExpr struct {
		call     functionCall
		args     []expr
		position bool // position() or last()
		walks    bool // the argument is evaluated by evaluator.walked
	}
	// filterExpr is an expression with predicates.
	filterExpr struct {
		base       expr
		predicates []expr
	}
	// pathExpr is a location path, from the document, from what base gives, or from the context node.
	pathExpr struct {
		absolute bool
		base     expr
		steps    []pathStep
		written  bool // in documents without namespaces, names are compared as they are written
	}
	pathStep struct {
		axis       string
		test       nodeTest
		predicates []expr
	}
	// nodeTest is a kind of node, or a name; "" stands for any.
	nodeTest struct {
		kind         string // "node", "text", "comment", "processing-instruction", "" for a name
		space, local string
		anySpace     bool
	}
)

type xpathParser struct {
	lexer
	spaces map[string]string
	depth  int
}

const maxXPathDepth = 200

func (p *xpathParser) parse() (expr, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	e, err := p.binary(0)
	if err == nil && p.kind != tokenEnd {
		err = fmt.Errorf("unexpected %q", p.text)
	}
	return e, err
}

var precedence = [][]string{{"or"}, {"and"}, {"=", "!="}, {"<", "<=", ">", ">="}, {"+", "-"}, {"*", "div", "mod"}}

func (p *xpathParser) binary(level int) (expr, error) {
	if level == len(precedence) {
		return p.unary()
	}
	if level == 0 {
		if p.depth++; p.depth > maxXPathDepth {
			return nil, errors.New("nested too deeply")
		}
		defer func() { p.depth-- }()
	}
	left, err := p.binary(level + 1)
	for err == nil && p.kind == tokenOperator && slices.Contains(precedence[level], p.text) {
		op := p.text
		if err = p.next(); err != nil {
			break
		}
		var right expr
		right, err = p.binary(level + 1)
		left = binaryExpr{op, left, right}
	}
	return left, err
}

func (p *xpathParser) unary() (expr, error) {
	negative, some := false, false
	for p.kind == tokenOperator && p.text == "-" {
		negative, some = !negative, true
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	e, err := p.union()
	if negative {
		return negateExpr{e}, err
	}
	if some {
		return negateExpr{negateExpr{e}}, err
	}
	return e, err
}

func (p *xpathParser) union() (expr, error) {
	left, err := p.path()
	for err == nil && p.kind == tokenOperator && p.text == "|" {
		if err = p.next(); err != nil {
			break
		}
		var right expr
		right, err = p.path()
		left = binaryExpr{"|", left, right}
	}
	return left, err
}

func (p *xpathParser) symbol(s string) bool {
	return (p.kind == tokenSymbol || p.kind == tokenOperator) && p.text == s
}

func (p *xpathParser) expect(s string) error {
	if !p.symbol(s) {
		return fmt.Errorf("expected %s, found %q", s, p.text)
	}
	return p.next()
}

func (p *xpathParser) path() (expr, error) {
	e, err := p.locationPath()
	if path, ok := e.(*pathExpr); ok && err == nil {
		path.written = path.scansForName()
	}
	return e, err
}

// scansForName reports whether the path is //name and no more. The JDK has a faster way for it, which does not take the
// prefix off the names of a document without namespaces; all other paths do.
func (p *pathExpr) scansForName() bool {
	if !p.absolute || len(p.steps) == 0 || len(p.steps) > 2 {
		return false
	}
	last := p.steps[len(p.steps)-1]
	if len(p.steps) == 1 && last.axis != "descendant" ||
		len(p.steps) == 2 && (p.steps[0].axis != "descendant-or-self" || p.steps[0].test.kind != "node" || last.axis != "child") {
		return false
	}
	for _, predicate := range last.predicates {
		if positional(predicate) {
			return false
		}
	}
	return last.test.kind == "" && last.test.local != ""
}

// positional reports whether a predicate may depend on the position, as far as the JDK sees it: it takes everything but
// paths, functions and comparisons for such.
func positional(e expr) bool {
	if _, ok := e.(numberExpr); ok {
		return true
	}
	if _, ok := e.(literalExpr); ok {
		return true
	}
	return mentionsPosition(e)
}

// mentionsPosition is positional for an operand or an argument.
func mentionsPosition(e expr) bool {
	switch t := e.(type) {
	case *pathExpr, literalExpr, numberExpr:
		return false
	case binaryExpr:
		switch t.op {
		case "=", "<", "<=", ">", ">=":
			return mentionsPosition(t.left) || mentionsPosition(t.right)
		}
	case callExpr:
		return t.position || slices.ContainsFunc(t.args, mentionsPosition)
	}
	return true
}

func (p *xpathParser) locationPath() (expr, error) {
	path := &pathExpr{}
	switch {
	case p.symbol("/"):
		path.absolute = true
		if err := p.next(); err != nil {
			return nil, err
		}
		if !p.startsStep() {
			return path, nil
		}
		return path, p.relative(path)
	case p.symbol("//"):
		path.absolute = true
		return path, p.descend(path)
	case !p.startsFilter():
		return path, p.relative(path)
	}
	base, err := p.filtered()
	if err != nil {
		return nil, err
	}
	switch {
	case p.symbol("/"):
		if err := p.next(); err != nil {
			return nil, err
		}
		path.base = base
		return path, p.relative(path)
	case p.symbol("//"):
		path.base = base
		return path, p.descend(path)
	}
	return base, nil
}

// descend reads //step…; the cursor is on the slashes.
func (p *xpathParser) descend(path *pathExpr) error {
	path.steps = append(path.steps, pathStep{axis: "descendant-or-self", test: nodeTest{kind: "node"}})
	if err := p.next(); err != nil {
		return err
	}
	return p.relative(path)
}

func (p *xpathParser) startsStep() bool {
	return p.kind == tokenName || p.kind == tokenStar || p.symbol(".") || p.symbol("..") || p.symbol("@")
}

// startsFilter reports whether a primary expression comes, not a step.
func (p *xpathParser) startsFilter() bool {
	switch p.kind {
	case tokenLiteral, tokenNumber:
		return true
	case tokenName:
		return p.follows("(") && !isNodeType(p.text)
	}
	return p.symbol("(") || p.symbol("$")
}

// follows reports whether s comes after the current token.
func (p *xpathParser) follows(s string) bool {
	return strings.HasPrefix(strings.TrimLeft(p.src[p.pos:], " \t\r\n"), s)
}

func isNodeType(name string) bool {
	return name == "node" || name == "text" || name == "comment" || name == "processing-instruction"
}

func (p *xpathParser) filtered() (expr, error) {
	base, err := p.primary()
	if err != nil {
		return nil, err
	}
	predicates, err := p.predicates()
	if err != nil || len(predicates) == 0 {
		return base, err
	}
	return filterExpr{base, predicates}, nil
}

func (p *xpathParser) primary() (expr, error) {
	text := p.text
	switch p.kind {
	case tokenLiteral:
		return literalExpr(text), p.next()
	case tokenNumber:
		return numberExpr(parseNumber(text)), p.next()
	case tokenName:
		return p.call(text)
	}
	if p.symbol("$") {
		return nil, errors.New("there are no variables")
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	e, err := p.binary(0)
	if err != nil {
		return nil, err
	}
	return e, p.expect(")")
}

func (p *xpathParser) call(name string) (expr, error) {
	f, ok := functionOf(name)
	if !ok {
		return nil, fmt.Errorf("there is no function %s()", name)
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var args []expr
	for !p.symbol(")") {
		if len(args) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		arg, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	if len(args) < f.min || len(args) > f.max {
		return nil, fmt.Errorf("%s() does not take %d arguments", name, len(args))
	}
	call := callExpr{call: f.call, walks: f.walks, args: args, position: name == "position" || name == "last"}
	return call, p.next()
}

package spec

import (
	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/envd"
)

// The rules that readers of other formats report under; rules.go says what they mean.
const (
	RuleUnreadable      = ruleUnreadable
	RuleUnknownKey      = ruleUnknownKey
	RuleUnsupported     = ruleUnsupported
	RuleMissingField    = ruleMissingField
	RuleWrongType       = ruleWrongType
	RuleChooseOne       = ruleChooseOne
	RuleOutOfRange      = ruleOutOfRange
	RuleBadName         = ruleBadName
	RuleBadReference    = ruleBadReference
	RuleUnsetVariable   = ruleUnsetVariable
	RuleReservedName    = ruleReservedName
	RuleUnknownService  = ruleUnknownService
	RuleDependencyCycle = ruleDependencyCycle
	RulePathNotFound    = rulePathNotFound
)

// ComposeInput says what to read from compose files.
type ComposeInput struct {
	Files    []string // absolute paths; a later one wins
	Profiles []string // profiles to enable
	Publish  bool     // whether the ports that the files publish are opened on this host
	Runtime  string   // where the services will live
	Replaced []string // names of services that stubs replace: they are left out, and nothing waits for them
	Lookup   envd.Lookup
	Display  func(path string) string // what diagnostics call a file
}

// Composed is the result of reading compose files.
type Composed struct {
	Project  string // their project's name
	Services []envd.Service
	EnvFiles []envd.EnvFile      // also searched for the ${…} in Services
	Replaced map[string]Replaced // by the service's name

	unread bool // they have mistakes, so that references to them cannot be checked
}

// Replaced is what a stub takes over from the service that it stands in for.
type Replaced struct {
	Hostnames []string // besides the service's name
	Ports     []int    // TCP ports that it listened on
}

// Text is a YAML file that diagnostics point into.
type Text struct{ src *source }

// ParseText parses a YAML file with one document. If it cannot, the node is nil and the diagnostics say why.
func ParseText(name string, text []byte) (Text, *yaml.Node, Diagnostics) {
	src := newSource(name, text)
	root, found := parseYAML(src, text)
	return Text{src}, root, found
}

// At returns a diagnostic at a node.
func (t Text) At(n *yaml.Node, rule, message, help string) Diagnostic {
	return t.src.at(n.Line, n.Column, t.src.width(n), rule, message, help)
}

// Suggest returns a help text: which of the known words was probably meant, and which there are.
func Suggest(word, noun string, known []string) string { return suggest(word, noun, known) }

// Sorted returns the diagnostics ordered by place, without duplicates.
func (ds Diagnostics) Sorted() Diagnostics { return ds.sorted() }

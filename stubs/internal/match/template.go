package match

// URLTemplate is a path template such as "/users/{id}/orders/{orderId}".
type URLTemplate struct{ source string }

// ParseURLTemplate compiles the template of urlPathTemplate or matchesPathTemplate.
func ParseURLTemplate(t string) (*URLTemplate, error) { return &URLTemplate{t}, nil }

// String is the template as given.
func (t *URLTemplate) String() string { return t.source }

// Match reports whether path (no query) fits the template.
func (t *URLTemplate) Match(path string) bool { return false }

// Variables gives the path parameters of a path that matches, nil of one that does not.
func (t *URLTemplate) Variables(path string) map[string]string { return nil }

// Names lists the variables in order.
func (t *URLTemplate) Names() []string { return nil }

// Prefix is the literal part before the first variable or wildcard, for indexing.
func (t *URLTemplate) Prefix() string { return "" }

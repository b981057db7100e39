package stubs

// ResponseOptions say how responses are made and sent.
type ResponseOptions struct {
	// GlobalTemplating renders every response as a template, not only those that name the response-template transformer.
	GlobalTemplating bool
	// NoTemplating switches templating off.
	NoTemplating bool
}

package mapping

// Extension is what a mapping may ask for beyond WireMock. Plain WireMock files have none.
type Extension struct{}

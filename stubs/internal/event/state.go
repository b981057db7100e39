package event

// State is what a stub's script knew when it answered. Templates read it as state and session.
type State struct {
	Session string // what tells the client apart; "" when nothing does
	Values  map[string]string
}

package cli

// exitError ends the command with a code; a nil error means that all has been said.
type exitError struct {
	code int
	error
}

func (e *exitError) Unwrap() error { return e.error }

// withCode gives err its exit code; nil stays nil.
func withCode(code int, err error) error {
	if err == nil {
		return nil
	}
	return &exitError{code, err}
}

package cli

// exitError ends the command with a code. Its error is nil if everything has been printed already.
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

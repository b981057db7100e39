package envd

import (
	"encoding/json"
	"fmt"
	"regexp"
)

// Value is a string that may refer to something that must not be stored. `${VAR}` and `${VAR:-default}` name environment
// variables of the runner, FromEnv and FromFile name secrets. It is marshalled as the reference, never as the value.
type Value struct {
	Text     string // literal text with ${…} references
	FromEnv  string // name of the variable that holds a secret
	FromFile string // absolute path of the file that holds a secret (a trailing newline is dropped)
}

// Lookup resolves references: Env works like os.LookupEnv, File like os.ReadFile.
type Lookup struct {
	Env  func(string) (string, bool)
	File func(string) ([]byte, error)
}

var reference = regexp.MustCompile(`\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}`)

// References lists the environment variables that v cannot do without: those that have no default.
func (v Value) References() []string {
	if v.FromEnv != "" {
		return []string{v.FromEnv}
	}
	var names []string
	for _, m := range reference.FindAllStringSubmatch(v.Text, -1) {
		if m[1] != "" && m[2] == "" {
			names = append(names, m[1])
		}
	}
	return names
}

// Secret reports whether v's value must be masked wherever it could be printed.
func (v Value) Secret() bool { return v.FromEnv != "" || v.FromFile != "" }

// IsZero reports whether v is empty.
func (v Value) IsZero() bool { return v == Value{} }

// Expand returns the value. An unset variable without a default is an error that names it.
func (v Value) Expand(l Lookup) (string, error) {
	switch {
	case v.FromEnv != "":
		s, ok := l.Env(v.FromEnv)
		if !ok {
			return "", fmt.Errorf("environment variable %s is not set", v.FromEnv)
		}
		return s, nil
	case v.FromFile != "":
		b, err := l.File(v.FromFile)
		if err != nil {
			return "", fmt.Errorf("secret file: %w", err)
		}
		if n := len(b); n > 0 && b[n-1] == '\n' {
			b = b[:n-1]
		}
		return string(b), nil
	}
	var missing error
	out := reference.ReplaceAllStringFunc(v.Text, func(ref string) string {
		if ref == "$$" {
			return "$"
		}
		m := reference.FindStringSubmatch(ref)
		if s, ok := l.Env(m[1]); ok && (s != "" || m[2] == "") {
			return s
		}
		if m[2] == "" && missing == nil {
			missing = fmt.Errorf("environment variable %s is not set", m[1])
		}
		return m[3]
	})
	return out, missing
}

type secretForm struct {
	FromEnv  string `json:"from_env,omitempty"`
	FromFile string `json:"from_file,omitempty"`
}

// MarshalJSON writes a plain string, or {"from_env": …} / {"from_file": …} for a secret.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.Secret() {
		return json.Marshal(secretForm{v.FromEnv, v.FromFile})
	}
	return json.Marshal(v.Text)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *Value) UnmarshalJSON(b []byte) error {
	*v = Value{}
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &v.Text)
	}
	var f secretForm
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	v.FromEnv, v.FromFile = f.FromEnv, f.FromFile
	return nil
}

package template

func helpHostname(o *options) (any, error) { return o.r.engine.options.Hostname, nil }

// helpSystemValue reads an environment variable or a property, if its key is permitted.
func helpSystemValue(o *options) (any, error) {
	key, err := o.stringOption("key", "")
	if err != nil {
		return nil, err
	}
	kind, err := o.stringOption("type", "ENVIRONMENT")
	if err != nil {
		return nil, err
	}
	missing, hasDefault, err := asString(o.option("default"))
	if err != nil {
		return nil, err
	}
	if key == "" {
		return mistake("The key cannot be empty"), nil
	}
	if !o.r.engine.permits(key) {
		return mistake("Access to " + key + " is denied"), nil
	}
	var lookup func(string) (string, bool)
	switch kind {
	case "ENVIRONMENT":
		lookup = o.r.engine.options.Environment
	case "PROPERTY":
		lookup = o.r.engine.options.Property
	default:
		return "", nil
	}
	if lookup != nil {
		if v, ok := lookup(key); ok {
			return v, nil
		}
	}
	if hasDefault {
		return missing, nil
	}
	return nil, nil
}

func (e *Engine) permits(key string) bool {
	for _, re := range e.permitted {
		if re.MatchString(key) {
			return true
		}
	}
	return false
}

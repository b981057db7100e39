package mapping

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// block reads an object of the extension member by member; read reports false for a name that it does not know. Of
// several errors that are to be collected it returns the first.
func (p place) block(what string, read func(name string, v place) (known bool, err error)) error {
	o, ok := p.value.(*jsondoc.Object)
	if !ok {
		return parsing(p.pointer, what+" must be an object")
	}
	var first error
	for _, m := range o.Members() {
		v := p.member(m.Name, m.Value)
		known, err := read(m.Name, v)
		if err == nil && !known {
			err = parsing(v.pointer, fmt.Sprintf("%s has no field %q", what, m.Name))
		}
		switch {
		case err == nil:
			continue
		case p.all == nil:
			return err
		case first == nil:
			first = AsError(err, v.pointer)
		default:
			*p.all = append(*p.all, AsError(err, v.pointer))
		}
	}
	return first
}

// collected is how many errors have been collected so far.
func (p place) collected() int {
	if p.all == nil {
		return 0
	}
	return len(*p.all)
}

func readExtension(v place) (*Extension, error) {
	if v.value == nil {
		return nil, nil
	}
	x := &Extension{Then: Repeat}
	x.source, _ = v.value.(*jsondoc.Object)
	before := v.collected()
	if err := v.block("envd", x.read); err != nil || v.collected() > before {
		return nil, err
	}
	return x, x.check(v.pointer)
}

func (x *Extension) read(name string, v place) (known bool, err error) {
	switch name {
	case "ttl":
		x.TTL, err = v.duration()
	case "session":
		x.Session, err = readSession(v)
	case "when":
		x.When, err = singlePatterns(v)
	case "set":
		err = x.Change.readSet(v)
	case "add":
		err = x.Change.readAdd(v)
	case "rateLimit":
		x.RateLimit, err = readRateLimit(v)
	case "alternatives":
		x.Alternatives, err = readResponses(v)
	case "sequence":
		x.Sequence, err = readResponses(v)
	case "then":
		x.Then, err = readThen(v)
	default:
		return false, nil
	}
	return true, err
}

// check looks at what the members say together.
func (x *Extension) check(pointer string) error {
	if _, then := x.source.Get("then"); then && len(x.Sequence) == 0 {
		return parsing(pointer+"/then", "then says what follows a sequence: there is none")
	}
	shares := 0.0
	for i, r := range x.Alternatives {
		at := fmt.Sprintf("%s/alternatives/%d", pointer, i)
		if r.Extension == nil || !r.Extension.chooses() {
			return parsing(at, `an alternative needs "envd" with share, weight, nth or every, which say when it is answered`)
		}
		shares += r.Extension.Share
	}
	if shares > 1+1e-9 {
		return parsing(pointer+"/alternatives", "the shares add up to more than 100%")
	}
	for i, r := range x.Sequence {
		if err := r.onlyChanges(fmt.Sprintf("%s/sequence/%d", pointer, i)); err != nil {
			return err
		}
	}
	if x.RateLimit != nil && x.RateLimit.Response != nil {
		return x.RateLimit.Response.onlyChanges(pointer + "/rateLimit/response")
	}
	return nil
}

// onlyChanges refuses a choice on a response that is no alternative.
func (d *ResponseDefinition) onlyChanges(pointer string) error {
	if d != nil && d.Extension != nil && d.Extension.chooses() {
		return parsing(pointer+"/"+ExtensionField, "share, weight, nth and every are for the responses of envd.alternatives")
	}
	return nil
}

func readResponses(v place) ([]*ResponseDefinition, error) {
	list, ok := v.value.([]any)
	if !ok || len(list) == 0 {
		return nil, parsing(v.pointer, "must be a list of responses")
	}
	out := make([]*ResponseDefinition, len(list))
	for i, e := range list {
		r, err := readResponse(v.element(i, e))
		if err != nil {
			return nil, err
		}
		if r == nil {
			return nil, parsing(v.element(i, e).pointer, "must be a response")
		}
		out[i] = r
	}
	return out, nil
}

func readThen(v place) (AfterSequence, error) {
	s, _ := v.value.(string)
	switch a := AfterSequence(s); a {
	case Repeat, Loop, Stop:
		return a, nil
	}
	return "", parsing(v.pointer, "must be repeat, loop or stop")
}

func readSession(v place) (*SessionKey, error) {
	k := &SessionKey{}
	err := v.block("session", func(name string, v place) (bool, error) {
		dst, known := map[string]*string{"cookie": &k.Cookie, "header": &k.Header, "query": &k.Query, "path": &k.Path}[name]
		if !known {
			return false, nil
		}
		s, _, err := v.str()
		if err == nil && s == "" {
			err = parsing(v.pointer, "must name the "+name)
		}
		*dst = s
		return true, err
	})
	if err != nil {
		return nil, err
	}
	if o, _ := v.value.(*jsondoc.Object); o != nil && o.Len() != 1 {
		return nil, parsing(v.pointer, "a session comes from one of cookie, header, query and path")
	}
	return k, nil
}

func readRateLimit(v place) (*RateLimit, error) {
	l := &RateLimit{Per: time.Second}
	err := v.block("rateLimit", func(name string, v place) (bool, error) {
		var err error
		switch name {
		case "requests":
			l.Requests, err = v.positive()
		case "per":
			l.Per, err = v.duration()
		case "response":
			l.Response, err = readResponse(v)
		default:
			return false, nil
		}
		return true, err
	})
	if err == nil && l.Requests == 0 {
		err = parsing(v.pointer, "rateLimit needs requests: how many get through per second, or per what per says")
	}
	return l, err
}

func readResponseExtension(v place) (*ResponseExtension, error) {
	if v.value == nil {
		return nil, nil
	}
	x := &ResponseExtension{}
	x.source, _ = v.value.(*jsondoc.Object)
	chosenBy := 0
	err := v.block("envd", func(name string, v place) (bool, error) {
		var err error
		switch name {
		case "share":
			x.Share, err = v.share()
			chosenBy++
		case "weight":
			x.Weight, err = v.weight()
			chosenBy++
		case "nth":
			x.Nth, err = v.positive()
			chosenBy++
		case "every":
			x.Every, err = v.positive()
			chosenBy++
		case "set":
			err = x.Change.readSet(v)
		case "add":
			err = x.Change.readAdd(v)
		default:
			return false, nil
		}
		return true, err
	})
	if err == nil && chosenBy > 1 {
		err = parsing(v.pointer, "a response is chosen by one of share, weight, nth and every")
	}
	return x, err
}

// readSet reads values by key: templates, or null to remove the key.
func (c *Change) readSet(v place) error {
	return v.block("set", func(name string, v place) (bool, error) {
		a := Assignment{Key: name}
		switch v.value.(type) {
		case nil:
			a.Remove = true
		case *jsondoc.Object, []any:
			a.Value = jsondoc.Compact(v.value)
		default:
			a.Value, _, _ = v.str() // a scalar always has a text
		}
		*c = append(*c, a)
		return true, nil
	})
}

// readAdd reads numbers by key.
func (c *Change) readAdd(v place) error {
	return v.block("add", func(name string, v place) (bool, error) {
		n, err := v.double()
		if err == nil && (n == nil || math.IsNaN(*n) || math.IsInf(*n, 0)) {
			err = parsing(v.pointer, "must be a number")
		}
		if err == nil {
			*c = append(*c, Assignment{Key: name, Add: *n, IsAdd: true})
		}
		return true, err
	})
}

// duration reads a text like "1.5s" or "10m".
func (p place) duration() (time.Duration, error) {
	s, _ := p.value.(string)
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, parsing(p.pointer, `must be a duration above 0 with its unit, such as "500ms", "10s" or "1h30m"`)
	}
	return d, nil
}

func (p place) positive() (int, error) {
	n, err := p.integer("int")
	if err != nil {
		return 0, err
	}
	if n == nil || *n < 1 {
		return 0, parsing(p.pointer, "must be a whole number from 1")
	}
	return *n, nil
}

// share reads "5%" or 0.05.
func (p place) share() (float64, error) {
	text, scale := "", 1.0
	switch v := p.value.(type) {
	case string:
		percent, ok := strings.CutSuffix(strings.TrimSpace(v), "%")
		if text = v; ok {
			text, scale = strings.TrimSpace(percent), 100
		}
	case jsondoc.Number:
		text = string(v)
	}
	f, err := strconv.ParseFloat(text, 64)
	if f /= scale; err != nil || !(f > 0 && f <= 1) {
		return 0, parsing(p.pointer, `must be a share of the requests above 0, such as "5%" or 0.05`)
	}
	return f, nil
}

func (p place) weight() (float64, error) {
	f, err := p.double()
	if err != nil {
		return 0, err
	}
	if f == nil || !(*f > 0) || math.IsInf(*f, 0) {
		return 0, parsing(p.pointer, "must be a number above 0")
	}
	return *f, nil
}

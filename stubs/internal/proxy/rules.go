package proxy

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

// ErrDenied is the error of a request to a target that the rules do not allow.
var ErrDenied = errors.New("the target address is denied")

// Rules say which targets may be reached: allowed and not denied. Addresses are compared as addresses, whether they were
// written in the URL or found by name; names are compared with the wildcards. A list without addresses allows all
// addresses, one without names all names. The zero value allows everything.
type Rules struct {
	allow, deny ruleSet
}

type ruleSet struct {
	ranges []ipRange
	names  []*regexp.Regexp
}

type ipRange struct{ from, to netip.Addr }

// ParseRules reads lists of IP addresses, hyphenated ranges of them and host names with * as wildcard.
func ParseRules(allow, deny []string) (*Rules, error) {
	a, errA := parseRuleSet(allow)
	d, errD := parseRuleSet(deny)
	if err := errors.Join(errA, errD); err != nil {
		return nil, err
	}
	return &Rules{a, d}, nil
}

func parseRuleSet(list []string) (set ruleSet, err error) {
	for _, item := range list {
		if first, last, ok := strings.Cut(item, "-"); ok {
			from, errFrom := netip.ParseAddr(first)
			to, errTo := netip.ParseAddr(last)
			if errFrom == nil && errTo == nil {
				set.ranges = append(set.ranges, ipRange{from, to})
				continue
			}
		}
		if addr, errAddr := netip.ParseAddr(item); errAddr == nil {
			set.ranges = append(set.ranges, ipRange{addr, addr})
			continue
		}
		if numeric(item) {
			err = errors.Join(err, fmt.Errorf("%q is not a valid IP address or range", item))
			continue
		}
		pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.ToLower(item)), `\*`, ".+")
		set.names = append(set.names, regexp.MustCompile("^(?:"+pattern+")$")) // quoted: it always compiles
	}
	return set, err
}

// numeric tells mistyped addresses from host names.
func numeric(s string) bool { return s == "" || strings.Trim(s, "0123456789.-") == "" }

func (s ruleSet) hasAddr(a netip.Addr) bool {
	a = a.Unmap()
	for _, r := range s.ranges {
		if r.from.BitLen() == a.BitLen() && r.from.Compare(a) <= 0 && a.Compare(r.to) <= 0 {
			return true
		}
	}
	return false
}

func (s ruleSet) hasName(name string) bool {
	for _, re := range s.names {
		if re.MatchString(name) {
			return true
		}
	}
	return false
}

// Host reports whether the host of a URL, a name or an address, may be asked for.
func (r *Rules) Host(host string) bool {
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return r.Addr(addr)
	}
	name := strings.ToLower(host)
	return (len(r.allow.names) == 0 || r.allow.hasName(name)) && !r.deny.hasName(name)
}

// Addr reports whether an address may be connected to.
func (r *Rules) Addr(a netip.Addr) bool {
	return (len(r.allow.ranges) == 0 || r.allow.hasAddr(a)) && !r.deny.hasAddr(a)
}

package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// LinkFault is what happens to the connections of a link, in the vocabulary of Toxiproxy.
type LinkFault struct {
	Toxics []Toxic `json:"toxics"`
}

func (f LinkFault) lag() (longest time.Duration) {
	for _, t := range f.Toxics {
		if t.Type == "latency" {
			late := max(t.Attributes["latency"]+t.Attributes["jitter"], t.Attributes["median"])
			longest = max(longest, time.Duration(late*float64(time.Millisecond)))
		}
	}
	return longest
}

// Toxic acts on one direction of every connection of a link. Types and attributes are Toxiproxy's (its README, "Toxics"):
// latency {latency, jitter: ms}, bandwidth {rate: KB/s}, slow_close {delay: ms}, timeout {timeout: ms, 0 for ever},
// reset_peer {timeout: ms}, slicer {average_size, size_variation: bytes, delay: µs}, limit_data {bytes}. Beyond it,
// latency takes {median: ms, sigma}, a log-normal distribution.
type Toxic struct {
	Type       string             `json:"type"`
	Stream     string             `json:"stream"`   // Upstream or Downstream
	Toxicity   float64            `json:"toxicity"` // share of the connections that it acts on, (0..1]
	Attributes map[string]float64 `json:"attributes"`
}

// Directions of a link, as seen by the consumer.
const (
	Upstream   = "upstream"   // what it sends
	Downstream = "downstream" // what it gets back
	both       = "both"
)

// linkParams are common to all faults on links.
type linkParams struct {
	Direction string   `json:"direction"`
	Share     *float64 `json:"share"`
}

// toxics makes one for each direction.
func (p linkParams) toxics(otherwise, kind string, attributes map[string]float64) (LinkFault, error) {
	share, err := share(p.Share)
	if err != nil {
		return LinkFault{}, err
	}
	var streams []string
	switch direction := p.Direction; {
	case direction == "" && otherwise == both, direction == both:
		streams = []string{Upstream, Downstream}
	case direction == "":
		streams = []string{otherwise}
	case direction == Upstream || direction == Downstream:
		streams = []string{direction}
	default:
		return LinkFault{}, fmt.Errorf("direction %q is unknown; use upstream (what the consumer sends), downstream (what it gets back) or both", direction)
	}
	var f LinkFault
	for _, s := range streams {
		f.Toxics = append(f.Toxics, Toxic{Type: kind, Stream: s, Toxicity: share, Attributes: attributes})
	}
	return f, nil
}

func linkFault(name string, parse func(json.RawMessage) (LinkFault, error), tell func(LinkFault, Effect) string) Fault {
	return kind[LinkFault]{name, Leashed, World.Links, parse, tell}
}

// on describes how many connections an effect touched.
func on(e Effect) string { return fmt.Sprintf("%d of %d connections", e.Affected, e.Total) }

// LinkLatency delays data on its way. Parameters: delay (a duration) with jitter (uniform, to both sides), or median and
// sigma (log-normal), or lower and upper (uniform); direction (default downstream); share of the connections (default 1).
func LinkLatency() Fault {
	return linkFault("link.latency", parseLinkLatency, func(_ LinkFault, e Effect) string {
		return fmt.Sprintf("+%s on %s", e.Delay.Round(time.Millisecond), on(e))
	})
}

func parseLinkLatency(params json.RawMessage) (LinkFault, error) {
	var p struct {
		delayParams
		Jitter duration `json:"jitter"`
		linkParams
	}
	if err := decode(params, &p); err != nil {
		return LinkFault{}, err
	}
	d, err := p.distribution()
	switch {
	case err != nil:
		return LinkFault{}, err
	case p.Jitter < 0 || p.Jitter > p.Delay:
		return LinkFault{}, errors.New("jitter must lie between 0 and delay")
	case d.Median > 0:
		return p.toxics(Downstream, "latency", map[string]float64{"median": ms(d.Median), "sigma": d.Sigma})
	case d.Upper > 0:
		return p.toxics(Downstream, "latency", map[string]float64{"latency": ms(d.Lower+d.Upper) / 2, "jitter": ms(d.Upper-d.Lower) / 2})
	}
	return p.toxics(Downstream, "latency", map[string]float64{"latency": ms(d.Fixed), "jitter": ms(time.Duration(p.Jitter))})
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// LinkBandwidth lets only so much through. Parameters: rate, for example 64kB/s (1 kB is 1000 bytes); direction (default
// downstream); share.
func LinkBandwidth() Fault {
	return linkFault("link.bandwidth", parseLinkBandwidth, func(f LinkFault, e Effect) string {
		return fmt.Sprintf("held %s to %s kB/s, data was %s late", on(e), number(f.Toxics[0].Attributes["rate"]), e.Delay.Round(time.Millisecond))
	})
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func parseLinkBandwidth(params json.RawMessage) (LinkFault, error) {
	var p struct {
		Rate string `json:"rate"`
		linkParams
	}
	if err := decode(params, &p); err != nil {
		return LinkFault{}, err
	}
	rate, err := byteRate(p.Rate)
	if err != nil {
		return LinkFault{}, err
	}
	return p.toxics(Downstream, "bandwidth", map[string]float64{"rate": rate / 1000})
}

// rateUnits are tried in this order.
var rateUnits = []struct {
	suffix string
	bytes  float64
}{{"MB/s", 1e6}, {"kB/s", 1e3}, {"KB/s", 1e3}, {"B/s", 1}}

// byteRate reads 64kB/s as bytes per second.
func byteRate(text string) (float64, error) {
	for _, u := range rateUnits {
		digits, found := strings.CutSuffix(text, u.suffix)
		if !found {
			continue
		}
		if v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64); err == nil && v > 0 {
			return v * u.bytes, nil
		}
	}
	return 0, fmt.Errorf("rate %q is no rate such as 64kB/s or 1.5MB/s", text)
}

// LinkReset breaks connections with a TCP RST as soon as data passes. Parameters: after (how long after that; default 0);
// direction of that data (default downstream: what was asked has arrived); share.
func LinkReset() Fault {
	return linkFault("link.reset", parseLinkReset, func(_ LinkFault, e Effect) string { return "reset " + on(e) })
}

func parseLinkReset(params json.RawMessage) (LinkFault, error) {
	p, err := decodeAfter(params)
	if err != nil {
		return LinkFault{}, err
	}
	return p.toxics(Downstream, "reset_peer", map[string]float64{"timeout": ms(time.Duration(p.After))})
}

type afterParams struct {
	After duration `json:"after"`
	linkParams
}

func decodeAfter(params json.RawMessage) (p afterParams, err error) {
	if err = decode(params, &p); err == nil && p.After < 0 {
		err = errors.New("after cannot be negative")
	}
	return p, err
}

// LinkTimeout drops all data and closes connections some time later. Parameters: after (a duration); direction (default
// both); share.
func LinkTimeout() Fault {
	return linkFault("link.timeout", parseLinkTimeout, func(_ LinkFault, e Effect) string { return "silenced and closed " + on(e) })
}

func parseLinkTimeout(params json.RawMessage) (LinkFault, error) {
	p, err := decodeAfter(params)
	if err == nil && p.After == 0 {
		err = errors.New("after says how long the silence lasts until the connection closes, for example after: 2s; link.blackhole never closes it")
	}
	if err != nil {
		return LinkFault{}, err
	}
	return p.toxics(both, "timeout", map[string]float64{"timeout": ms(time.Duration(p.After))})
}

// LinkBlackhole drops all data, and connections stay open until it is reverted. Parameters: direction (default both);
// share.
func LinkBlackhole() Fault { return linkFault("link.blackhole", parseLinkBlackhole, silenced) }

// NetworkPartition drops all data between two services, whichever of them connects. Its target is "a <-> b".
// Parameters: none.
func NetworkPartition() Fault {
	return linkFault("network.partition", func(params json.RawMessage) (LinkFault, error) {
		if err := decode(params, &struct{}{}); err != nil {
			return LinkFault{}, err
		}
		return parseLinkBlackhole(nil)
	}, silenced)
}

func silenced(_ LinkFault, e Effect) string { return "silenced " + on(e) }

func parseLinkBlackhole(params json.RawMessage) (LinkFault, error) {
	var p struct{ linkParams }
	if err := decode(params, &p); err != nil {
		return LinkFault{}, err
	}
	return p.toxics(both, "timeout", map[string]float64{"timeout": 0})
}

// LinkSlicer cuts data into small pieces that arrive one after the other. Parameters: size (of a piece, bytes),
// variation (bytes, to both sides), pause (between two pieces); direction (default downstream); share.
func LinkSlicer() Fault {
	return linkFault("link.slicer", parseLinkSlicer, func(_ LinkFault, e Effect) string {
		return fmt.Sprintf("sliced the data of %s, +%s", on(e), e.Delay.Round(time.Millisecond))
	})
}

func parseLinkSlicer(params json.RawMessage) (LinkFault, error) {
	var p struct {
		Size      int      `json:"size"`
		Variation int      `json:"variation"`
		Pause     duration `json:"pause"`
		linkParams
	}
	err := decode(params, &p)
	switch {
	case err != nil:
	case p.Size <= 0:
		err = errors.New("size says how many bytes a piece has, for example size: 64")
	case p.Variation < 0 || p.Variation >= p.Size:
		err = errors.New("variation must lie between 0 and size, which it changes to both sides")
	case p.Pause < 0:
		err = errors.New("pause cannot be negative")
	}
	if err != nil {
		return LinkFault{}, err
	}
	return p.toxics(Downstream, "slicer", map[string]float64{
		"average_size": float64(p.Size), "size_variation": float64(p.Variation), "delay": float64(time.Duration(p.Pause).Microseconds()),
	})
}

// Ends are the two ends of a link fault's target: "shop -> db" leads one way, "shop <-> db" both.
func Ends(target string) (from, to string, bothWays, ok bool) {
	words := strings.Fields(target)
	if len(words) != 3 || !slices.Contains([]string{"->", "<->"}, words[1]) {
		return "", "", false, false
	}
	return words[0], words[2], words[1] == "<->", true
}

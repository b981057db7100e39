package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/envd-dev/envd/envd"
)

// durationFlag is a flag that reads durations as specs do.
type durationFlag time.Duration

// durationVar adds such a flag.
func durationVar(flags *pflag.FlagSet, p *time.Duration, name string, value time.Duration, usage string) *pflag.Flag {
	*p = value
	return flags.VarPF((*durationFlag)(p), name, "", usage)
}

// Set is called by pflag, which adds the flag's name to the error.
func (d *durationFlag) Set(text string) error {
	v, err := envd.ParseDuration(text)
	if err != nil {
		return err
	}
	*d = durationFlag(v)
	return nil
}

// Type is what help calls the value.
func (d *durationFlag) Type() string { return "duration" }

func (d *durationFlag) String() string { return shortDuration(time.Duration(*d)) }

// shortDuration writes whole days as such, and leaves out what is zero: 30d, 2h, 1m30s.
func shortDuration(d time.Duration) string {
	const day = 24 * time.Hour
	if d != 0 && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

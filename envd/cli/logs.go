package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"
)

func (a *app) logsCommand() *cobra.Command {
	var follow bool
	c := &cobra.Command{
		Use:   "logs ID [SERVICE...]",
		Short: "Print services' output",
		Long: `Print what services wrote, also of a run that has ended, each line with its time and stream; of all services where none
is named. Where it is more than one, or several replicas, lines come in the order of their times and begin with the service's name.`,
		Example: `  envd logs shop-k3f9qa api -f
  envd logs shop-k3f9qa`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			f, err := a.fleet()
			if err != nil {
				return err
			}
			services, err := instances(c.Context(), f, args[0], args[1:])
			if err != nil {
				return err
			}
			if len(services) == 1 {
				err = f.Logs(c.Context(), args[0], services[0], follow, c.OutOrStdout())
			} else {
				err = merged(c.Context(), f, args[0], services, follow, c.OutOrStdout())
			}
			if c.Context().Err() != nil {
				return nil // ^C is how one stops following
			}
			return err
		},
	}
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the services end")
	return c
}

// instances resolves names to services: a name shared by replicas to all of them, no name at all to every service. Unknown
// names stay as they are, and are reported by whoever gets them.
func instances(ctx context.Context, f fleet, id string, names []string) ([]string, error) {
	all, err := f.Services(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		if len(all) == 0 {
			return nil, fmt.Errorf("%s has no services", id)
		}
		return all, nil
	}
	var out []string
	for _, name := range names {
		replicas := slices.DeleteFunc(slices.Clone(all), func(s string) bool {
			number, ok := strings.CutPrefix(s, name+"-")
			_, err := strconv.Atoi(number)
			return !ok || err != nil
		})
		if slices.Contains(all, name) || len(replicas) == 0 {
			replicas = []string{name}
		}
		out = append(out, replicas...)
	}
	return out, nil
}

// merged writes the logs of several services: line by line in the order of their times or, when following, as they come.
func merged(ctx context.Context, f fleet, id string, services []string, follow bool, w io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer cancel()
	width := 0
	for _, s := range services {
		width = max(width, len(s))
	}
	errs := make([]error, len(services))
	logs := make([]*log, len(services))
	for i, s := range services {
		kept, out := io.Pipe()
		defer kept.Close() // never fails; ends the writer
		logs[i] = &log{prefix: fmt.Sprintf("%-*s | ", width, s), lines: bufio.NewReader(kept)}
		reading.Go(func() {
			errs[i] = f.Logs(ctx, id, s, follow, out)
			_ = out.Close() // never fails
		})
	}
	var err error
	if follow {
		err = asTheyCome(w, logs)
	} else {
		err = inOrder(w, logs)
	}
	if err != nil {
		return err // the reader is gone
	}
	reading.Wait()
	return errors.Join(errs...)
}

// log reads one service's output.
type log struct {
	prefix string
	lines  *bufio.Reader
	next   string // "" at its end
}

// advance reads the next line.
func (l *log) advance() {
	line, _ := l.lines.ReadString('\n') // errors are reported by the writing end
	if line != "" && !strings.HasSuffix(line, "\n") {
		line += "\n"
	}
	l.next = line
}

func (l *log) write(w io.Writer) error {
	_, err := io.WriteString(w, l.prefix+l.next)
	return err
}

// inOrder writes the lines in the order of the times with which they begin.
func inOrder(w io.Writer, logs []*log) error {
	for _, l := range logs {
		l.advance()
	}
	for {
		logs = slices.DeleteFunc(logs, func(l *log) bool { return l.next == "" })
		if len(logs) == 0 {
			return nil
		}
		first := slices.MinFunc(logs, func(a, b *log) int { return cmp.Compare(timeOf(a.next), timeOf(b.next)) })
		if err := first.write(w); err != nil {
			return err
		}
		first.advance()
	}
}

// timeOf returns a line's time (RFC 3339, UTC) in a form that sorts as text: without its Z, fractions of different lengths
// compare digit by digit.
func timeOf(line string) string {
	when, _, _ := strings.Cut(line, " ")
	return strings.TrimSuffix(when, "Z")
}

// asTheyCome writes every line as soon as it arrives.
func asTheyCome(w io.Writer, logs []*log) error {
	var mu sync.Mutex
	var all sync.WaitGroup
	errs := make([]error, len(logs))
	for i, l := range logs {
		all.Go(func() {
			for l.advance(); l.next != ""; l.advance() {
				mu.Lock()
				err := l.write(w)
				mu.Unlock()
				if err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

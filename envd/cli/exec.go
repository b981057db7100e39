package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/execstream"
	"github.com/envd-dev/envd/envd/internal/runner"
)

func (a *app) execCommand() *cobra.Command {
	var service string
	var tty bool
	c := &cobra.Command{
		Use:   "exec ID -- COMMAND [ARG...]",
		Short: "Run a command inside an environment",
		Long: `Run a command inside an environment, with its exit code, streams and signals: ^C reaches the command, a second ^C ends it
and all that it started. With -t it runs on a terminal.`,
		Example: `  envd exec shop-k3f9qa -- curl -s https://payments.example.com/charge
  envd exec shop-k3f9qa --service api -- env
  envd exec -t shop-k3f9qa --service api -- sh`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			f, err := a.fleet()
			if err != nil {
				return err
			}
			req := v1.ExecRequest{Service: service, Command: args[1:], Frames: true}
			code, err := a.exec(c, f, args[0], req, tty)
			if err != nil {
				return err
			}
			if code != 0 {
				return &exitError{code, nil}
			}
			return nil
		},
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return fmt.Errorf("%w (the command to run comes after --)", err)
	})
	c.Flags().StringVar(&service, "service", "", "in the surroundings of this service: its image, files, variables and working directory")
	c.Flags().BoolVarP(&tty, "tty", "t", false, "on a terminal, for what is interactive, such as a shell")
	c.Flags().BoolP("interactive", "i", true, "") // always on; accepted because people are used to -it
	c.Flags().Lookup("interactive").Hidden = true
	return c
}

// exec runs a command until it ends, or until the second interrupt.
func (a *app) exec(c *cobra.Command, f fleet, id string, req v1.ExecRequest, tty bool) (int, error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(c.Context())) // the first interrupt goes to the command
	defer cancel()
	in, frames := execstream.NewInput()
	defer frames.Close() // releases blocked senders; never fails
	if tty {
		leave, err := onTerminal(&req)
		if err != nil {
			return 0, err
		}
		defer leave()
	}
	go a.controls(ctx, cancel, in, tty)
	go func() { // ends with frames, unless it is reading from a terminal: that read cannot be interrupted
		if tty || !term.IsTerminal(int(os.Stdin.Fd())) { // without -t the command has no terminal to read from
			_, _ = io.Copy(in, os.Stdin) // fails when the command has ended, which its exit code shows
		}
		_ = in.End()
	}()
	code, err := f.Exec(ctx, id, req, frames, c.OutOrStdout(), c.ErrOrStderr())
	if ctx.Err() != nil {
		return 0, runner.ErrInterrupted
	}
	return code, err
}

// controls passes this process's signals on to the command until ctx ends. When this terminal is closed, or at the second
// signal that asks to end, the command is cut off.
func (a *app) controls(ctx context.Context, cancel func(), in *execstream.Input, tty bool) {
	signals, stop := notified()
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.again:
			cancel()
			return
		case s := <-signals:
			name, known := signalNames[s]
			switch {
			case name == "HUP":
				cancel()
				return
			case known: // not waited for: it blocks behind input that the command does not read
				go func() { _ = in.Control(envd.ExecControl{Signal: name}) }()
			case tty:
				size := sizeOf(os.Stdin)
				go func() { _ = in.Control(envd.ExecControl{Size: &size}) }()
			}
		}
	}
}

// onTerminal requests a terminal for the command and puts this one into raw mode, so that what is typed goes there
// unchanged. leave restores this terminal.
func onTerminal(req *v1.ExecRequest) (leave func(), err error) {
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return nil, withCode(envd.ExitUsage, errors.New("exec -t: the standard input is no terminal: leave -t out"))
	}
	size := sizeOf(os.Stdin)
	req.Terminal = &size
	req.Env = map[string]string{"TERM": os.Getenv("TERM")}
	before, err := term.MakeRaw(int(os.Stdin.Fd()))
	if err != nil {
		return nil, err
	}
	return func() { _ = term.Restore(int(os.Stdin.Fd()), before) }, nil // nothing can be done if this fails
}

func sizeOf(f *os.File) envd.TerminalSize {
	columns, rows, err := term.GetSize(int(f.Fd()))
	if err != nil || rows <= 0 || columns <= 0 {
		rows, columns = 24, 80
	}
	return envd.TerminalSize{Rows: uint16(rows), Columns: uint16(columns)}
}

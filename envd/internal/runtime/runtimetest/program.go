package runtimetest

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/envd-dev/envd/envd"
)

// Main makes a test binary the program that the suite runs inside environments: workloads, and a stand-in for the
// gateway. It exits where the command line asks for one of them, and returns otherwise. Call it first in TestMain.
func Main() {
	if len(os.Args) < 2 {
		return
	}
	switch os.Args[1] {
	case Verb:
		os.Exit(Workload(context.Background(), realWorld(os.Args[2:])))
	case "gateway":
		os.Exit(gateway(os.Args[2:]))
	}
}

// realWorld is the operating system's.
func realWorld(steps []string) World {
	terminate, caught := make(chan struct{}), make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGTERM)
	go func() {
		<-caught
		close(terminate)
	}()
	var dialer net.Dialer
	return World{
		Name: os.Getenv(NameVar), Steps: steps, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Getwd: os.Getwd, Dial: dialer.DialContext, Resolve: net.DefaultResolver.LookupHost, ReadFile: os.ReadFile,
		Listen: func(port int) (net.Listener, error) {
			return net.Listen("tcp", net.JoinHostPort(os.Getenv(envd.AddressVar), strconv.Itoa(port)))
		},
		Terminate: terminate,
		Daemonise: daemonise,
	}
}

// daemonise leaves a process behind as daemons do: in a session of its own, its parent gone, without a word of the
// environment that it came from.
func daemonise(steps []string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(exe, append([]string{Verb}, steps...)...)
	cmd.Env = []string{envd.AddressVar + "=" + os.Getenv(envd.AddressVar), NameVar + "=daemon"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}

// gateway stands in for `envd gateway`: it answers on its control socket, and on port 80 of its address.
func gateway(args []string) int {
	flags := flag.NewFlagSet("gateway", flag.ContinueOnError)
	address := flags.String("address", "", "")
	control := flags.String("control", "", "")
	flags.String("dns", "", "")
	flags.String("name", "", "")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	fmt.Println("gateway", strings.Join(args, " "))
	stubs, err := net.Listen("tcp", net.JoinHostPort(*address, "80"))
	if err == nil {
		go Answer(stubs, "gateway")
	} else {
		fmt.Fprintln(os.Stderr, err) // where there are no production ports, there are no stubs on them
	}
	network, where, _ := strings.Cut(*control, ":") // last: that it answers says that the gateway is up
	l, err := net.Listen(network, where)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	Answer(l, "control")
	return 0
}

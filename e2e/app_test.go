package e2e

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// appMain is the program under test in most scripts: one binary that is a small service, its client, and a few ways
// to misbehave.
func appMain() {
	if len(os.Args) < 2 {
		fatal("usage: app serve|get|fail|print …")
	}
	switch verb, args := os.Args[1], os.Args[2:]; verb {
	case "serve":
		appServe(args)
	case "get":
		appGet(args)
	case "connect":
		conn, err := net.DialTimeout("tcp", args[0], 5*time.Second)
		if err != nil {
			fatal(err)
		}
		conn.Close()
	case "source":
		appSource(args[0])
	case "compare":
		appCompare(args[0], args[1])
	case "transfer":
		appTransfer(args[0])
	case "mask":
		appMask(args[0])
	case "print":
		for _, line := range args {
			fmt.Println(line)
		}
	case "printenv":
		fmt.Println(os.Getenv(args[0]))
	case "eat":
		appEat()
	case "screen":
		appScreen()
	case "patient": // is ended by nothing but SIGKILL, and neither is its child
		if len(args) > 0 {
			self, err := os.Executable()
			if err != nil {
				fatal(err)
			}
			child := exec.Command(self)
			child.Args = []string{"app", "patient"} // the program may be a link, which leads to all of the tests
			child.Env = append(os.Environ(), "PATIENT="+args[0])
			child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			if err := child.Start(); err != nil {
				fatal(err)
			}
		}
		signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
		fmt.Println("patient")
		time.Sleep(time.Hour)
	case "fail":
		fmt.Fprintln(os.Stderr, "something went wrong on purpose")
		os.Exit(7)
	default:
		fatal("unknown verb ", verb)
	}
}

// appEat takes memory until somebody ends it.
func appEat() {
	var eaten [][]byte
	for {
		eaten = append(eaten, bytes.Repeat([]byte{1}, 1<<20))
		_ = eaten
	}
}

func fatal(v ...any) {
	fmt.Fprintln(os.Stderr, v...)
	os.Exit(1)
}

// appServe answers GET / with a greeting, GET /upstream with what its upstream answers (502 where it does not), and
// GET /metrics with how often it greeted and how many wait for its upstream; GET /eat is its end.
func appServe(args []string) {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	address := flags.String("listen", ":8080", "")
	upstream := flags.String("upstream", "", "")
	timeout := flags.Duration("timeout", 5*time.Second, "")
	delay := flags.Duration("ready-after", 0, "")
	crash := flags.Duration("crash-after", 0, "")
	daemonise := flags.Bool("daemonise", false, "")
	ignoreTerm := flags.Bool("ignore-term", false, "")
	flags.Parse(args)

	if *daemonise { // leave a grandchild in a session of its own behind
		self, err := os.Executable()
		if err != nil {
			fatal(err)
		}
		child := exec.Command(self, "serve", "-listen", "127.0.0.1:0", "-ignore-term")
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := child.Start(); err != nil {
			fatal(err)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if *ignoreTerm {
		signal.Ignore(syscall.SIGTERM)
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		fatal(err)
	}
	ready := time.Now().Add(*delay)
	client := &http.Client{Timeout: *timeout}
	mux := http.NewServeMux()
	var greetings, waiting atomic.Int64
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		greetings.Add(1)
		fmt.Fprintln(w, "hello from the app")
	})
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE app_greetings_total counter\napp_greetings_total{kind=\"warm\"} %d\n", greetings.Load())
		fmt.Fprintf(w, "app_answer 42\napp_waiting %d\n", waiting.Load())
	})
	mux.HandleFunc("/name", func(w http.ResponseWriter, _ *http.Request) {
		name, _ := os.Hostname() // "" is no name that a test expects
		fmt.Fprintln(w, name)
	})
	mux.HandleFunc("/eat", func(http.ResponseWriter, *http.Request) { appEat() })
	mux.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
		if time.Now().Before(ready) {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/upstream", func(w http.ResponseWriter, r *http.Request) {
		waiting.Add(1)
		defer waiting.Add(-1)
		resp, err := client.Get(*upstream)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
		io.Copy(w, resp.Body)
	})
	server := &http.Server{Handler: mux}
	go server.Serve(listener)
	fmt.Println("app is listening on", listener.Addr())
	if *crash > 0 {
		time.AfterFunc(*crash, func() { fmt.Println("app gives up"); os.Exit(9) })
	}
	<-ctx.Done()
	fmt.Println("app is ending")
}

// appGet prints the body of a URL and fails on a status of 400 or more.
func appGet(args []string) {
	resp, err := (&http.Client{Timeout: 5 * time.Second}).Get(args[0])
	if err != nil {
		fatal(err)
	}
	defer resp.Body.Close()
	io.Copy(os.Stdout, resp.Body)
	if resp.StatusCode >= 400 {
		fatal(resp.Status)
	}
}

// waitforMain blocks until a file has a line that holds every one of the given texts.
func waitforMain() {
	path, texts := os.Args[1], os.Args[2:]
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it is not there yet
		}
		for line := range strings.Lines(string(b)) {
			if holds(line, texts) {
				return
			}
		}
	}
	fatal("no line of ", path, " came to hold ", texts)
}

func holds(line string, texts []string) bool {
	for _, text := range texts {
		if !strings.Contains(line, text) {
			return false
		}
	}
	return true
}

// retryMain runs a command until it succeeds.
func retryMain() {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		cmd := exec.Command(os.Args[1], os.Args[2:]...)
		out, err := cmd.CombinedOutput()
		if err == nil {
			os.Stdout.Write(out)
			return
		}
		if time.Now().After(deadline) {
			fatal(err, string(out))
		}
	}
}

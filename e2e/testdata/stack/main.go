// Command stack is a service for tests of container environments: small, static, and honest about what it sees.
//
//	stack serve ADDRESS [DELAY]   serve HTTP, from DELAY after the start on, until SIGTERM
//	stack check ADDRESS           exit with 0 if ADDRESS accepts a connection
//	stack get URL                 print what URL answers
//	stack cat FILE                print a file
//	stack line FILE BEGINNING     print the rest of the first line that begins so
//	stack has FILE TEXT           exit with 0 if the file has the text in it
//	stack ls FOLDER               print the names in it
//	stack copy FROM TO            copy a file
//	stack env NAME                print a variable
//	stack write FILE TEXT         write a file, and end
//	stack again FILE              fail the first time, which FILE remembers, and succeed from then on
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: stack serve|check|get|cat|line|has|ls|copy|env|write|again, not %q", args)
	}
	switch args[0] {
	case "serve":
		return serve(args[1], args[2:])
	case "check":
		conn, err := net.DialTimeout("tcp", args[1], time.Second)
		if err != nil {
			return err
		}
		return conn.Close()
	case "get":
		text, err := get(args[1])
		fmt.Print(text)
		return err
	case "cat":
		text, err := os.ReadFile(args[1])
		fmt.Print(string(text))
		return err
	case "line":
		text, err := os.ReadFile(args[1])
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, args[2]); ok {
				fmt.Println(strings.TrimSpace(rest))
				break
			}
		}
		return err
	case "has":
		text, err := os.ReadFile(args[1])
		if err == nil && !strings.Contains(string(text), args[2]) {
			err = fmt.Errorf("%s has no %s in it", args[1], args[2])
		}
		return err
	case "ls":
		entries, err := os.ReadDir(args[1])
		for _, e := range entries {
			fmt.Println(e.Name())
		}
		return err
	case "copy":
		text, err := os.ReadFile(args[1])
		return errors.Join(err, os.WriteFile(args[2], text, 0o644))
	case "env":
		fmt.Print(os.Getenv(args[1]))
		return nil
	case "write":
		return os.WriteFile(args[1], []byte(args[2]), 0o644)
	case "again":
		f, err := os.OpenFile(args[1], os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			return nil
		}
		return errors.Join(errors.New("once more"), err, f.Close())
	}
	return fmt.Errorf("no command %s", args[0])
}

func serve(address string, rest []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if len(rest) > 0 {
		delay, err := time.ParseDuration(rest[0])
		if err != nil {
			return err
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return nil
		}
	}
	mux := http.NewServeMux()
	text := func(path string, f func(query string) (string, error)) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			out, err := f(r.URL.Query().Get("of"))
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			fmt.Fprint(w, out)
		})
	}
	text("/", func(string) (string, error) { return os.Hostname() })
	text("/env", func(name string) (string, error) { return os.Getenv(name), nil })
	text("/file", func(path string) (string, error) { b, err := os.ReadFile(path); return string(b), err })
	text("/get", get)
	server := &http.Server{Addr: address, Handler: mux}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	fmt.Println("serving", address)
	if err := server.ListenAndServe(); ctx.Err() == nil {
		return err
	}
	return nil
}

func get(url string) (string, error) {
	client := &http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("status %d: %s", resp.StatusCode, b)
	}
	return string(b), err
}

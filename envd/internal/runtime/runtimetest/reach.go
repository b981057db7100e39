package runtimetest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

func testExec(t *testing.T, b *bench) {
	b.create(nil)
	var out, errs bytes.Buffer
	input := strings.Repeat("all of the input ", 20000)
	code, err := b.rt.Exec(b.ctx, b.id, envd.Exec{
		Command: []string{b.h.Exe, Verb, "cat", "error:to stderr", "exit:7"}, WorkDir: "/",
		Stdin: strings.NewReader(input), Stdout: &out, Stderr: &errs,
	})
	require.NoError(t, err, "a non-zero exit code is no error")
	assert.Equal(t, 7, code)
	assert.Equal(t, len(input), out.Len())
	assert.Equal(t, input, out.String())
	assert.Equal(t, "to stderr\n", errs.String())

	code, err = b.rt.Exec(b.ctx, b.id, envd.Exec{Command: []string{b.h.Exe, Verb, "cat", "print:x"}, WorkDir: "/"})
	require.NoError(t, err, "streams may be nil: stdin is at its end, output goes nowhere")
	assert.Equal(t, 0, code)

	var both bytes.Buffer
	_, err = b.rt.Exec(b.ctx, b.id, envd.Exec{
		Command: []string{b.h.Exe, Verb, "print:1", "error:2", "print:3"}, WorkDir: "/", Stdout: &both, Stderr: &both,
	})
	require.NoError(t, err)
	assert.Equal(t, "1\n2\n3\n", both.String(), "one writer for both keeps the order")

	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer file.Close()
	_, err = b.rt.Exec(b.ctx, b.id, envd.Exec{Command: []string{b.h.Exe, Verb, "print:into a file"}, WorkDir: "/", Stdout: file})
	require.NoError(t, err)
	content, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	assert.Equal(t, "into a file\n", string(content))

	_, err = b.rt.Exec(b.ctx, b.id, envd.Exec{Command: []string{"/no/such/program"}, WorkDir: "/"})
	assert.ErrorContains(t, err, "/no/such/program")
	assert.ErrorIs(t, err, envd.ErrNoProgram)
	_, err = b.rt.Exec(b.ctx, b.id, envd.Exec{Command: []string{"no-such-program"}, WorkDir: "/"})
	assert.ErrorIs(t, err, envd.ErrNoProgram)
	_, err = b.rt.Exec(b.ctx, b.id, envd.Exec{})
	assert.Error(t, err)
	assert.Empty(t, b.observe().Services, "a command is no service")
}

// The end of the context is the end of the command and of what it started.
func testExecCancelled(t *testing.T, b *bench) {
	b.create(nil)
	b.start(b.workload("keeper", "stubborn"))
	ctx, cancel := context.WithCancel(b.ctx)
	ended := make(chan error, 1)
	go func() {
		_, err := b.rt.Exec(ctx, b.id, envd.Exec{
			Service: "keeper", Command: []string{b.h.Exe, Verb, "daemonise:9801", "listen:9802", "stubborn"}, Stdout: &bytes.Buffer{},
		})
		ended <- err
	}()
	b.answers("keeper", 9801, "daemon ping")
	b.answers("keeper", 9802, "keeper ping")
	cancel()
	select {
	case err := <-ended:
		assert.ErrorIs(t, err, context.Canceled)
	case <-time.After(patience):
		t.Fatal("the command outlives its context")
	}
	for _, port := range []int{9801, 9802} {
		_, err := b.ask(b.rt, b.id, "keeper", port)
		assert.Error(t, err, port)
	}
	assert.True(t, b.observe().Services["keeper"].Running)
}

func testExecMany(t *testing.T, b *bench) {
	b.create(nil)
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			var out bytes.Buffer
			code, err := b.rt.Exec(b.ctx, b.id, envd.Exec{
				Command: []string{b.h.Exe, Verb, fmt.Sprintf("print:number %d", i), fmt.Sprintf("exit:%d", i)}, WorkDir: "/", Stdout: &out,
			})
			assert.NoError(t, err)
			assert.Equal(t, i, code)
			assert.Equal(t, fmt.Sprintf("number %d\n", i), out.String())
		})
	}
	all.Wait()
}

func testDial(t *testing.T, b *bench) {
	b.create(nil)
	b.start(b.workload("web", "listen:9898", "stubborn"))
	b.answers("web", 9898, "web ping")
	conn, err := b.rt.Dial(b.ctx, b.id, "web", 9898)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Millisecond)))
	_, err = conn.Read(make([]byte, 1))
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "deadlines work as on any connection")
	_, err = b.rt.Dial(b.ctx, b.id, "web", 9899)
	assert.Error(t, err, "nobody listens there")
}

// Environments know nothing of each other: same ports, same names.
func testParallelEnvironments(t *testing.T, b *bench) {
	b.need(b.caps.Isolated, "isolation")
	const n = 4
	benches := make([]*bench, n)
	for i := range benches {
		benches[i] = newBench(t, b.h)
	}
	var all sync.WaitGroup
	for i, each := range benches {
		all.Go(func() {
			svc := each.workload("web", "listen:443", "stubborn")
			op := envd.Operation{Kind: envd.OpStart, Target: "web", Service: svc, Env: map[string]string{NameVar: fmt.Sprint("web", i)}}
			create := envd.Operation{Kind: envd.OpCreate, Environment: &envd.Environment{}}
			if assert.NoError(t, each.rt.Do(each.ctx, each.id, create)) {
				assert.NoError(t, each.rt.Do(each.ctx, each.id, op))
			}
		})
	}
	all.Wait()
	for i, each := range benches {
		each.answers("web", 443, fmt.Sprintf("web%d ping", i))
	}
	_, err := benches[0].rt.Destroy(b.ctx, benches[0].id)
	require.NoError(t, err)
	benches[1].answers("web", 443, "web1 ping")
}

// What nobody declared is refused at once, and on record.
func testUndeclared(t *testing.T, b *bench) {
	b.need(b.caps.Isolated, "isolation")
	b.create(nil)
	b.gateway()
	b.start(b.workload("web", "listen:9898", "stubborn"))
	b.answers("web", 9898, "web ping")
	before, err := b.rt.Undeclared(b.ctx, b.id)
	require.NoError(t, err)
	assert.Empty(t, before)
	web := "web"
	if b.caps.SharedPorts {
		web = "127.0.0.1"
	}
	begin := time.Now()
	out, _ := b.exec("", "connect:203.0.113.7:443", "connect:203.0.113.7:443", "udp:203.0.113.8:5353", "connect:"+web+":9898", "connect:127.0.0.1:1")
	seen, err := b.rt.Undeclared(b.ctx, b.id)
	require.NoError(t, err)
	if seen == nil {
		assert.Contains(t, b.caps.Guarantee, "not recorded")
		return
	}
	assert.Equal(t, "refused\nrefused\nrefused\nweb ping\nrefused", out)
	assert.Less(t, time.Since(begin), 5*time.Second, "refused, not left to time out")
	assert.Equal(t, []envd.Connection{
		{Destination: "203.0.113.7:443", Protocol: "tcp", Count: 2},
		{Destination: "203.0.113.8:5353", Protocol: "udp", Count: 1},
	}, seen)
}

// Where a runtime holds what services send out before the gateway is up, it is refused and recorded then.
func testHeld(t *testing.T, b *bench) {
	b.need(b.caps.Holds > 0, "holding what is sent out before the gateway is up")
	b.create(nil)
	begin := time.Now()
	b.start(b.workload("early", "connect:203.0.113.9:443"))
	b.gateway()
	if time.Since(begin) > b.caps.Holds.Std() {
		t.Log("this machine is too busy to tell: the gateway came up too late")
		return
	}
	b.wait("early")
	seen, err := b.rt.Undeclared(b.ctx, b.id)
	require.NoError(t, err)
	assert.Contains(t, strings.Join(b.logLines("early"), "\n"), "refused")
	assert.Equal(t, []envd.Connection{{Destination: "203.0.113.9:443", Protocol: "tcp", Count: 1}}, seen)
}

// A declared destination is reached, by its address and by its name, and only that.
func testEgress(t *testing.T, b *bench) {
	b.need(b.caps.Egress, "egress")
	machine, err := os.Hostname()
	require.NoError(t, err)
	address := ownAddress(t)
	listen := func(name string) string {
		l, err := net.Listen("tcp4", ":0")
		require.NoError(t, err)
		t.Cleanup(func() { l.Close() })
		go Answer(l, name)
		_, port, err := net.SplitHostPort(l.Addr().String())
		require.NoError(t, err)
		return port
	}
	first, second, forbidden := listen("first"), listen("second"), listen("forbidden")
	declared := []string{net.JoinHostPort(address, first), net.JoinHostPort(machine, second), net.JoinHostPort(machine, first)}
	b.create(&envd.Environment{Egress: declared})
	b.gateway()
	undeclared := net.JoinHostPort(machine, forbidden)
	out, _ := b.exec("", "connect:"+declared[0], "connect:"+declared[1], "connect:"+declared[2], "connect:"+undeclared)
	assert.Equal(t, "first ping\nsecond ping\nfirst ping\nrefused", out)
	seen, err := b.rt.Undeclared(b.ctx, b.id)
	require.NoError(t, err)
	for _, c := range seen { // a runtime may see what asks a declared host for another port
		assert.Equal(t, envd.Connection{Destination: undeclared, Protocol: "tcp", Count: 1}, c)
	}
}

// ownAddress is an address of this machine that others reach too.
func ownAddress(t *testing.T) string {
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && ip.IP.IsGlobalUnicast() {
			return ip.IP.String()
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("this machine has no network")
	}
	t.Skip("NOT TESTED: this machine has no network")
	return ""
}

package process_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process"
)

func TestMain(m *testing.M) {
	if process.IsInit(os.Args[1:]) {
		os.Exit(process.InitMain(os.Args[1:]))
	}
	os.Exit(m.Run())
}

func TestSmoke(t *testing.T) {
	ctx := context.Background()
	r := process.New(process.Options{LogDir: t.TempDir()})
	t0 := time.Now()
	c, err := r.Capabilities(ctx)
	fmt.Println(time.Since(t0))
	require.NoError(t, err)
	t.Logf("%+v", c)
	t0 = time.Now()
	env := &envd.Environment{Services: []envd.Service{{Name: "web", Hostnames: []string{"web.example.com"}}}, Stubs: []envd.Stub{{Host: "pay.example.com"}}}
	require.NoError(t, r.Do(ctx, "e1", envd.Operation{Kind: envd.OpCreate, Environment: env}))
	fmt.Println(time.Since(t0))
	require.NoError(t, r.Do(ctx, "e1", envd.Operation{Kind: envd.OpFile, File: &envd.File{Path: "/etc/newdir/app.conf"}, Content: []byte("hello\n")}))
	require.NoError(t, r.Do(ctx, "e1", envd.Operation{Kind: envd.OpFile, File: &envd.File{Path: "/etc/passwd.x"}, Content: []byte("hello2\n")}))
	require.NoError(t, r.Do(ctx, "e1", envd.Operation{Kind: envd.OpFile, File: &envd.File{Path: "/app/config"}, Content: []byte("hello3\n")}))
	var out bytes.Buffer
	t0 = time.Now()
	code, err := r.Exec(ctx, "e1", envd.Exec{Command: []string{"bash", "-c", `cat /etc/hosts /etc/resolv.conf /etc/newdir/app.conf /etc/passwd.x /app/config; id; hostname; ps axf; ls -la / /tmp; grep Cap /proc/self/status; cat /proc/self/limits | grep msgq; ip a; ip r; timeout 3 bash -c 'echo </dev/tcp/8.8.8.8/53'; timeout 3 curl -sv telnet://1.2.3.4:80;timeout 3 curl -sv 'telnet://[2606::1]:80'; exit 3`}, Stdout: &out, Stderr: &out, WorkDir: "/"})
	fmt.Println(time.Since(t0))
	require.NoError(t, err)
	require.Equal(t, 3, code, out.String())
	fmt.Println(out.String())
	u, err := r.Undeclared(ctx, "e1")
	require.NoError(t, err)
	t.Log(u)
	t0 = time.Now()
	left, err := r.Destroy(ctx, "e1")
	fmt.Println(time.Since(t0))
	require.NoError(t, err)
	require.Empty(t, left)
}

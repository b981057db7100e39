package gateway

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/chaos"
	"github.com/envd-dev/envd/envd"
)

// own is a loopback address of this test alone.
const own = "127.83.7.1"

// greeter answers every line with itself, at the same port on two addresses as a service would.
func greeter(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for lines := bufio.NewScanner(c); lines.Scan(); {
					c.Write(append(lines.Bytes(), '\n'))
				}
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func linked(t *testing.T) (*Client, int) {
	control := filepath.Join(t.TempDir(), "control")
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{
			Address: own, Control: "unix:" + control, Services: "127.0.0.1",
			Links: map[string]string{"shop:db": "127.83.7.16", "db:shop": "127.83.7.17"},
		})
	}()
	t.Cleanup(func() { stop(); assert.NoError(t, <-ended) })
	c := NewClient(func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", control)
	}, "token")
	t.Cleanup(c.Close)
	ca, err := NewCA("test")
	require.NoError(t, err)
	key, err := ca.KeyPEM()
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return c.Claim(ctx, EnvironmentConfig{CACert: ca.CertPEM(), CAKey: key}) == nil
	}, 10*time.Second, time.Millisecond)
	port := greeter(t)
	require.NoError(t, c.PutLink(ctx, "shop -> db", LinkConfig{Ports: []int{port}}))
	return c, port
}

func says(t *testing.T, address string) error {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	if _, err := c.Write([]byte("hello\n")); err != nil {
		return err
	}
	_, err = bufio.NewReader(c).ReadString('\n')
	return err
}

func TestLinks(t *testing.T) {
	c, port := linked(t)
	ctx := t.Context()
	address := net.JoinHostPort("127.83.7.16", strconv.Itoa(port))
	require.NoError(t, says(t, address))

	broken := chaos.LinkFault{Toxics: []chaos.Toxic{{Type: "reset_peer", Stream: chaos.Downstream, Toxicity: 1}}}
	faults := c.Links()
	for _, target := range []string{"shop -> db", "shop <-> db", "db <-> shop"} {
		require.NoError(t, faults.SetFault(ctx, target, "broken", broken, time.Minute))
		require.Error(t, says(t, address), target)
		e, err := faults.AwaitFault(ctx, target, "broken")
		require.NoError(t, err)
		assert.Equal(t, chaos.Effect{Affected: 1, Total: 1, Delay: e.Delay}, e)
		require.NoError(t, faults.RenewFault(ctx, target, "broken", time.Minute))
		_, err = faults.ClearFault(ctx, target, "broken", broken)
		require.NoError(t, err)
		require.NoError(t, says(t, address))
		assert.ErrorIs(t, faults.RenewFault(ctx, target, "broken", time.Minute), chaos.ErrGone)
	}
	assert.ErrorContains(t, faults.SetFault(ctx, "shop -> stock", "x", broken, time.Minute), "no link shop -> stock")
	assert.ErrorContains(t, c.PutLink(ctx, "shop -> stock", LinkConfig{Ports: []int{port}}), "no place for a link")

	// Whoever is inside controls links as Toxiproxy's clients do.
	inside := toxiproxy.NewClient("http://" + net.JoinHostPort(own, strconv.Itoa(envd.ToxiproxyPort)))
	p, err := inside.Proxy("shop:db:" + strconv.Itoa(port))
	require.NoError(t, err)
	_, err = p.AddToxic("", "latency", "upstream", 1, toxiproxy.Attributes{"latency": 120})
	require.NoError(t, err)
	begin := time.Now()
	require.NoError(t, says(t, address))
	assert.GreaterOrEqual(t, time.Since(begin), 120*time.Millisecond)
	resp, err := http.Get("http://" + net.JoinHostPort(own, strconv.Itoa(envd.ToxiproxyPort)) + "/version")
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, 200, resp.StatusCode)
}

// An inherited socket refuses while it is shut, and can be opened again.
func TestInheritedSocket(t *testing.T) {
	var plain net.ListenConfig
	plain.SetMultipathTCP(false)
	free, err := plain.Listen(t.Context(), "tcp", own+":0")
	require.NoError(t, err)
	require.NoError(t, free.Close())
	first, err := plain.Listen(t.Context(), "tcp", free.Addr().String()) // the kernel keeps a port only that was asked for
	require.NoError(t, err)
	f, err := first.(*net.TCPListener).File()
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, first.Close())
	address := first.Addr().String()
	for range 2 {
		l, err := socket(f.Fd()).listen()
		require.NoError(t, err)
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		served, err := l.Accept()
		require.NoError(t, err)
		served.Close()
		c.Close()
		require.NoError(t, l.Close())
		_, err = net.Dial("tcp", address)
		require.ErrorIs(t, err, unix.ECONNREFUSED)
	}
}

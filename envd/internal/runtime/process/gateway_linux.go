package process

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// startGateway starts the gateway and returns when its control API accepts connections.
func (e *environment) startGateway(ctx context.Context, op envd.Operation) error {
	socket := e.gatewaySocket()
	args := append([]string{"gateway", "--address", e.gateway, "--control", "unix:" + socket}, linkArguments(op.Environment)...)
	if !e.plain {
		args = append(args, "--dns", nameServer)
	}
	for _, r := range e.redirects {
		_, port, err := net.SplitHostPort(r.From)
		if err != nil {
			return err
		}
		args = append(args, "--listen-at", fmt.Sprintf("%s=%d", port, r.To))
	}
	env := variables(os.Environ())
	maps.Copy(env, op.Env)
	env["GOGC"] = "off" // everything waits for the gateway; it turns garbage collection on once it has started
	svc := &service{env: e.environ(envd.GatewayName, env), stop: envd.Stop{Signal: "TERM", Grace: gatewayGrace}}
	if err := e.start(ctx, svc, control.Start{Name: envd.GatewayName, Args: args, Env: svc.env, Gateway: true}); err != nil {
		return err
	}
	_, _, err := e.client.Call(ctx, control.Request{Await: &control.Await{Name: envd.GatewayName, Socket: socket}})
	if ctx.Err() != nil {
		return e.abandon(ctx, envd.GatewayName)
	}
	return err
}

// gatewayGrace is enough: the gateway holds nothing that a kill would lose.
const gatewayGrace = envd.Duration(2 * time.Second)

func (e *environment) gatewaySocket() string {
	if e.plain { // abstract sockets belong to the network namespace, which is the host's here
		return control.GatewaySocket + "-" + e.id
	}
	return control.GatewaySocket
}

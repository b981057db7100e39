package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// clientsListener is the one of a broker's listeners that the module leads clients to.
const clientsListener = "PLAINTEXT"

// broker serves Kafka's protocol as the variables of a broker's image say: KAFKA_LISTENERS and KAFKA_ADVERTISED_LISTENERS.
// It tells in the words of Kafka's log when it serves.
func broker(ctx context.Context, env func(string) string) error {
	listen, err := listener(env("KAFKA_LISTENERS"))
	if err != nil {
		return fmt.Errorf("KAFKA_LISTENERS: %w", err)
	}
	told, err := listener(env("KAFKA_ADVERTISED_LISTENERS"))
	if err != nil {
		return fmt.Errorf("KAFKA_ADVERTISED_LISTENERS: %w", err)
	}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.AllowAutoTopicCreation(), kfake.DefaultNumPartitions(1),
		kfake.ListenFn(func(network, _ string) (net.Listener, error) {
			l, err := net.Listen(network, listen)
			return advertised{l, told}, err
		}))
	if err != nil {
		return err
	}
	defer cluster.Close()
	fmt.Printf("INFO [KafkaRaftServer nodeId=%s] Transitioning from RECOVERY to RUNNING (kfake)\n", env("KAFKA_NODE_ID"))
	<-ctx.Done()
	return nil
}

// listener finds the clients' address in NAME://ADDRESS,NAME://ADDRESS.
func listener(list string) (string, error) {
	for entry := range strings.SplitSeq(list, ",") {
		if name, address, ok := strings.Cut(entry, "://"); ok && name == clientsListener {
			return address, nil
		}
	}
	return "", fmt.Errorf("no %s://ADDRESS in %q", clientsListener, list)
}

// advertised is a listener whose address is what clients are told.
type advertised struct {
	net.Listener
	address string
}

func (a advertised) Addr() net.Addr  { return a }
func (a advertised) Network() string { return "tcp" }
func (a advertised) String() string  { return a.address }

// kafka sends records to a broker, and receives them as a consumer group does, by the addresses that the broker tells.
func kafka(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.AllowAutoTopicCreation(), kgo.ConsumeTopics("orders"),
		kgo.ConsumerGroup("shop"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer client.Close()
	sent := []string{"ordered", "paid", "shipped"}
	for _, text := range sent {
		if err := client.ProduceSync(ctx, &kgo.Record{Topic: "orders", Key: []byte("42"), Value: []byte(text)}).FirstErr(); err != nil {
			return fmt.Errorf("send: %w", err)
		}
	}
	for received := 0; received < len(sent); {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("receive: %w", err)
		}
		for _, r := range fetches.Records() {
			fmt.Printf("%s/%d@%d %s=%s\n", r.Topic, r.Partition, r.Offset, r.Key, r.Value)
			received++
		}
	}
	return client.CommitUncommittedOffsets(ctx)
}

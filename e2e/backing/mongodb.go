package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/FerretDB/FerretDB/ferretdb"
	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
)

// documents serves MongoDB's protocol on its port, from SQLite in a folder. It tells in the words of mongod's log when it
// serves.
func documents(ctx context.Context, dir string) error {
	server, err := ferretdb.New(&ferretdb.Config{
		Listener: ferretdb.ListenerConfig{TCP: ":27017"}, Handler: "sqlite", SQLiteURL: "file:" + dir + "/",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return err
	}
	fmt.Println("Waiting for connections")
	return server.Run(ctx)
}

// mongodb writes documents, changes one, and reads what it asks for.
func mongodb(ctx context.Context, uri string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	client, err := mongo.Connect(ctx, options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	defer client.Disconnect(ctx)
	orders := client.Database("shop").Collection("orders")
	if _, err := orders.InsertMany(ctx, []any{bson.M{"_id": 41, "paid": false}, bson.M{"_id": 42, "paid": false}, bson.M{"_id": 43, "paid": true}}); err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	if _, err := orders.UpdateByID(ctx, 42, bson.M{"$set": bson.M{"paid": true}}); err != nil {
		return fmt.Errorf("update: %w", err)
	}
	found, err := orders.Find(ctx, bson.M{"paid": true}, options.Find().SetSort(bson.M{"_id": 1}))
	if err != nil {
		return fmt.Errorf("find: %w", err)
	}
	var paid []struct {
		ID int `bson:"_id"`
	}
	if err := found.All(ctx, &paid); err != nil {
		return fmt.Errorf("find: %w", err)
	}
	fmt.Println("paid:", paid)
	return nil
}

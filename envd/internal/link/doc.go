// Package link carries the connections of consumers to their dependencies, and lets faults act on them on the way.
//
// Its words and its HTTP API are Toxiproxy's (https://github.com/Shopify/toxiproxy, "HTTP API"): a Proxy listens and
// leads to an upstream; its toxics act on one direction of every connection, those that exist already included. While no
// toxic acts, the kernel moves the data (splice(2)).
//
// A toxic decides about pieces of data when they come in: each gets a time at which it is due, may be cut up, or may be
// dropped. So a toxic is a function of pieces, without clocks and goroutines of its own, and a chain of them is held up
// once, by whoever writes.
package link

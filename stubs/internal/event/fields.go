package event

import (
	"context"
	"net/textproto"
	"strings"
)

// HeadSource gives the head of the request that is being served as its bytes came in: net/http keeps neither the order
// nor the spelling of header lines. A transport puts one into the context of each connection.
type HeadSource interface {
	// TakeHead returns request line and header lines of the current request; nil when they are not known. It is called
	// once per request.
	TakeHead() []byte
}

type headKey struct{}

// WithHeadSource notes the source in a connection's context.
func WithHeadSource(ctx context.Context, s HeadSource) context.Context {
	return context.WithValue(ctx, headKey{}, s)
}

// TakeHead returns the head of the request being served, or nil.
func TakeHead(ctx context.Context) []byte {
	if s, ok := ctx.Value(headKey{}).(HeadSource); ok {
		return s.TakeHead()
	}
	return nil
}

// Fields parses the header lines of the head: in wire order and case; nil when the head is not known.
func (r *Request) Fields() []Field {
	var fields []Field
	_, rest, _ := strings.Cut(string(r.Head), "\n")
	for rest != "" {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if ok {
			fields = append(fields, Field{name, textproto.TrimString(value)})
		}
	}
	return fields
}

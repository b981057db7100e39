package event

import "context"

type fieldsKey struct{}

// WithFields notes in a request's context the header lines as the client sent them: net/http keeps neither their order
// nor their spelling.
func WithFields(ctx context.Context, fields []Field) context.Context {
	return context.WithValue(ctx, fieldsKey{}, fields)
}

// FieldsFrom returns the header lines noted by WithFields, or nil.
func FieldsFrom(ctx context.Context) []Field {
	f, _ := ctx.Value(fieldsKey{}).([]Field)
	return f
}

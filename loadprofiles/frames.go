package loadprofiles

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrTruncated says that the stream of measures ends within one push, as it does when its writer is killed. All that
// came before is good.
var ErrTruncated = errors.New("k6's measures end within a push")

// A stream of measures is what [Relay] writes: the pushes as they came, each after its length as a varint.

func writeFrame(out io.Writer, push []byte) error {
	_, err := out.Write(append(binary.AppendUvarint(nil, uint64(len(push))), push...))
	return err
}

// ReadMeasures calls fn with every measure of the stream that [Relay] writes, until its end.
func ReadMeasures(stream io.Reader, fn func(Measure)) error {
	in := bufio.NewReader(stream)
	var push []byte
	for n := 1; ; n++ {
		length, err := binary.ReadUvarint(in)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("push %d: %w", n, ErrTruncated)
		case err != nil:
			return err
		case length > maxPush:
			return fmt.Errorf("push %d: %d bytes are more than k6 sends", n, length)
		}
		if uint64(cap(push)) < length {
			push = make([]byte, length)
		}
		push = push[:length]
		if _, err := io.ReadFull(in, push); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("push %d: %w", n, ErrTruncated)
		} else if err != nil {
			return err
		}
		if err := decodePush(push, fn); err != nil {
			return fmt.Errorf("push %d: %w", n, err)
		}
	}
}

package client

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// event is one server-sent event (WHATWG HTML, section 9.2).
type event struct {
	id, name string
	data     []byte
}

// readEvents hands every event of a stream to each, until its end. Lines end in \n: our daemon sends no others.
func readEvents(r io.Reader, each func(event) error) error {
	lines := bufio.NewReaderSize(r, 1<<16)
	var e event
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // an event without its empty line is not complete, and dropped
		}
		if err != nil {
			return fmt.Errorf("event stream: %w", err)
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			if e.data != nil {
				if err := each(e); err != nil {
					return err
				}
			}
			e = event{}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "id":
			e.id = string(value)
		case "event":
			e.name = string(value)
		case "data":
			if e.data != nil {
				e.data = append(e.data, '\n')
			}
			e.data = append(e.data, value...)
			if e.data == nil {
				e.data = []byte{}
			}
		}
	}
}

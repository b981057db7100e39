package jsondoc

import "strings"

// Position finds line and column (as in [SyntaxError]) of the value at a JSON pointer, or of the nearest value around it
// that exists; 0, 0 when data is no JSON.
func Position(data []byte, pointer string) (line, column int) {
	d := decoder{src: string(data), offsets: map[string]int{}}
	if d.space("Root") != nil || d.pos == len(d.src) {
		return 0, 0
	}
	if _, err := d.value(); err != nil {
		return 0, 0
	}
	for {
		if at, ok := d.offsets[pointer]; ok {
			return d.where(at)
		}
		cut := strings.LastIndexByte(pointer, '/')
		if cut < 0 {
			return d.where(d.offsets[""])
		}
		pointer = pointer[:cut]
	}
}

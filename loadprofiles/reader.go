package loadprofiles

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"
)

// Reader reads the samples that k6 writes with --out csv. It allocates only for tags it has not seen lately, since it
// shares the machine with the load it observes.
type Reader struct {
	source io.Reader
	buf    []byte // buf[start:end] is read but not parsed
	start  int
	end    int
	eof    error // what ended the source
	line   int   // of the record parsed last, from 1

	columns []string // of the header, without the first three
	metrics map[string]string
	tags    map[string]*Tags // by the bytes of a record's tag columns
	last    []byte           // those of the record before, which mostly are the same
	lastTag *Tags
	fields  [][]byte // scratch of quoted records
	scratch []byte
}

// ErrTruncated says that the output ends within a record, as it does when k6 is killed. All records before it are good.
var ErrTruncated = errors.New("k6's output ends within a record")

const (
	readSize    = 256 << 10
	maxRecord   = 4 << 20 // bytes; beyond it the stream is not what k6 writes
	maxSeenTags = 4096    // distinct sets of tags kept; then it begins anew
)

// NewReader returns a Reader of k6's CSV output, header included.
func NewReader(source io.Reader) *Reader {
	return &Reader{source: source, buf: make([]byte, readSize), metrics: map[string]string{}, tags: map[string]*Tags{}}
}

// Each calls fn with every sample until the output ends. It returns nil at the end of the last record; the error
// names the line otherwise.
func (r *Reader) Each(fn func(Point)) error {
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		fn(p)
	}
}

// Next returns the next sample, or io.EOF after the last.
func (r *Reader) Next() (Point, error) {
	if r.columns == nil {
		if err := r.header(); err != nil {
			return Point{}, err
		}
	}
	record, err := r.record()
	if err != nil {
		return Point{}, err
	}
	p, err := r.parse(record)
	if err != nil {
		return Point{}, fmt.Errorf("k6's output, line %d: %w", r.line, err)
	}
	return p, nil
}

func (r *Reader) header() error {
	record, err := r.record()
	if err != nil {
		return err
	}
	const fixed = "metric_name,timestamp,metric_value"
	rest, found := bytes.CutPrefix(record, []byte(fixed))
	if !found || len(rest) > 0 && rest[0] != ',' {
		return fmt.Errorf("k6's output, line 1: not a header of k6's CSV output: %.80q", record)
	}
	r.columns = []string{}
	for _, column := range bytes.Split(rest, []byte(",")) {
		r.columns = append(r.columns, string(column))
	}
	r.columns = r.columns[1:] // what stands before the comma that follows the fixed columns
	return nil
}

// record returns the next record without its line break; it is valid until the next call.
func (r *Reader) record() ([]byte, error) {
	searched, quoted := r.start, false
	for {
		for searched < r.end {
			i := bytes.IndexByte(r.buf[searched:r.end], '\n')
			if i < 0 {
				quoted = quoted != oddQuotes(r.buf[searched:r.end])
				searched = r.end
				break
			}
			quoted = quoted != oddQuotes(r.buf[searched:searched+i])
			searched += i + 1
			if !quoted {
				record := r.buf[r.start : searched-1]
				r.start = searched
				r.line++
				return record, nil
			}
		}
		moved := r.start
		if err := r.fill(); err != nil {
			return nil, err
		}
		searched -= moved - r.start
	}
}

// oddQuotes says whether the bytes change between being inside and outside of a quoted field.
func oddQuotes(b []byte) bool { return bytes.Count(b, []byte{'"'})%2 == 1 }

// fill reads more behind what is not parsed yet.
func (r *Reader) fill() error {
	if r.eof != nil {
		if errors.Is(r.eof, io.EOF) && r.start < r.end {
			return fmt.Errorf("line %d: %w", r.line+1, ErrTruncated)
		}
		return r.eof
	}
	if r.start > 0 {
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
	if r.end == len(r.buf) {
		if len(r.buf) >= maxRecord {
			return fmt.Errorf("k6's output, line %d: longer than %d bytes", r.line+1, maxRecord)
		}
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	n, err := r.source.Read(r.buf[r.end:])
	r.end += n
	r.eof = err
	if n > 0 || err == nil {
		return nil
	}
	return r.fill()
}

// parse splits a record into its three leading fields, which are never quoted, and the tags.
func (r *Reader) parse(record []byte) (Point, error) {
	i := bytes.IndexByte(record, ',')
	j := i + 1 + bytes.IndexByte(record[i+1:], ',')
	if i < 0 || j <= i {
		return Point{}, fmt.Errorf("too few columns: %.80q", record)
	}
	k := j + 1 + bytes.IndexByte(record[j+1:], ',')
	if k <= j {
		return Point{}, fmt.Errorf("too few columns: %.80q", record)
	}
	micros, ok := parseInt(record[i+1 : j])
	if !ok {
		return Point{}, fmt.Errorf("timestamp %q is not in microseconds", record[i+1:j])
	}
	value, err := parseValue(record[j+1 : k])
	if err != nil {
		return Point{}, err
	}
	tags, err := r.tagsOf(record[k+1:])
	if err != nil {
		return Point{}, err
	}
	return Point{Time: time.UnixMicro(micros), Metric: r.metric(record[:i]), Value: value, Tags: tags}, nil
}

func (r *Reader) metric(name []byte) string {
	if known, ok := r.metrics[string(name)]; ok {
		return known
	}
	if len(r.metrics) >= maxSeenTags {
		clear(r.metrics)
	}
	known := string(name)
	r.metrics[known] = known
	return known
}

func (r *Reader) tagsOf(text []byte) (*Tags, error) {
	if r.lastTag != nil && bytes.Equal(text, r.last) {
		return r.lastTag, nil
	}
	tags, ok := r.tags[string(text)]
	if !ok {
		var err error
		if tags, err = r.parseTags(text); err != nil {
			return nil, err
		}
		if len(r.tags) >= maxSeenTags {
			clear(r.tags)
		}
		r.tags[string(text)] = tags
	}
	r.last, r.lastTag = append(r.last[:0], text...), tags
	return tags, nil
}

func (r *Reader) parseTags(text []byte) (*Tags, error) {
	if err := r.split(text); err != nil {
		return nil, err
	}
	if len(r.fields) != len(r.columns) {
		return nil, fmt.Errorf("%d columns instead of %d", len(r.fields)+3, len(r.columns)+3)
	}
	tags := &Tags{}
	for i, column := range r.columns {
		tags.set(column, string(r.fields[i]))
	}
	return tags, nil
}

// split cuts a record at its commas and takes the quotes off (RFC 4180).
func (r *Reader) split(text []byte) error {
	r.fields, r.scratch = r.fields[:0], r.scratch[:0]
	for {
		if len(text) == 0 || text[0] != '"' {
			field, rest, more := bytes.Cut(text, []byte{','})
			r.fields = append(r.fields, field)
			if !more {
				return nil
			}
			text = rest
			continue
		}
		begin := len(r.scratch)
		text = text[1:]
		for {
			part, rest, closed := bytes.Cut(text, []byte{'"'})
			if !closed {
				return errors.New("quoted column is not closed")
			}
			r.scratch, text = append(r.scratch, part...), rest
			if len(text) == 0 || text[0] != '"' {
				break
			}
			r.scratch, text = append(r.scratch, '"'), text[1:]
		}
		r.fields = append(r.fields, r.scratch[begin:len(r.scratch):len(r.scratch)])
		if len(text) == 0 {
			return nil
		}
		if text[0] != ',' {
			return fmt.Errorf("%q after a quoted column", text[0])
		}
		text = text[1:]
	}
}

func parseInt(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// parseValue reads what %f wrote: digits, a point and six decimals. Whole numbers up to 2^53 divide exactly, so this
// gives the same as strconv for them.
func parseValue(b []byte) (float64, error) {
	const decimals = 6
	if point := len(b) - decimals - 1; point > 0 && point <= 9 && b[point] == '.' {
		whole, ok1 := parseInt(b[:point])
		fraction, ok2 := parseInt(b[point+1:])
		if ok1 && ok2 {
			return float64(whole*1_000_000+fraction) / 1_000_000, nil
		}
	}
	value, err := strconv.ParseFloat(string(b), 64)
	if err != nil && !math.IsInf(value, 0) {
		return 0, fmt.Errorf("value %q is not a number", b)
	}
	return value, nil
}

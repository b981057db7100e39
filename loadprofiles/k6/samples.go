package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.k6.io/k6/v2/metrics"
	"go.k6.io/k6/v2/output"
)

const (
	flushInterval = 100 * time.Millisecond
	bufferSize    = 64 << 10
	maxTails      = 4096
)

// samples writes every sample as k6's own output csv does with K6_CSV_TIME_FORMAT=unix_micro, but for the column
// metadata, which stays empty. It takes about a tenth of the CPU time, since the tags of a sample are encoded once and
// not for each sample: k6 has one TagSet for all samples of equal tags.
type samples struct {
	output.SampleBuffer
	params  output.Params
	columns []string // system tags, sorted

	file    io.Closer
	out     *bufio.Writer
	flusher *output.PeriodicFlusher
	row     []byte
	tails   map[*metrics.TagSet][]byte // the columns of the tags, with the line break
	failed  bool                       // to write, which was logged
}

// newSamples makes the output for --out envd=PATH; without a path, or with -, it writes to stdout.
func newSamples(params output.Params) (output.Output, error) {
	s := &samples{params: params, tails: map[*metrics.TagSet][]byte{}}
	for tag := range params.ScriptOptions.SystemTags.Map() {
		if tag != metrics.TagVU.String() && tag != metrics.TagIter.String() { // these are metadata
			s.columns = append(s.columns, tag)
		}
	}
	slices.Sort(s.columns)
	return s, nil
}

// Description names the output in what k6 prints.
func (s *samples) Description() string { return "envd (" + s.params.ConfigArgument + ")" }

// Start opens the file, writes the header and begins to write samples at intervals.
func (s *samples) Start() error {
	target := s.params.StdOut
	if path := s.params.ConfigArgument; path != "" && path != "-" {
		file, err := s.params.FS.Create(path)
		if err != nil {
			return fmt.Errorf("output envd: %w", err)
		}
		s.file, target = file, file
	}
	s.out = bufio.NewWriterSize(target, bufferSize)
	header := slices.Concat([]string{"metric_name", "timestamp", "metric_value"}, s.columns, []string{"extra_tags", "metadata"})
	_, _ = fmt.Fprintln(s.out, strings.Join(header, ",")) // flush reports a failure
	var err error
	s.flusher, err = output.NewPeriodicFlusher(flushInterval, s.flush)
	return err
}

// Stop writes what is left.
func (s *samples) Stop() error {
	s.flusher.Stop()
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

func (s *samples) flush() {
	for _, container := range s.GetBufferedSamples() {
		for _, sample := range container.GetSamples() {
			s.write(sample)
		}
	}
	// The writer keeps the first failure, so it is also that of any write before.
	if err := s.out.Flush(); err != nil && !s.failed {
		s.failed = true
		s.params.Logger.WithError(err).Error("output envd: cannot write samples")
	}
}

func (s *samples) write(sample metrics.Sample) {
	row := append(s.row[:0], sample.Metric.Name...)
	row = append(row, ',')
	row = strconv.AppendInt(row, sample.Time.UnixMicro(), 10)
	row = append(row, ',')
	row = strconv.AppendFloat(row, sample.Value, 'f', 6, 64)
	row = append(row, ',')
	tail, known := s.tails[sample.Tags]
	if !known {
		tail = s.encode(sample.Tags)
	}
	s.row = append(row, tail...)
	_, _ = s.out.Write(s.row) // flush reports a failure
}

// encode returns the columns of the tags and keeps them for the next sample.
func (s *samples) encode(set *metrics.TagSet) []byte {
	tags := set.Map()
	fields := make([]string, 0, len(s.columns)+2)
	for _, column := range s.columns {
		fields = append(fields, tags[column])
		delete(tags, column)
	}
	extra := make([]string, 0, len(tags))
	for name, value := range tags {
		extra = append(extra, name+"="+value)
	}
	slices.Sort(extra)
	var row bytes.Buffer
	w := csv.NewWriter(&row)
	_ = w.Write(append(fields, strings.Join(extra, "&"), "")) // a Buffer takes everything
	w.Flush()
	if len(s.tails) >= maxTails {
		clear(s.tails)
	}
	s.tails[set] = row.Bytes()
	return row.Bytes()
}

package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/metrics"
)

const (
	// scrapeInterval is how often a service's metrics are read while stages run: seldom, since it costs the service work.
	scrapeInterval = 5 * time.Second
	// judgedInterval is how often metrics are read that conditions speak of: every window that is judged has a reading.
	judgedInterval = time.Second
	scrapeTimeout  = 2 * time.Second
	maxExposition  = 16 << 20 // bytes
)

// scraper reads the metrics of one service, and records what changed and when reading them begins to fail.
type scraper struct {
	*session
	service *envd.Service
	client  *http.Client
	judged  []*envd.Series // of this service, in conditions

	mu      sync.Mutex // one reading at a time
	known   map[string]float64
	failing bool
}

func (s *session) newScraper(service *envd.Service) *scraper {
	x := &scraper{session: s, service: service, client: s.httpClient(service.Name, service.Metrics.Port), known: map[string]float64{}}
	for i := range s.Spec.Gate.Conditions {
		if c := &s.Spec.Gate.Conditions[i]; c.Kind == envd.ServiceMetric && (c.Service == service.Name || c.Service == service.ReplicaOf) {
			x.judged = append(x.judged, c.Series)
		}
	}
	return x
}

// readJudged reads the metrics that conditions speak of, at the end of a stage. So every stage has a reading, however
// short it is, and the next stage has one to start from.
func (s *session) readJudged(ctx context.Context) {
	var readings sync.WaitGroup
	for _, x := range s.scrapers {
		if len(x.judged) > 0 {
			readings.Go(func() { x.observe(ctx) })
		}
	}
	readings.Wait()
}

// run reads the metrics at the interval until ctx ends, and once more then, unless the whole run was cut off.
func (x *scraper) run(ctx context.Context) {
	defer x.client.CloseIdleConnections()
	interval := scrapeInterval
	if len(x.judged) > 0 {
		interval = judgedInterval
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), context.Canceled) { // the stages are over
				x.observe(context.WithoutCancel(ctx))
			}
			return
		case <-tick.C:
			x.observe(ctx)
		}
	}
}

func (x *scraper) observe(parent context.Context) {
	x.mu.Lock()
	defer x.mu.Unlock()
	ctx, cancel := context.WithTimeout(parent, scrapeTimeout)
	defer cancel()
	values, left, err := x.read(ctx)
	if err != nil && errors.Is(parent.Err(), context.Canceled) {
		return // the stages are over; the service did not fail
	}
	if err != nil {
		if !x.failing {
			x.rec.observe(envd.Observation{Scrape: &envd.Scrape{Service: x.service.Name, Error: err.Error()}})
		}
		x.failing = true
		return
	}
	x.failing = false
	changed := map[string]float64{}
	for name, v := range values {
		if before, seen := x.known[name]; !seen || before != v {
			changed[name], x.known[name] = v, v
		}
	}
	var gone []string
	for name := range x.known {
		if _, told := values[name]; !told {
			gone = append(gone, name)
			delete(x.known, name)
		}
	}
	slices.Sort(gone)
	x.rec.observe(envd.Observation{Scrape: &envd.Scrape{Service: x.service.Name, Values: changed, Gone: gone, Left: left}})
}

// wants reports whether a condition speaks of the series.
func (x *scraper) wants(name string) bool {
	return slices.ContainsFunc(x.judged, func(s *envd.Series) bool { return s.Selects(name) })
}

func (x *scraper) read(ctx context.Context) (values map[string]float64, left int, err error) {
	url := fmt.Sprintf("http://%s:%d%s", x.service.Name, x.service.Metrics.Port, x.service.Metrics.Path)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	resp, err := x.client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	values, left, err = metrics.Series(io.LimitReader(resp.Body, maxExposition), x.wants)
	if err != nil {
		return nil, 0, fmt.Errorf("GET %s: %w", url, err)
	}
	return values, left, nil
}

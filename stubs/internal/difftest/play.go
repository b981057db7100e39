package difftest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// Server is one of the two servers.
type Server struct {
	URL    string
	Client *http.Client
}

// NewServer is a server at url whose connections are kept alive.
func NewServer(url string) *Server {
	transport := &http.Transport{MaxIdleConnsPerHost: 4, DisableCompression: true}
	return &Server{URL: url, Client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Play plays a case after the server was reset.
func (s *Server) Play(ctx context.Context, c Case) (Outcome, error) {
	var o Outcome
	if _, _, err := s.do(ctx, "POST", "/__admin/reset", nil, ""); err != nil {
		return o, err
	}
	body, err := json.Marshal(c.Mapping)
	if err != nil {
		return o, fmt.Errorf("marshal the mapping: %w", err)
	}
	status, answer, err := s.do(ctx, "POST", "/__admin/mappings", [][2]string{{"Content-Type", "application/json"}}, string(body))
	if err != nil {
		return o, err
	}
	o.Create = fmt.Sprint(status, " ", normal(answer))
	if status != http.StatusCreated {
		return o, nil
	}
	_, stored, err := s.do(ctx, "GET", "/__admin/mappings/"+c.id(), nil, "")
	if err != nil {
		return o, err
	}
	o.Stored = normal(stored)
	unmatched, wide := false, false
	for _, r := range c.Requests {
		status, answer, err := s.do(ctx, r.Method, r.Target, r.Headers, r.Body)
		if err != nil {
			return o, err
		}
		unmatched = unmatched || status == http.StatusNotFound
		wide = wide || wideDouble.MatchString(answer)
		o.Answers = append(o.Answers, answerText(status, answer))
	}
	switch {
	case wide:
		o.Near = noNearMisses // edit distances to the digits
	case unmatched:
		o.Near, err = s.nearMisses(ctx)
	}
	return o, err
}

func (c Case) id() string {
	id, _ := c.Mapping["id"].(string)
	return id
}

func (s *Server) do(ctx context.Context, method, target string, headers [][2]string, body string) (int, string, error) {
	var reader io.Reader = http.NoBody
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.URL+target, reader)
	if err != nil {
		return 0, "", err
	}
	for _, h := range headers {
		req.Header[h[0]] = append(req.Header[h[0]], h[1])
	}
	resp, err := s.Client.Do(req)
	if err != nil {
		return 0, "", err
	}
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), errors.Join(err, resp.Body.Close())
}

// normal is JSON in one form; other text is left as it is.
func normal(text string) string {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return text
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return text
	}
	return strings.TrimSpace(b.String())
}

// identity is what Java prints of an array: its address.
var identity = regexp.MustCompile(`\[B@[0-9a-f]+ *`)

// wideDouble is a double of more digits than a double always holds: up to version 18 Java prints some with more digits
// than it takes to tell them apart, later versions do not.
var wideDouble = regexp.MustCompile(`(\d\.\d{13})\d+(E-?\d+) *`)

// answerText is status and body, without what changes from one play to the next.
func answerText(status int, body string) string {
	if status == http.StatusInternalServerError {
		return "500" // the page has a stack trace of Java
	}
	body = wideDouble.ReplaceAllString(body, "$1$2")
	return fmt.Sprint(status, " ", identity.ReplaceAllString(body, "[B@"))
}

// noNearMisses are near misses that cannot be compared, such as those of a server that fails to compute them.
const noNearMisses = "500"

// nearMisses lists the unmatched requests with the distances of the nearest stubs.
func (s *Server) nearMisses(ctx context.Context) (string, error) {
	status, body, err := s.do(ctx, "GET", "/__admin/requests/unmatched/near-misses", nil, "")
	if err != nil || status == http.StatusInternalServerError {
		return noNearMisses, err
	}
	var answer struct {
		NearMisses []struct {
			Request     struct{ URL, Body string }
			MatchResult struct{ Distance any }
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return body, nil //nolint:nilerr // an answer in another form is a difference, not an error
	}
	var b strings.Builder
	for _, n := range answer.NearMisses {
		distance := n.MatchResult.Distance
		if d, ok := distance.(float64); ok { // dates relative to now are never quite the same
			distance = fmt.Sprintf("%.9f", d)
		}
		fmt.Fprintf(&b, "%s %q %v\n", n.Request.URL, n.Request.Body, distance)
	}
	return b.String(), nil
}

// Compare plays a case to both servers.
func Compare(ctx context.Context, reference, subject *Server, c Case) (*Difference, error) {
	want, err := reference.Play(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	got, err := subject.Play(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("subject: %w", err)
	}
	d := compare(c, want, got)
	if d == nil {
		return nil, nil
	}
	// WireMock's JSONPath library keeps a path's function arguments from one document to the next, so that some answers
	// depend on earlier cases. What counts is what the reference answers again.
	if want, err = reference.Play(ctx, c); err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	return compare(c, want, got), nil
}

package respond

import (
	"maps"
	"net/http"
	"strconv"
)

// reasons are the phrases in which Jetty, WireMock's HTTP server, differs from net/http.
var reasons = map[int]string{
	http.StatusNonAuthoritativeInfo:         "Non Authoritative Information",
	http.StatusRequestEntityTooLarge:        "Payload Too Large",
	http.StatusRequestURITooLong:            "URI Too Long",
	http.StatusRequestedRangeNotSatisfiable: "Range Not Satisfiable",
	http.StatusTeapot:                       "I'm a Teapot",
	420:                                     "Enhance your Calm",
	http.StatusAlreadyReported:              "208",
	http.StatusIMUsed:                       "226",
	http.StatusTooEarly:                     "425",
	http.StatusUnavailableForLegalReasons:   "Unavailable for Legal Reason",
	http.StatusInternalServerError:          "Server Error",
}

// statusLine is code and reason phrase where net/http's own would differ, else "".
func statusLine(code int, message string) string {
	known := http.StatusText(code)
	switch {
	case message != "" && message != known, code < 200, code > 999:
		if message == "" {
			message = strconv.Itoa(code)
			if known != "" {
				message = known
			}
		}
	case message != "":
		return ""
	case known == "" || reasons[code] != "":
		if message = reasons[code]; message == "" {
			message = strconv.Itoa(code)
		}
	default:
		return ""
	}
	return strconv.Itoa(code) + " " + oneLine(latin1(message))
}

// sendHijacked writes the response itself, for a server that is not ours and so cannot be told the reason phrase.
func sendHijacked(w http.ResponseWriter, req *http.Request, line string, body []byte) {
	h := maps.Clone(w.Header())
	c, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		code, _ := strconv.Atoi(line[:3])
		w.WriteHeader(code)
		_, _ = w.Write(body)
		return
	}
	defer c.Close()
	delete(h, "Transfer-Encoding")
	for _, name := range []string{"Date", "Content-Type"} {
		if h[name] == nil {
			delete(h, name)
		}
	}
	h["Content-Length"], h["Connection"] = []string{strconv.Itoa(len(body))}, []string{"close"}
	_, _ = buffered.WriteString("HTTP/1.1 " + line + "\r\n")
	_ = h.Write(buffered)
	_, _ = buffered.WriteString("\r\n")
	if req.Method != http.MethodHead {
		_, _ = buffered.Write(body)
	}
	_ = buffered.Flush()
}

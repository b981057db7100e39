package stubs_test

import (
	"fmt"
	"io"
	"net/http"

	"github.com/envd-dev/envd/stubs"
)

func show(url string) {
	resp, err := http.Get(url)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body), err)
}

// A job that takes two requests to be done, and a counter of who asked.
func Example_scripts() {
	srv, err := stubs.New(stubs.Options{Mappings: []stubs.Source{{Name: "job.yaml", Document: []byte(`
request: {urlPathTemplate: "/jobs/{id}"}
envd:
  session: {path: id}
  add: {asked: 1}
  sequence:
    - {status: 202, body: queued}
    - {body: "done after {{state.asked}} requests", transformers: [response-template]}
`)}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	if err := srv.Start(); err != nil {
		fmt.Println(err)
		return
	}
	show(srv.URL() + "/jobs/1")
	show(srv.URL() + "/jobs/1")
	show(srv.URL() + "/jobs/2")
	// Output:
	// 202 queued <nil>
	// 200 done after 2 requests <nil>
	// 202 queued <nil>
}

// A run that fails when a stub was not used or a request matched none.
func ExampleServer_Verify() {
	srv, err := stubs.New(stubs.Options{Mappings: []stubs.Source{{Name: "pay.yaml", Document: []byte("request: {method: POST, url: /pay}\n")}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	if err := srv.Start(); err != nil {
		fmt.Println(err)
		return
	}
	resp, err := http.Get(srv.URL() + "/pay")
	if err == nil {
		err = resp.Body.Close()
	}
	fmt.Println(err)
	fmt.Println(srv.Verify())
	// Output:
	// <nil>
	// stub was not used: POST /pay (pay.yaml)
	// no stub matched: GET /pay; nearest is POST /pay (pay.yaml): HTTP method does not match: wanted "POST", got "GET"
}

package wiremock

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	gowiremock "github.com/wiremock/go-wiremock"
)

// jar finds the real WireMock: in WIREMOCK_JAR, else in the module's .tools folder.
func jar(t *testing.T) string {
	t.Helper()
	path := os.Getenv("WIREMOCK_JAR")
	if path == "" {
		found, err := filepath.Glob("../../.tools/wiremock-standalone-*.jar")
		require.NoError(t, err)
		if len(found) > 0 {
			path = found[0]
		}
	}
	_, javaErr := exec.LookPath("java")
	if path == "" || javaErr != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no WireMock jar (WIREMOCK_JAR, .tools) or no java")
		}
		t.Skip("NOT TESTED: no WireMock jar (WIREMOCK_JAR, .tools) or no java")
	}
	return path
}

func TestRealWireMock(t *testing.T) {
	t.Setenv("LC_ALL", "C") // where a JVM would make question marks of é
	s, err := Start(context.Background(), Options{Jar: jar(t), JVMFlags: []string{"-Xmx128m"}, Flags: []string{"--global-response-templating"}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })

	stub := gowiremock.Get(gowiremock.URLPathEqualTo("/hello")).WithHost(gowiremock.EqualTo("api.example.test")).
		WillReturnResponse(gowiremock.NewResponse().WithStatus(http.StatusAccepted).WithBody("hello {{request.query.who}}"))
	require.NoError(t, s.Client().StubFor(stub))

	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://api.example.test/hello?who=you", nil)
	s.ServeHTTP(w, r)
	assert.Equal(t, http.StatusAccepted, w.Code)
	assert.Equal(t, "hello you", w.Body.String())
	ok, err := s.Client().Verify(stub.Request(), 1)
	require.NoError(t, err)
	assert.True(t, ok)

	require.NoError(t, s.Import(context.Background(), strings.NewReader(`{"mappings":[{"request":{"url":"/a"},"response":{"status":204}}]}`)))
	require.ErrorContains(t, s.Import(context.Background(), strings.NewReader(`{"mappings":[{"zork":1}]}`)), "422")
	resp, err := http.Get(s.URL() + "/a")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusNoContent, resp.StatusCode)

	require.NoError(t, s.Import(context.Background(), strings.NewReader(`{"mappings":[{"request":{"url":"/b","basicAuth":{"username":"é","password":"p"}},"response":{}}]}`)))
	req, err := http.NewRequest(http.MethodGet, s.URL()+"/b", nil)
	require.NoError(t, err)
	req.SetBasicAuth("é", "p")
	resp, err = http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusOK, resp.StatusCode)

	require.NoError(t, s.Close())
	select {
	case <-s.Exited():
	default:
		t.Fatal("the process outlived Close")
	}
	require.NoError(t, s.Close(), "closing again is fine")
}

func TestStartSaysWhyItFailed(t *testing.T) {
	path := jar(t)
	_, err := Start(context.Background(), Options{Jar: path + ".nope"})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Start(context.Background(), Options{Jar: path, Flags: []string{"--admin-api-basic-auth", "nonsense"}})
	require.ErrorContains(t, err, "username:password")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = Start(ctx, Options{Jar: path})
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

package restysource_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/mfpguard/mfpguard/adapters/restysource"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/internal/roundtrip"
	"github.com/mfpguard/mfpguard/tokensource"
)

func newSource(t testing.TB, srv *coretest.Server) *tokensource.Source {
	t.Helper()
	src, err := tokensource.New(tokensource.Config{
		TokenURL: srv.BaseURL() + "/az/v1/token", ClientID: "test", ClientSecret: "test", Scope: "orders.write", Transport: srv.Transport(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// A request is resty's, the token is ours, and a dead one is replaced.
func TestRequests(t *testing.T) {
	srv := coretest.New()
	srv.Protect("/adapters/shop/orders", "orders.write")
	client := restysource.New(newSource(t, srv).Transport(srv.Transport()))
	for range 3 {
		res, err := client.R().SetBody(map[string]int{"id": 1}).Post(srv.BaseURL() + "/adapters/shop/orders")
		if err != nil || res.StatusCode() != 200 {
			t.Fatalf("Post = %v, %v", res, err)
		}
		srv.Restart()
	}
	for _, r := range srv.Requests(coretest.Resource) {
		if r.Body != `{"id":1}` {
			t.Errorf("a request has the body %q", r.Body)
		}
	}
	if n := srv.Calls().Token; n != 3 {
		t.Errorf("%d token requests, want 3", n)
	}
}

// What is repeated after a request that came to no answer.
func TestRetries(t *testing.T) {
	lost := &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
	noWay := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	tests := []struct {
		name   string
		method string
		header string
		err    error
		want   int // attempts
	}{
		{"GET whose answer was lost", "GET", "", lost, 3},
		{"PUT whose answer was lost", "PUT", "", lost, 3},
		{"DELETE whose answer was lost", "DELETE", "", lost, 3},
		{"POST whose answer was lost", "POST", "", lost, 1},
		{"PATCH whose answer was lost", "PATCH", "", lost, 1},
		{"POST with a key whose answer was lost", "POST", "Idempotency-Key", lost, 3},
		{"POST that found no connection", "POST", "", noWay, 3},
		{"POST that was cut off", "POST", "", io.ErrUnexpectedEOF, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			attempts := 0
			client := restysource.New(tokensource.Static("t").Transport(roundTrip(func(*http.Request) (*http.Response, error) {
				attempts++
				return nil, tt.err
			})))
			client.SetRetryCount(2).SetRetryWaitTime(time.Nanosecond).SetRetryMaxWaitTime(time.Nanosecond).SetLogger(silent{})
			r := client.R()
			if tt.header != "" {
				r.SetHeader(tt.header, "1")
			}
			if _, err := r.Execute(tt.method, "https://api.invalid/a"); !errors.Is(err, tt.err) {
				t.Errorf("Execute: %v, want %v", err, tt.err)
			}
			if attempts != tt.want {
				t.Errorf("%d attempts, want %d", attempts, tt.want)
			}
		})
	}
}

// A POST without a token was never sent, so it may be repeated, unless nothing can come of it.
func TestRetriesWithoutAToken(t *testing.T) {
	for status, want := range map[int]int{500: 3, 401: 1} {
		fetches := 0
		transport := failing(&fetches, status).Transport(nil)
		client := restysource.New(transport).SetRetryCount(2).SetRetryWaitTime(time.Nanosecond).SetRetryMaxWaitTime(time.Nanosecond).SetLogger(silent{})
		attempts := 0
		client.OnBeforeRequest(func(*resty.Client, *resty.Request) error { attempts++; return nil })
		if _, err := client.R().Post("https://api.invalid/a"); err == nil || attempts != want || fetches != 1 {
			t.Errorf("status %d: %v after %d attempts and %d fetches, want %d and 1", status, err, attempts, fetches, want)
		}
	}
}

// failing is a Source whose token endpoint answers status.
func failing(fetches *int, status int) *tokensource.Source {
	src, err := tokensource.New(tokensource.Config{
		TokenURL: "https://as.invalid/token", ClientID: "a", ClientSecret: "b",
		Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			*fetches++
			return &http.Response{StatusCode: status, Body: http.NoBody, Header: http.Header{"Retry-After": {"60"}}}, nil
		}),
	})
	if err != nil {
		panic(err)
	}
	return src
}

// A condition of the user's own decides alone.
func TestUsersOwnCondition(t *testing.T) {
	attempts := 0
	client := restysource.New(tokensource.Static("t").Transport(roundTrip(func(*http.Request) (*http.Response, error) {
		attempts++
		return &http.Response{StatusCode: 503, Body: http.NoBody, Header: http.Header{}}, nil
	})))
	client.SetRetryCount(2).SetRetryWaitTime(time.Nanosecond).SetRetryMaxWaitTime(time.Nanosecond)
	client.AddRetryCondition(func(r *resty.Response, _ error) bool { return r.StatusCode() == 503 })
	if res, err := client.R().Post("https://api.invalid/a"); err != nil || res.StatusCode() != 503 || attempts != 3 {
		t.Errorf("Post = %v, %v after %d attempts", res, err, attempts)
	}
}

// CC-46, A69
func TestDebugOutputHasNoCredentials(t *testing.T) {
	const canary = "c4n4ry"
	var out bytes.Buffer
	client := restysource.New(tokensource.Static(canary).Transport(roundTrip(func(r *http.Request) (*http.Response, error) {
		if got := r.Header.Get("Authorization"); got != "Bearer "+canary && r.URL.Path == "/token" {
			t.Errorf("Authorization is %q", got)
		}
		return &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{"Set-Cookie": {"session=" + canary}}, Request: r}, nil
	})))
	client.SetDebug(true).SetLogger(&logger{log.New(&out, "", 0)})
	if _, err := client.R().Get("https://api.invalid/token"); err != nil {
		t.Error(err)
	}
	r := client.R().SetAuthToken(canary) // not meant, and yet
	r.SetCookie(&http.Cookie{Name: "a", Value: canary})
	if _, err := r.Get("https://api.invalid/own"); err != nil {
		t.Error(err)
	}
	if strings.Contains(out.String(), canary) || !strings.Contains(out.String(), "[REDACTED]") || !strings.Contains(out.String(), "/token") {
		t.Errorf("the debug output is\n%s", out.String())
	}
}

// A59: resty follows redirects, the token does not.
func TestRedirects(t *testing.T) {
	var auth []string
	client := restysource.New(tokensource.Static("t").Transport(roundTrip(func(r *http.Request) (*http.Response, error) {
		auth = append(auth, r.URL.Host+" "+r.Header.Get("Authorization"))
		if r.URL.Host == "evil.invalid" {
			return &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}}, nil
		}
		return &http.Response{StatusCode: 307, Body: http.NoBody, Header: http.Header{"Location": {"https://evil.invalid/"}}}, nil
	})))
	if _, err := client.R().SetBody("x").Post("https://api.invalid/a"); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(auth); got != "[api.invalid Bearer t evil.invalid ]" {
		t.Errorf("requests were %s", got)
	}
}

type roundTrip = roundtrip.Func

type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}

type logger struct{ *log.Logger }

func (l *logger) Errorf(f string, v ...any) { l.Printf(f, v...) }
func (l *logger) Warnf(f string, v ...any)  { l.Printf(f, v...) }
func (l *logger) Debugf(f string, v ...any) { l.Printf(f, v...) }

func ExampleNew() {
	srv := coretest.NewServer() // stands in for MobileFirst
	defer srv.Close()
	srv.Protect("/adapters/shop/orders", "orders.write")
	src, err := tokensource.New(tokensource.Config{
		TokenURL: srv.BaseURL() + "/az/v1/token", ClientID: "test", ClientSecret: "test", Scope: "orders.write",
	})
	if err != nil {
		log.Fatal(err)
	}
	client := restysource.New(src.Transport(nil)).SetBaseURL(srv.BaseURL())
	res, err := client.R().SetBody(map[string]int{"id": 1}).Post("/adapters/shop/orders")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Status())
	// Output: 200 OK
}

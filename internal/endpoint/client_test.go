package endpoint_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/roundtrip"
)

// roundTrip is a transport made of a function.
type roundTrip = roundtrip.Func

// fields is a clientauth.Method that sets header fields.
type fields http.Header

func (f fields) Apply(_ context.Context, header http.Header, _ url.Values) error {
	maps.Copy(header, f)
	return nil
}

func answer(status int, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader("{}")), ContentLength: 2}
}

// IN-36, CC-25, CC-28
func TestRetry(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	ok := func() (*http.Response, error) { return answer(200), nil }
	status := func(code int, header ...string) func() (*http.Response, error) {
		return func() (*http.Response, error) { return answer(code, header...), nil }
	}
	fail := func(err error) func() (*http.Response, error) {
		return func() (*http.Response, error) { return nil, err }
	}
	tests := []struct {
		name     string
		answers  []func() (*http.Response, error) // the last one repeats
		attempts int
		status   int // 0 is an error
	}{
		{"a good answer", []func() (*http.Response, error){ok}, 1, 200},
		{"a 500 and then a good answer", []func() (*http.Response, error){status(500), ok}, 2, 200},
		{"a 502 and then a good answer", []func() (*http.Response, error){status(502), ok}, 2, 200},
		{"a 503 and then a good answer", []func() (*http.Response, error){status(503), ok}, 2, 200},
		{"a 504 and then a good answer", []func() (*http.Response, error){status(504), ok}, 2, 200},
		{"only ever 503", []func() (*http.Response, error){status(503)}, 2, 503},
		{"a 503 that says when to come back", []func() (*http.Response, error){status(503, "Retry-After", "7"), ok}, 1, 503},
		{"a 429", []func() (*http.Response, error){status(429), ok}, 1, 429},
		{"a 400", []func() (*http.Response, error){status(400), ok}, 1, 400},
		{"a 401", []func() (*http.Response, error){status(401), ok}, 1, 401},
		{"a 501", []func() (*http.Response, error){status(501), ok}, 1, 501},
		{"a refused connection and then a good answer", []func() (*http.Response, error){fail(refused), ok}, 2, 200},
		{"only ever refused connections", []func() (*http.Response, error){fail(refused)}, 2, 0},
		{"a cut connection and then a good answer", []func() (*http.Response, error){fail(io.ErrUnexpectedEOF), ok}, 2, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				c := endpoint.New(endpoint.Options{URL: "https://as.test/token", Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					if body, _ := io.ReadAll(r.Body); string(body) != "a=b" {
						t.Errorf("attempt %d has body %q", attempts+1, body)
					}
					next := tt.answers[min(attempts, len(tt.answers)-1)]
					attempts++
					return next()
				})})
				res, err := c.Post(t.Context(), url.Values{"a": {"b"}}, nil)
				if attempts != tt.attempts {
					t.Errorf("%d attempts, want %d", attempts, tt.attempts)
				}
				if tt.status == 0 {
					if err == nil {
						t.Error("no error")
					}
					return
				}
				if err != nil || res.Status != tt.status {
					t.Errorf("Post = %v, %v, want status %d", res, err, tt.status)
				}
			})
		})
	}
}

// A35: repetitions are earned by good answers, so that an outage gets none, and a partial failure one for each failed call.
func TestRetriesAreEarned(t *testing.T) {
	tests := []struct {
		name        string
		fails       func(attempt int) bool
		least, most int // attempts for 2000 calls
		failed      int // calls that failed nevertheless, at most
	}{
		{"an outage", func(int) bool { return true }, 2003, 2003, 2000},
		{"three of ten fail", func(n int) bool { return n%10 == 0 || n%10 == 3 || n%10 == 6 }, 2850, 2860, 0}, // 2000 / 0.7
		{"all is well", func(int) bool { return false }, 2000, 2000, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts, failed := 0, 0
				c := endpoint.New(endpoint.Options{URL: "https://as.test/token", Transport: roundTrip(func(*http.Request) (*http.Response, error) {
					attempts++
					if tt.fails(attempts) {
						return answer(503), nil
					}
					return answer(200), nil
				})})
				for range 2000 {
					res, err := c.Post(t.Context(), url.Values{}, nil)
					if err != nil {
						t.Fatal(err)
					}
					if res.Status != 200 {
						failed++
					}
				}
				if attempts < tt.least || attempts > tt.most || failed > tt.failed {
					t.Errorf("%d attempts, %d calls failed, want %d to %d and at most %d", attempts, failed, tt.least, tt.most, tt.failed)
				}
			})
		})
	}
}

// What a quiet time saves up is bounded, and only good answers earn anything.
func TestRetryBudget(t *testing.T) {
	post := func(t *testing.T, c *endpoint.Client, n int) {
		for range n {
			_, _ = c.Post(t.Context(), url.Values{}, nil)
		}
	}
	tests := []struct {
		name    string
		calls   int // before
		status  int // of their answers
		retries int // of twenty calls afterwards that are answered 503
	}{
		{"a new client", 0, 0, 3},
		{"one good call", 1, 200, 3},
		{"two good calls", 2, 200, 4},
		{"an answer that is about the question", 2, 401, 4},
		{"ten thousand good calls", 10_000, 200, 5},
		{"a hundred failures that are not repeated", 100, 501, 3},
		{"a hundred calls too many", 100, 429, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts, code := 0, tt.status
				c := endpoint.New(endpoint.Options{URL: "https://as.test/token", Transport: roundTrip(func(*http.Request) (*http.Response, error) {
					attempts++
					return answer(code), nil
				})})
				post(t, c, tt.calls)
				attempts, code = 0, 503
				post(t, c, 20)
				if attempts != 20+tt.retries {
					t.Errorf("%d attempts for twenty calls, want %d", attempts, 20+tt.retries)
				}
			})
		})
	}
}

func TestBudget(t *testing.T) {
	var b endpoint.Budget
	for range 3 {
		if !b.Spend() {
			t.Fatal("a new Budget has less than three repetitions")
		}
	}
	if b.Spend() {
		t.Error("a new Budget has more than three repetitions")
	}
	b.Earn()
	if b.Spend() {
		t.Error("one good answer earned a whole repetition")
	}
	b.Earn()
	if !b.Spend() || b.Spend() {
		t.Error("two good answers did not earn just one repetition")
	}
}

// AV-14: an answer that is on its way is waited for, and a second attempt begins only when the first has failed.
func TestASlowServerIsHeard(t *testing.T) {
	tests := []struct {
		name     string
		takes    []time.Duration // one attempt each
		fails    []bool
		attempts int
		least    time.Duration
		want     error
	}{
		{"3 s", []time.Duration{3 * time.Second}, []bool{false}, 1, 3 * time.Second, nil},
		{"4.5 s", []time.Duration{4500 * time.Millisecond}, []bool{false}, 1, 4500 * time.Millisecond, nil},
		{"a failure after 3 s, then 1.5 s", []time.Duration{3 * time.Second, 1500 * time.Millisecond}, []bool{true, false}, 2, 4500 * time.Millisecond, nil},
		{"a failure after 3 s, then too long", []time.Duration{3 * time.Second, time.Minute}, []bool{true, false}, 2, 5 * time.Second, context.DeadlineExceeded},
		{"5.5 s", []time.Duration{5500 * time.Millisecond}, []bool{false}, 1, 5 * time.Second, context.DeadlineExceeded},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts, busy := 0, false
				c := endpoint.New(endpoint.Options{URL: "https://as.test/token", Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					if busy {
						t.Error("an attempt began while another one ran")
					}
					i := attempts
					attempts++
					busy = true
					defer func() { busy = false }()
					select {
					case <-time.After(tt.takes[i]):
					case <-r.Context().Done():
						return nil, r.Context().Err()
					}
					if tt.fails[i] {
						return answer(503), nil
					}
					return answer(200), nil
				})})
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				begun := time.Now()
				res, err := c.Post(ctx, url.Values{}, nil)
				if !errors.Is(err, tt.want) || err == nil && res.Status != 200 || attempts != tt.attempts {
					t.Errorf("Post = %v, %v after %d attempts, want %v after %d", res, err, attempts, tt.want, tt.attempts)
				}
				if d := time.Since(begun); d < tt.least || d > tt.least+200*time.Millisecond {
					t.Errorf("Post took %v, want about %v", d, tt.least)
				}
			})
		})
	}
}

// IN-98, IN-99: only the caller's clock ends an attempt, and it ends the pause before the second one, too.
func TestDeadlines(t *testing.T) {
	cause := errors.New("the caller's own reason")
	tests := []struct {
		name   string
		first  func(*http.Request) (*http.Response, error)
		caller time.Duration
		want   error
	}{
		{"the caller's clock ends the first attempt", hang, 50 * time.Millisecond, context.DeadlineExceeded},
		{"the caller's clock ends a long attempt", hang, time.Hour, context.DeadlineExceeded},
		{"the caller's clock ends the second attempt", func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }, time.Second, context.DeadlineExceeded},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				next := tt.first
				c := endpoint.New(endpoint.Options{URL: "https://as.test/token", Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					f := next
					next = hang
					return f(r)
				})})
				ctx, cancel := context.WithTimeoutCause(t.Context(), tt.caller, cause)
				defer cancel()
				begun := time.Now()
				_, err := c.Post(ctx, url.Values{}, nil)
				if d := time.Since(begun); d != tt.caller {
					t.Errorf("Post took %v, want %v", d, tt.caller)
				}
				if !errors.Is(err, tt.want) {
					t.Errorf("Post: %v, want %v", err, tt.want)
				}
			})
		})
	}
}

var hang = roundTrip(func(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
})

func TestABodyThatNeverEndsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := endpoint.New(endpoint.Options{URL: "https://as.test/token", Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			res := answer(200)
			res.ContentLength = -1
			read, write := io.Pipe()
			context.AfterFunc(r.Context(), func() { write.CloseWithError(r.Context().Err()) })
			res.Body = read
			return res, nil
		})})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		if _, err := c.Post(ctx, url.Values{}, nil); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
			t.Errorf("Post: %v after %v, want the deadline after a second", err, time.Since(begun))
		}
		synctest.Wait()
	})
}

// IN-01, IN-12, CC-01, CC-11, CC-58
func TestRequest(t *testing.T) {
	var got *http.Request
	var body []byte
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		body, _ = io.ReadAll(r.Body)
	}))
	defer srv.Close()
	c := endpoint.New(endpoint.Options{URL: srv.URL + "/token?t=1"})
	form := url.Values{"token": {"abc&token_type_hint=refresh_token&token=evil", "a+b/c=="}}
	if _, err := c.Post(t.Context(), form, fields{"Authorization": {"Basic eA=="}}); err != nil {
		t.Fatal(err)
	}
	if got.Method != http.MethodPost || got.URL.String() != "/token?t=1" {
		t.Errorf("%s %s, want POST /token?t=1", got.Method, got.URL)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", "User-Agent": "mfpguard",
		"Authorization": "Basic eA==", "Accept-Encoding": "", "Cookie": "",
	} {
		if got := strings.Join(got.Header.Values(name), ", "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if parsed, err := url.ParseQuery(string(body)); err != nil || parsed.Encode() != form.Encode() { // IN-02, IN-03
		t.Errorf("body is %q, %v, want %q", body, err, form.Encode())
	}
}

// IN-37, CC-30, A59, A60
func TestRedirectsAreAnAnswer(t *testing.T) {
	var evil atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { evil.Add(1) }))
	defer other.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		srv := httptest.NewServer(http.RedirectHandler(other.URL+"/", code))
		res, err := endpoint.New(endpoint.Options{URL: srv.URL}).Post(t.Context(), url.Values{"token": {"canary"}}, nil)
		srv.Close()
		if err != nil || res.Status != code {
			t.Errorf("%d: Post = %v, %v, want the redirect as the answer", code, res, err)
		}
	}
	if evil.Load() != 0 {
		t.Errorf("the target of the redirects got %d requests, want none", evil.Load())
	}
}

func TestNoCookieIsKept(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Cookies()) > 0 {
			t.Errorf("the request carries %v", r.Cookies())
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
	}))
	defer srv.Close()
	c := endpoint.New(endpoint.Options{URL: srv.URL})
	for range 2 {
		if _, err := c.Post(t.Context(), url.Values{}, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// IN-27, CC-31, A68
func TestSizeLimit(t *testing.T) {
	const limit = 1 << 20
	zipped := func(n int) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(bytes.Repeat([]byte(" "), n))
		_ = z.Close()
		return b.Bytes()
	}
	tests := []struct {
		name     string
		body     []byte
		encoding string
		want     error
	}{
		{"a body at the limit", bytes.Repeat([]byte(" "), limit), "", nil},
		{"a body one byte above", bytes.Repeat([]byte(" "), limit+1), "", endpoint.ErrTooLarge},
		{"5 MiB", bytes.Repeat([]byte(" "), 5*limit), "", endpoint.ErrTooLarge},
		{"a compressed body at the limit", zipped(limit), "gzip", nil},
		{"a gzip bomb of 16 MiB", zipped(16 * limit), "gzip", endpoint.ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var calls atomic.Int32
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				if tt.encoding != "" {
					w.Header().Set("Content-Encoding", tt.encoding)
				}
				_, _ = w.Write(tt.body)
			}))
			defer srv.Close()
			for name, transport := range map[string]http.RoundTripper{"our transport": nil, "one that unzips itself": &http.Transport{}} {
				calls.Store(0)
				res, err := endpoint.New(endpoint.Options{URL: srv.URL, Transport: transport}).Post(t.Context(), url.Values{}, nil)
				if !errors.Is(err, tt.want) {
					t.Errorf("%s: Post: %v, want %v", name, err, tt.want)
				}
				if err == nil && len(res.Body) != limit {
					t.Errorf("%s: the body has %d bytes, want %d", name, len(res.Body), limit)
				}
				if calls.Load() != 1 {
					t.Errorf("%s: %d calls, want 1: too long an answer stays too long", name, calls.Load())
				}
			}
		})
	}
}

// A69: what a server sends back never gets into an error.
func TestErrorsSayNothingThatWasSent(t *testing.T) {
	const canary = `canary\"T0k3n`
	echoes := map[string]string{
		"a status line that is none":    "%s\r\n\r\n",
		"a status that is no number":    "HTTP/1.1 %s OK\r\n\r\n",
		"a version that is none":        "HTTP/%s 200 OK\r\n\r\n",
		"a header line without a colon": "HTTP/1.1 200 OK\r\n%s\r\n\r\n",
		"a first line that is indented": "HTTP/1.1 200 OK\r\n %s: x\r\n\r\n",
		"a length that is no number":    "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n",
		"two lengths":                   "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: %s\r\n\r\n",
		"an unknown transfer encoding":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n",
		"a chunk of no length":          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n",
		"gzip that is none":             "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n%s",
	}
	// What is echoed: all, a part that no search for the whole can find, and what lies behind any cut of a long text.
	parts := map[string]string{"all": canary, "half": canary[:9], "far behind": strings.Repeat("x", 300) + canary}
	for name, format := range echoes {
		for part, text := range parts {
			t.Run(name+", "+part, func(t *testing.T) {
				t.Parallel()
				c := endpoint.New(endpoint.Options{URL: rawServer(t, fmt.Sprintf(format, text)) + "/?q=canary"})
				_, err := c.Post(t.Context(), url.Values{"token": {canary}}, clientauth.Bearer(canary))
				if err == nil {
					t.Fatal("no error")
				}
				if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "canary") || len(err.Error()) > 250 {
					t.Errorf("the error tells what was sent, or too much: %v", err)
				}
			})
		}
	}
}

// A transport of somebody else's may put anything into its errors.
func TestErrorsOfOtherTransports(t *testing.T) {
	header := fields{"Authorization": {"Basic aWQ6Y2FuYXJ5LXNlY3JldA=="}} // id:canary-secret
	form := url.Values{"token": {"canary token"}}
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"a plain error", errors.New("no route"), "no route"},
		{"an error with the header", errors.New("request Basic aWQ6Y2FuYXJ5LXNlY3JldA== failed"), "withheld"},
		{"an error with the decoded secret", errors.New("client id:canary-secret"), "withheld"},
		{"an error with the form value", errors.New("sent canary token"), "withheld"},
		{"an error with the encoded form value", errors.New("sent token=canary+token"), "withheld"},
		{"a network error with the form value", &net.OpError{Op: "canary token", Err: errors.New("x")}, "withheld"},
		{"a network error with the form value far behind", &net.OpError{Op: strings.Repeat("x", 300), Err: errors.New("canary token")}, "withheld"},
		{"an error with control characters", errors.New("a\r\nX: \x1b[31m\u2028"), "a??X: ?[31m?"},
		{"a long error", errors.New(strings.Repeat("x", 10_000)), "xxx"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := endpoint.New(endpoint.Options{URL: "https://as.test/?canary", Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, tt.err })})
			_, err := c.Post(t.Context(), form, header)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("Post: %v, want %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "canary") || len(err.Error()) > 200 {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

func TestNetworkErrorsStayInTheChain(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	_, err = endpoint.New(endpoint.Options{URL: "http://" + ln.Addr().String()}).Post(t.Context(), url.Values{}, nil)
	if op, ok := errors.AsType[*net.OpError](err); !ok || op.Op != "dial" {
		t.Errorf("Post: %#v, want a *net.OpError of dial", err)
	}
}

// rawServer answers every request on every connection with the same bytes.
func rawServer(t *testing.T, answer string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					_, _ = io.Copy(io.Discard, r.Body)
				}
				_, _ = io.WriteString(conn, answer)
			}()
		}
	}()
	return "http://" + ln.Addr().String()
}

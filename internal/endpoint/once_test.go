package endpoint_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// idler is a transport that counts how often its idle connections were closed.
type idler struct {
	roundTrip
	closed int
}

func (i *idler) CloseIdleConnections() { i.closed++ }

// over says what connection r goes over, and whether something of an answer comes.
func over(r *http.Request, reused, answered bool) {
	trace := httptrace.ContextClientTrace(r.Context())
	trace.GotConn(httptrace.GotConnInfo{Reused: reused})
	if answered {
		trace.GotFirstResponseByte()
	}
}

// CN-03: a question that met a dead connection is sent again at once; one that failed otherwise is not.
func TestOnce(t *testing.T) {
	timeout := &net.OpError{Op: "read", Net: "tcp", Err: context.DeadlineExceeded}
	type attempt struct {
		reused, answered bool
		err              error // nil is a good answer
	}
	stale := attempt{true, false, errReset}
	tests := []struct {
		name     string
		attempts []attempt // the last one repeats
		want     int       // attempts
		ok       bool
	}{
		{"a good answer on a new connection", []attempt{{false, true, nil}}, 1, true},
		{"a good answer on an old connection", []attempt{{true, true, nil}}, 1, true},
		{"one dead connection", []attempt{stale, {false, true, nil}}, 2, true},
		{"two dead connections", []attempt{stale, stale, {false, true, nil}}, 3, true},
		{"only ever dead connections", []attempt{stale}, 3, false},
		{"a new connection that is reset", []attempt{{false, false, errReset}}, 1, false},
		{"a dead connection, then a new one that is reset", []attempt{stale, {false, false, errReset}}, 2, false},
		{"an old connection that breaks in mid-answer", []attempt{{true, true, io.ErrUnexpectedEOF}}, 1, false},
		{"an old connection on which the transport's clock runs out", []attempt{{true, false, timeout}}, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				c := endpoint.New(endpoint.Options{URL: "https://as.test/token", Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					if body, _ := io.ReadAll(r.Body); string(body) != "a=b" || r.Header.Get("Authorization") != "Basic eA==" {
						t.Errorf("attempt %d has body %q and header %v", attempts+1, body, r.Header)
					}
					a := tt.attempts[min(attempts, len(tt.attempts)-1)]
					attempts++
					over(r, a.reused, a.answered)
					if a.err != nil {
						return nil, a.err
					}
					return answer(200), nil
				})})
				begun := time.Now()
				_, err := c.Once(t.Context(), url.Values{"a": {"b"}}, fields{"Authorization": {"Basic eA=="}})
				if attempts != tt.want || (err == nil) != tt.ok {
					t.Errorf("%d attempts, %v, want %d", attempts, err, tt.want)
				}
				if time.Since(begun) != 0 {
					t.Errorf("it took %v, want no pause", time.Since(begun))
				}
			})
		})
	}
}

// Once asks once: a bad answer is an answer.
func TestOnceDoesNotRepeatAnAnswer(t *testing.T) {
	attempts := 0
	c := endpoint.New(endpoint.Options{URL: "https://as.test/token", Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		attempts++
		over(r, true, true)
		return answer(503), nil
	})})
	if res, err := c.Once(t.Context(), url.Values{}, nil); err != nil || res.Status != 503 || attempts != 1 {
		t.Errorf("Once = %v, %v after %d attempts", res, err, attempts)
	}
}

// A caller whose time is over is not served by another attempt.
func TestOnceEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	attempts := 0
	c := endpoint.New(endpoint.Options{URL: "https://as.test/token", Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		attempts++
		over(r, true, false)
		cancel()
		return nil, io.EOF
	})})
	if _, err := c.Once(ctx, url.Values{}, nil); err == nil || attempts != 1 {
		t.Errorf("Once: %v after %d attempts, want an error after one", err, attempts)
	}
}

// CN-02: where one connection died without a word, others have. But a stranger who makes connections break costs the others
// theirs once a second at most.
func TestIdleConnectionsAreClosedAfterFailures(t *testing.T) {
	tests := []struct {
		name string
		err  error // of each call; nil is a 500
		want int   // closings in ten seconds of ten calls each
	}{
		{"resets", io.EOF, 10},
		{"answers, if bad ones", nil, 0},
		{"callers who left", context.Canceled, 0},
		{"time-outs", context.DeadlineExceeded, 10},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				i := &idler{roundTrip: func(*http.Request) (*http.Response, error) {
					if tt.err != nil {
						return nil, tt.err
					}
					return answer(500), nil
				}}
				c := endpoint.New(endpoint.Options{URL: "https://as.test/token", Transport: i})
				for range 100 {
					_, _ = c.Once(t.Context(), url.Values{}, nil)
					time.Sleep(100 * time.Millisecond)
				}
				if i.closed != tt.want {
					t.Errorf("idle connections were closed %d times, want %d", i.closed, tt.want)
				}
			})
		})
	}
}

func TestIdleOfATransportWithoutTheMethod(t *testing.T) {
	idle := endpoint.Idle{Transport: roundTrip(nil)}
	idle.Failed(t.Context(), io.EOF)
	(&endpoint.Idle{}).Failed(t.Context(), io.EOF)
}

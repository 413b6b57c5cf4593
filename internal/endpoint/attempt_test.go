package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// call is a method of Client.
type call func(*endpoint.Client, context.Context, url.Values, clientauth.Method) (*endpoint.Response, error)

var post, once call = (*endpoint.Client).Post, (*endpoint.Client).Once

func good(*http.Request) (*http.Response, error) { return answer(200), nil }

var errReset = &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}

// counting is a clientauth.Method whose credentials tell the attempts apart, like those of an assertion.
type counting struct {
	applied int
	fails   int   // at this application, if not 0
	err     error // how
}

func (c *counting) Apply(_ context.Context, header http.Header, form url.Values) error {
	c.applied++
	if c.applied == c.fails {
		return c.err
	}
	header.Set("Authorization", fmt.Sprintf("Bearer header%d", c.applied))
	form.Set("client_assertion", fmt.Sprintf("assertion%d", c.applied))
	return nil
}

// Credentials that were sent are not sent again: each attempt has its own, whatever it was that made it
// necessary.
func TestEachAttemptIsAuthenticated(t *testing.T) {
	unavailable := func(*http.Request) (*http.Response, error) { return answer(503), nil }
	dead := func(r *http.Request) (*http.Response, error) {
		over(r, true, false)
		return nil, errReset
	}
	tests := []struct {
		name     string
		call     call
		attempts []roundTrip
	}{
		{"a good answer", post, []roundTrip{good}},
		{"a 503", post, []roundTrip{unavailable, good}},
		{"a broken connection", post, []roundTrip{func(*http.Request) (*http.Response, error) { return nil, errReset }, good}},
		{"two dead connections", once, []roundTrip{dead, dead, good}},
		{"a dead connection, a 503 and a dead connection", post, []roundTrip{dead, unavailable, dead, good}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				c := endpoint.New(endpoint.Options{URL: "https://as.test/token", Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					attempts++
					body, _ := io.ReadAll(r.Body)
					if want := fmt.Sprintf("a=b&client_assertion=assertion%d", attempts); string(body) != want {
						t.Errorf("attempt %d sends %q, want %q", attempts, body, want)
					}
					if got, want := r.Header.Get("Authorization"), fmt.Sprintf("Bearer header%d", attempts); got != want {
						t.Errorf("attempt %d sends Authorization %q, want %q", attempts, got, want)
					}
					return tt.attempts[attempts-1](r)
				})})
				auth, form := &counting{}, url.Values{"a": {"b"}}
				if res, err := tt.call(c, t.Context(), form, auth); err != nil || res.Status != 200 {
					t.Errorf("got %v, %v, want a good answer", res, err)
				}
				if attempts != len(tt.attempts) || auth.applied != attempts {
					t.Errorf("%d attempts and %d applications, want %d of each", attempts, auth.applied, len(tt.attempts))
				}
				if form.Encode() != "a=b" {
					t.Errorf("the caller's form became %q", form.Encode())
				}
			})
		})
	}
}

func TestAnAttemptThatCannotBeAuthenticatedIsNotSent(t *testing.T) {
	vault := errors.New("the vault is sealed")
	tests := []struct {
		name     string
		call     call
		first    roundTrip
		fails    int // application
		attempts int
		status   int // 0 is an error
		want     error
	}{
		{"the first of Once", once, good, 1, 0, 0, vault},
		{"the first of Post", post, good, 1, 0, 0, vault},
		{"a repetition after a 503", post, func(*http.Request) (*http.Response, error) { return answer(503), nil }, 2, 1, 503, nil},
		{"a repetition after a dead connection", once, func(r *http.Request) (*http.Response, error) {
			over(r, true, false)
			return nil, errReset
		}, 2, 1, 0, errReset},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				c := endpoint.New(endpoint.Options{URL: "https://as.test/token", Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					attempts++
					return tt.first(r)
				})})
				auth := &counting{fails: tt.fails, err: vault}
				res, err := tt.call(c, t.Context(), url.Values{}, auth)
				if auth.applied != tt.fails {
					t.Errorf("%d applications, want %d", auth.applied, tt.fails)
				}
				if !errors.Is(err, tt.want) || err == nil && res.Status != tt.status || attempts != tt.attempts {
					t.Errorf("got %v, %v after %d attempts, want status %d, %v after %d", res, err, attempts, tt.status, tt.want, tt.attempts)
				}
				e, ok := errors.AsType[*endpoint.AuthError](err)
				if ok != (attempts == 0) || ok && e.Err != vault {
					t.Errorf("the error is %#v, want an AuthError exactly when nothing was sent", err)
				}
			})
		})
	}
}

// An error must not repeat what its own attempt sent: the credentials of the second one, not of the first.
func TestErrorsDoNotRepeatALaterAttempt(t *testing.T) {
	for _, quoted := range []string{"header", "assertion"} {
		attempts := 0
		c := endpoint.New(endpoint.Options{URL: "https://as.test/token", Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			attempts++
			over(r, true, false)
			return nil, fmt.Errorf("rejected %s%d", quoted, attempts)
		})})
		auth := &counting{}
		_, err := c.Once(t.Context(), url.Values{}, auth)
		if err == nil || strings.Contains(err.Error(), quoted) || !strings.Contains(err.Error(), "withheld") {
			t.Errorf("after %d attempts: %v, want a text without the %s", attempts, err, quoted)
		}
		if attempts != 3 || auth.applied != 3 {
			t.Errorf("%d attempts and %d applications, want 3 of each", attempts, auth.applied)
		}
	}
}

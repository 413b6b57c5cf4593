package tokensource_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// JL-06: after a 401 that does not name Bearer the request is not repeated, and the token is forgotten.
func TestUnauthorizedWithoutBearer(t *testing.T) {
	for _, tt := range []struct {
		name    string
		answer  *http.Response
		forgets bool
	}{
		{"no challenge", status(401), true},
		{"an empty one", status(401, authenticate, ""), true},
		{"Basic", status(401, authenticate, `Basic realm="x"`), true},
		{"one that cannot be read", status(401, authenticate, `Bearer error="invalid_token`), true},
		{"two of Bearer", status(401, authenticate, `Bearer, Bearer error="invalid_token"`), true},
		{"a bad request", status(401, authenticate, `Bearer error="invalid_request"`), false},
		{"403 without a challenge", status(403), false},
		{"403 and Basic", status(403, authenticate, "Basic"), false},
		{"407", status(407, "Proxy-Authenticate", "Bearer"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				base := &api{answers: []*http.Response{tt.answer, status(200)}}
				client := &http.Client{Transport: newSource(t, config(coretest.New())).Transport(base)}
				for i, want := range []int{tt.answer.StatusCode, 200} {
					res, err := client.Post("https://api.invalid/a", "text/plain", strings.NewReader("body"))
					if err != nil || res.StatusCode != want || len(base.auth) != i+1 {
						t.Fatalf("request %d: %v, %v after %d calls, want %d and no repetition", i, res, err, len(base.auth), want)
					}
				}
				if forgot := base.auth[0] != base.auth[1]; forgot != tt.forgets {
					t.Errorf("the token was forgotten: %v, want %v", forgot, tt.forgets)
				}
			})
		})
	}
}

// JL-05: a step-up that gains nothing is not worth a request.
func TestStepUpThatIsNotGranted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		base := &api{answers: []*http.Response{status(403, authenticate, `Bearer error="insufficient_scope", scope="more"`)}}
		rt := newSource(t, config(srv)).Transport(base)
		rt.AllowScope = func(string) bool { return true }
		srv.Inject(coretest.Token, coretest.Always, coretest.SetMember("scope", `"messages.write"`))
		for i := range 2 {
			res, err := rt.RoundTrip(httptest.NewRequest(http.MethodGet, "https://api.invalid/a", nil))
			if err != nil || res.StatusCode != 403 || len(base.auth) != i+1 {
				t.Errorf("RoundTrip = %v, %v after %d calls, want the 403", res, err, len(base.auth))
			}
		}
		wantCalls(t, srv, 2)
	})
}

// trailing sets a trailer when it has been read, as a program does that sums up its body on the way.
type trailing struct {
	io.Reader
	request *http.Request
}

func (b *trailing) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		b.request.Trailer.Set("X-Sum", "42")
	}
	return n, err
}

// MW-11: trailers that are set while the body is read reach the server, on sockets. A request that has them is sent once.
func TestTrailers(t *testing.T) {
	var got []string
	answer := http.StatusOK
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Header.Get("Authorization")+" "+string(body)+" "+r.Trailer.Get("X-Sum"))
		if answer != http.StatusOK {
			w.Header().Set(authenticate, invalidToken)
		}
		w.WriteHeader(answer)
	}))
	defer srv.Close()
	for _, answer = range []int{http.StatusOK, http.StatusUnauthorized} {
		got = nil
		fetches := 0
		src := tokensource.Func(func(context.Context) (tokensource.Token, error) {
			fetches++
			return tokensource.Token{AccessToken: tokensource.Secret(fmt.Sprint("t", fetches))}, nil
		})
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Trailer = http.Header{"X-Sum": nil}
		r.Body = io.NopCloser(&trailing{bytes.NewReader([]byte("body")), r})
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(&trailing{bytes.NewReader([]byte("body")), r}), nil }
		r.ContentLength = -1
		res, err := (&http.Client{Transport: src.Transport(nil)}).Do(r)
		if err != nil || res.StatusCode != answer {
			t.Fatalf("Do = %v, %v", res, err)
		}
		_ = res.Body.Close()
		if !slices.Equal(got, []string{"Bearer t1 body 42"}) {
			t.Errorf("the server got %q, want the body and the trailer, once", got)
		}
	}
}

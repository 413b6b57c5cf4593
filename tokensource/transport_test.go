package tokensource_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// api is the transport of an API that answers what a test says and remembers what it got.
type api struct {
	mu      sync.Mutex
	answers []*http.Response // the last one repeats
	auth    []string         // Authorization of each request
	bodies  []string
	open    int // bodies of answers that were not closed
	unread  int // bytes of closed bodies that nobody had read
}

func (a *api) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	next := *a.answers[min(len(a.auth), len(a.answers)-1)]
	a.auth = append(a.auth, r.Header.Get("Authorization"))
	a.bodies = append(a.bodies, string(body))
	a.open++
	next.Request = r
	if next.Body == nil {
		next.Body = &tracked{Reader: strings.NewReader("answer"), api: a}
	}
	return &next, nil
}

type tracked struct {
	*strings.Reader
	api *api
}

func (t *tracked) Close() error {
	t.api.mu.Lock()
	defer t.api.mu.Unlock()
	t.api.open--
	t.api.unread += t.Len()
	return nil
}

// status is an answer with header fields in turn.
func status(code int, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return &http.Response{StatusCode: code, Header: h, ProtoMajor: 1, ProtoMinor: 1}
}

const (
	authenticate = "WWW-Authenticate"
	invalidToken = `Bearer error="invalid_token"`
)

// which answers lead to a second request, and what it carries.
func TestTransportRepeats(t *testing.T) {
	ok := status(200)
	tests := []struct {
		name    string
		answers []*http.Response
		status  int // that the caller gets
		calls   int
		tokens  int // token requests
	}{
		{"a good answer", []*http.Response{ok}, 200, 1, 1},
		{"a refused token", []*http.Response{status(401, authenticate, invalidToken), ok}, 200, 2, 2},
		{"a refused token in upper case", []*http.Response{status(401, authenticate, `BEARER ERROR=invalid_token`), ok}, 200, 2, 2},
		{"MobileFirst's bare challenge", []*http.Response{status(401, authenticate, "Bearer"), ok}, 200, 2, 2},
		{"a challenge with a realm", []*http.Response{status(401, authenticate, `Bearer realm="a, b"`), ok}, 200, 2, 2},
		{"no challenge", []*http.Response{status(401), ok}, 401, 1, 1}, // JL-06
		{"a challenge of two schemes", []*http.Response{status(401, authenticate, `Basic realm="x"`, authenticate, invalidToken), ok}, 200, 2, 2},
		{"always a refused token", []*http.Response{status(401, authenticate, invalidToken)}, 401, 2, 2}, // A37
		{"another scheme's challenge", []*http.Response{status(401, authenticate, `Basic realm="Bearer"`), ok}, 401, 1, 1},
		{"a token of another error", []*http.Response{status(401, authenticate, `Bearer error="invalid_request"`), ok}, 401, 1, 1},
		{"a challenge that cannot be understood", []*http.Response{status(401, authenticate, `Bearer error="invalid_token`), ok}, 401, 1, 1},
		{"an ambiguous challenge", []*http.Response{status(401, authenticate, `Bearer error="invalid_token", error="x"`), ok}, 401, 1, 1},
		{"two Bearer challenges", []*http.Response{status(401, authenticate, `Bearer, Bearer error="invalid_token"`), ok}, 401, 1, 1},
		{"invalid_token with 400", []*http.Response{status(400, authenticate, invalidToken), ok}, 400, 1, 1},
		{"invalid_token with 403", []*http.Response{status(403, authenticate, invalidToken), ok}, 403, 1, 1},
		{"403", []*http.Response{status(403), ok}, 403, 1, 1},
		{"missing scope, and nothing is allowed", []*http.Response{status(403, authenticate, `Bearer error="insufficient_scope", scope="x"`), ok}, 403, 1, 1},
		{"500", []*http.Response{status(500), ok}, 500, 1, 1},
		{"503 with a time", []*http.Response{status(503, "Retry-After", "1"), ok}, 503, 1, 1},
		{"409", []*http.Response{status(409), ok}, 409, 1, 1},
		{"a MobileFirst conflict", []*http.Response{status(409, "MFP-Conflict", "true"), ok}, 200, 2, 1},
		{"a conflict of any value", []*http.Response{status(409, "mfp-conflict", ""), ok}, 200, 2, 1},
		{"always a conflict", []*http.Response{status(409, "MFP-Conflict", "true")}, 409, 5, 1},
		{"a conflict and then a refused token", []*http.Response{status(409, "MFP-Conflict", "true"), status(401, authenticate, "Bearer"), ok}, 200, 3, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				base := &api{answers: tt.answers}
				client := &http.Client{Transport: newSource(t, config(srv)).Transport(base)}
				res, err := client.Post("https://api.invalid/a", "text/plain", strings.NewReader("body"))
				if err != nil {
					t.Fatal(err)
				}
				if res.StatusCode != tt.status || len(base.auth) != tt.calls {
					t.Errorf("status %d after %d calls, want %d after %d", res.StatusCode, len(base.auth), tt.status, tt.calls)
				}
				wantCalls(t, srv, tt.tokens)
				if slices.ContainsFunc(base.bodies, func(b string) bool { return b != "body" }) {
					t.Errorf("bodies are %q", base.bodies)
				}
				if distinct := len(slices.Compact(slices.Clone(base.auth))); distinct != tt.tokens {
					t.Errorf("%d different tokens were sent, want %d", distinct, tt.tokens)
				}
				if base.open != 1 || base.unread != 0 {
					t.Errorf("%d answers are open, %d bytes unread: want the last one open, the others drained", base.open, base.unread)
				}
				_ = res.Body.Close()
			})
		})
	}
}

// What is repeated only if it can be.
func TestTransportBodies(t *testing.T) {
	rewind := errors.New("the file is gone")
	tests := []struct {
		name  string
		body  io.Reader
		edit  func(*http.Request)
		calls int
	}{
		{"no body", nil, nil, 2},
		{"an empty body", http.NoBody, nil, 2},
		{"bytes", bytes.NewReader([]byte("body")), nil, 2},
		{"a stream", io.LimitReader(strings.NewReader("body"), 4), nil, 1},
		{"a body that cannot be had again", strings.NewReader("body"), func(r *http.Request) {
			r.GetBody = func() (io.ReadCloser, error) { return nil, rewind }
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := coretest.New()
			base := &api{answers: []*http.Response{status(401, authenticate, invalidToken), status(200)}}
			src := newSource(t, config(srv))
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.invalid/a", tt.body)
			if err != nil {
				t.Fatal(err)
			}
			if tt.edit != nil {
				tt.edit(r)
			}
			res, err := src.Transport(base).RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if len(base.auth) != tt.calls || tt.calls == 1 && res.StatusCode != 401 {
				t.Errorf("status %d after %d calls, want %d calls", res.StatusCode, len(base.auth), tt.calls)
			}
			if answer, err := io.ReadAll(res.Body); string(answer) != "answer" || err != nil {
				t.Errorf("the answer is %q, %v", answer, err)
			}
			token(t, src)
			wantCalls(t, srv, 2) // whatever happened to the request, the refused token is gone
		})
	}
}

// What cannot be repeated is not waited for either, and costs no token.
func TestTransportDoesNotPrepareWhatItCannotRepeat(t *testing.T) {
	for _, first := range []*http.Response{
		status(409, "MFP-Conflict", "true"),
		status(403, authenticate, `Bearer error="insufficient_scope", scope="a"`),
		status(401, authenticate, invalidToken),
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := coretest.New()
			base := &api{answers: []*http.Response{first, status(200)}}
			rt := newSource(t, config(srv)).Transport(base)
			rt.AllowScope = func(string) bool { return true }
			begun := time.Now()
			res, err := (&http.Client{Transport: rt}).Post("https://api.invalid/a", "text/plain", io.LimitReader(strings.NewReader("body"), 4))
			if err != nil || res.StatusCode != first.StatusCode || time.Since(begun) != 0 {
				t.Errorf("%d: Post = %v, %v after %v", first.StatusCode, res, err, time.Since(begun))
			}
			wantCalls(t, srv, 1)
		})
	}
}

// A37: a resource that refuses every token gets each request once when no other token is to be had so soon.
func TestTransportDoesNotRepeatWithTheRefusedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		base := &api{answers: []*http.Response{status(401, authenticate, invalidToken)}}
		client := &http.Client{Transport: newSource(t, config(srv)).Transport(base)}
		for range 100 {
			if res, err := client.Get("https://api.invalid/a"); err != nil || res.StatusCode != 401 {
				t.Errorf("Get = %v, %v", res, err)
			}
		}
		if n := len(base.auth); n > 106 {
			t.Errorf("%d requests for a hundred calls, want no more than a few repetitions", n)
		}
		if n := srv.Calls().Token; n > 6 {
			t.Errorf("%d token requests at once, want at most 6", n)
		}
	})
}

func TestTransportWithoutAToken(t *testing.T) {
	closed := 0
	srv := coretest.New()
	srv.Inject(coretest.Token, coretest.Always, coretest.Body(400, "application/json", `{"error":"invalid_client"}`))
	base := &api{answers: []*http.Response{status(200)}}
	client := &http.Client{Transport: newSource(t, config(srv)).Transport(base)}
	_, err := client.Post("https://api.invalid/a", "text/plain", &closer{strings.NewReader("body"), &closed})
	if e, ok := errors.AsType[*tokensource.EndpointError](err); !ok || e.Status != 400 || !errors.Is(err, tokensource.ErrInvalidClient) {
		t.Errorf("Post: %v, want the *EndpointError", err)
	}
	if len(base.auth) != 0 || closed != 1 {
		t.Errorf("%d requests, the body was closed %d times, want none and 1", len(base.auth), closed)
	}
}

type closer struct {
	io.Reader
	closed *int
}

func (c *closer) Close() error { *c.closed++; return nil }

// The new token cannot be had: the caller gets the answer that there was, which says that nothing was done.
func TestTransportServerIsDownAtRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		base := &api{answers: []*http.Response{status(401, authenticate, invalidToken), status(200)}}
		src := newSource(t, config(srv))
		token(t, src)
		srv.Down()
		res, err := (&http.Client{Transport: src.Transport(base)}).Get("https://api.invalid/a")
		if err != nil || res.StatusCode != 401 || len(base.auth) != 1 {
			t.Errorf("Get = %v, %v after %d calls, want the 401", res, err, len(base.auth))
		}
	})
}

// A request is the caller's: it is not changed, and neither it nor the answer's copy shows the token.
func TestTransportLeavesTheRequestAlone(t *testing.T) {
	srv := coretest.New()
	base := &api{answers: []*http.Response{status(200)}}
	r := httptest.NewRequest(http.MethodGet, "https://api.invalid/a", nil)
	r.Header.Set("X-A", "1")
	res, err := newSource(t, config(srv)).Transport(base).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(base.auth[0], "Bearer ey") {
		t.Errorf("Authorization was %q", base.auth[0])
	}
	if len(r.Header) != 1 || res.Request != r {
		t.Errorf("the request's header is %v, the answer's request %p, want %p", r.Header, res.Request, r)
	}
}

// Where the token goes.
func TestTransportOrigins(t *testing.T) {
	tests := []struct {
		name    string
		origins []string
		first   string // a request before; "" is none
		url     string
		own     string // Authorization of the caller's
		token   bool
		err     string
	}{
		{"the first origin", nil, "", "https://api.invalid/a", "", true, ""},
		{"another path of the first origin", nil, "https://api.invalid/a", "https://api.invalid/b?c", "", true, ""},
		{"the first origin with its port", nil, "https://api.invalid/a", "https://api.invalid:443/b", "", true, ""},
		{"the first origin in upper case", nil, "https://api.invalid/a", "HTTPS://API.invalid/b", "", true, ""},
		{"another host", nil, "https://api.invalid/a", "https://evil.invalid/a", "", false, ""},
		{"a host below", nil, "https://api.invalid/a", "https://x.api.invalid/a", "", false, ""},
		{"another port", nil, "https://api.invalid/a", "https://api.invalid:8443/a", "", false, ""},
		{"http on the same host", nil, "https://api.invalid/a", "http://api.invalid/a", "", false, ""},
		{"http on the same port", nil, "https://api.invalid/a", "http://api.invalid:443/a", "", false, ""},
		{"http at first", nil, "", "http://api.invalid/a", "", false, "use https"},
		// CN-08: what Unicode folds to our origin is another host.
		{"a dotted capital I", nil, "https://api.invalid/a", "https://ap\u0130.invalid/a", "", false, ""},
		{"the Kelvin sign", []string{"https://k.invalid"}, "", "https://\u212a.invalid/a", "", false, ""},
		{"a long s", []string{"https://s.invalid"}, "", "https://\u017f.invalid/a", "", false, ""},
		{"a fullwidth letter", nil, "https://api.invalid/a", "https://\uff41pi.invalid/a", "", false, ""},
		{"a dotted capital I, percent-encoded", nil, "https://api.invalid/a", "https://ap%C4%B0.invalid/a", "", false, ""},
		{"the origin in mixed case", nil, "https://api.invalid/a", "https://aPI.InvaliD/a", "", true, ""},
		{"the origin with a dot at its end", nil, "https://api.invalid/a", "https://api.invalid./a", "", false, ""},
		{"a port with a zero before it", nil, "https://api.invalid/a", "https://api.invalid:0443/a", "", false, ""},
		{"an empty port", nil, "https://api.invalid/a", "https://api.invalid:/a", "", true, ""},
		{"an address in upper case", []string{"https://[fe80::ab]"}, "", "https://[FE80::AB]:443/a", "", true, ""},
		{"the zone of the origin", []string{"https://[fe80::1%25eth0]"}, "", "https://[FE80::1%25eth0]/a", "", true, ""},
		{"another zone", []string{"https://[fe80::1%25eth0]"}, "", "https://[fe80::1%25eth1]/a", "", false, ""},
		{"a zone in another case, which is another one", []string{"https://[fe80::1%25eth0]"}, "", "https://[fe80::1%25ETH0]/a", "", false, ""},
		{"no zone", []string{"https://[fe80::1%25eth0]"}, "", "https://[fe80::1]/a", "", false, ""},
		{"a host that is not ASCII, at first", nil, "", "https://m\u00fcnchen.invalid/a", "", false, "write it in ASCII (punycode"},
		{"the same, percent-encoded", nil, "", "https://m%C3%BCnchen.invalid/a", "", false, "write it in ASCII (punycode"},
		{"the same in punycode", nil, "", "https://xn--mnchen-3ya.invalid/a", "", true, ""},
		{"a listed origin that is not ASCII", []string{"https://m\u00fcnchen.invalid"}, "", "https://xn--mnchen-3ya.invalid/a", "", false, "not ASCII"},
		{"loopback with a long s, at first", nil, "", "http://localho\u017ft/a", "", false, "not ASCII"},
		{"http on loopback at first", nil, "", "http://127.0.0.1:8080/a", "", true, ""},
		{"a listed origin", []string{"https://a.invalid", "https://b.invalid:8443/"}, "", "https://b.invalid:8443/x", "", true, ""},
		{"an origin that is not listed, at first", []string{"https://a.invalid"}, "", "https://b.invalid/x", "", false, ""},
		{"a listed origin that is http", []string{"http://a.invalid"}, "", "http://a.invalid/x", "", false, "https"},
		{"a listed origin with a path", []string{"https://a.invalid/x"}, "", "https://a.invalid/x", "", false, "has a path"},
		{"a listed origin with a password", []string{"https://u:canary@a.invalid"}, "", "https://a.invalid/x", "", false, "user information"},
		{"a listed origin that is none", []string{"a.invalid", "https://b.invalid"}, "", "https://b.invalid/x", "", false, `"a.invalid" of Source.Transport has no scheme: put https:// in front`},
		{"a request with credentials of its own", nil, "", "https://api.invalid/a", "Basic dTpw", false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := coretest.New()
			base := &api{answers: []*http.Response{status(200)}}
			rt, mistake := transportOf(newSource(t, config(srv)), base, tt.origins...)
			if mistake != "" {
				if tt.err == "" || !strings.Contains(mistake, tt.err) || !strings.Contains(mistake, "origin \"") || strings.Contains(mistake, "canary") {
					t.Errorf("Transport panics: %s, want %q", mistake, tt.err)
				}
				return
			}
			send := func(url, auth string) error {
				r := httptest.NewRequest(http.MethodGet, url, nil)
				if auth != "" {
					r.Header.Set("Authorization", auth)
				}
				_, err := rt.RoundTrip(r)
				return err
			}
			if tt.first != "" {
				if err := send(tt.first, ""); err != nil {
					t.Fatal(err)
				}
			}
			err := send(tt.url, tt.own)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "canary") || len(base.auth) != 0 {
					t.Errorf("RoundTrip: %v after %d requests, want %q and none", err, len(base.auth), tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := base.auth[len(base.auth)-1]
			if tt.token != strings.HasPrefix(got, "Bearer ey") || !tt.token && got != tt.own {
				t.Errorf("Authorization is %q, want our token: %v", got, tt.token)
			}
		})
	}
}

func TestTransportInsecureHTTP(t *testing.T) {
	srv := coretest.New()
	c := config(srv)
	c.InsecureHTTP = true
	base := &api{answers: []*http.Response{status(200)}}
	for _, rt := range []*tokensource.Transport{newSource(t, c).Transport(base), newSource(t, c).Transport(base, "http://api.invalid")} {
		if _, err := rt.RoundTrip(httptest.NewRequest(http.MethodGet, "http://api.invalid/a", nil)); err != nil {
			t.Error(err)
		}
	}
	if len(base.auth) != 2 || slices.Contains(base.auth, "") {
		t.Errorf("Authorization was %q, want our token twice", base.auth)
	}
}

// transportOf is src.Transport, and the text of its panic.
func transportOf(src *tokensource.Source, base http.RoundTripper, origins ...string) (rt *tokensource.Transport, mistake string) {
	defer func() {
		if r := recover(); r != nil {
			mistake = fmt.Sprint(r)
		}
	}()
	return src.Transport(base, origins...), ""
}

// A59, A60, on sockets: a redirect to another origin goes there without the token.
func TestTransportTokenDoesNotFollowRedirects(t *testing.T) {
	var got []string
	evil := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Authorization"))
	}))
	defer evil.Close()
	as := coretest.NewServer()
	defer as.Close()
	src := newSource(t, config(as))
	for _, code := range []int{301, 302, 303, 307, 308} {
		for _, target := range []string{evil.URL, strings.Replace(evil.URL, "127.0.0.1", "localhost", 1)} {
			resource := httptest.NewServer(http.RedirectHandler(target, code))
			res, err := (&http.Client{Transport: src.Transport(nil)}).Post(resource.URL, "text/plain", strings.NewReader("body"))
			resource.Close()
			if err != nil || res.StatusCode != 200 {
				t.Errorf("%d: Post = %v, %v", code, res, err)
			}
		}
	}
	if len(got) != 10 || slices.ContainsFunc(got, func(a string) bool { return a != "" }) {
		t.Errorf("the target got %q, want ten requests without a token", got)
	}
}

// CN-08, on sockets: http.Client follows a redirect to a host that lower-cases to our origin, and a resolver takes it for another.
func TestTransportTokenDoesNotFollowUnicode(t *testing.T) {
	type request struct{ host, auth string }
	var got []request
	resource := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, request{r.Host, r.Header.Get("Authorization")})
		if r.URL.Path == "/first" {
			w.Header().Set("Location", "http://mfp.\u0130bm.test/second")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
	}))
	defer resource.Close()
	var dialed []string
	base := &http.Transport{DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
		dialed = append(dialed, addr)
		return new(net.Dialer).DialContext(ctx, "tcp", resource.Listener.Addr().String())
	}}
	defer base.CloseIdleConnections()
	c := config(coretest.New())
	c.InsecureHTTP = true
	for name, origins := range map[string][]string{"the first origin": nil, "a listed one": {"http://mfp.ibm.test"}} {
		got, dialed = nil, nil
		base.CloseIdleConnections()
		res, err := (&http.Client{Transport: newSource(t, c).Transport(base, origins...)}).Get("http://mfp.ibm.test/first")
		if err != nil || res.StatusCode != 200 || len(got) != 2 {
			t.Fatalf("%s: Get = %v, %v after %v", name, res, err, got)
		}
		if want := []string{"mfp.ibm.test:80", "mfp.xn--ibm-8dc.test:80"}; !slices.Equal(dialed, want) {
			t.Errorf("%s: connections to %v, want %v", name, dialed, want)
		}
		if got[0].auth == "" || got[1].auth != "" || got[1].host == got[0].host {
			t.Errorf("%s: the hosts were %s and %s, the second got %d bytes of a token", name, got[0].host, got[1].host, len(got[1].auth))
		}
	}
}

// CC-39: fifty calls are refused at once.
func TestTransportHerd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.Protect("/adapters/a", "messages.write")
		src := newSource(t, config(srv))
		client := &http.Client{Transport: src.Transport(srv.Transport())}
		token(t, src)
		srv.Restart()
		for range 50 {
			go func() {
				res, err := client.Get(srv.BaseURL() + "/adapters/a")
				if err != nil || res.StatusCode != 200 {
					t.Errorf("Get = %v, %v", res, err)
				}
			}()
		}
		synctest.Wait()
		wantCalls(t, srv, 2)
		if n := srv.Calls().Resource; n < 51 || n > 100 {
			t.Errorf("%d calls of the resource, want each of 50 at most twice", n)
		}
	})
}

// Conflicts are repeated with growing pauses, and not beyond the caller's patience.
func TestTransportConflictPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(t, config(coretest.New()))
		base := &api{answers: []*http.Response{status(409, "MFP-Conflict", "true")}}
		client := &http.Client{Transport: src.Transport(base)}
		begun := time.Now()
		res, err := client.Get("https://api.invalid/a")
		if err != nil || res.StatusCode != 409 || len(base.auth) != 5 {
			t.Errorf("Get = %v, %v after %d calls, want the conflict after 5", res, err, len(base.auth))
		}
		if d := time.Since(begun); d < 750*time.Millisecond || d > 2250*time.Millisecond {
			t.Errorf("the five calls took %v, want 0.75 s to 2.25 s", d)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.invalid/a", nil)
		if res, err := src.Transport(base).RoundTrip(r); err != nil || res.StatusCode != 409 || len(base.auth) != 6 {
			t.Errorf("RoundTrip = %v, %v after %d calls, want the conflict after one more", res, err, len(base.auth))
		}
	})
}

func TestStepUp(t *testing.T) {
	allow := func(elements ...string) func(string) bool {
		return func(e string) bool { return slices.Contains(elements, e) }
	}
	tests := []struct {
		name      string
		client    string // the client's allowed scope at the server
		want      string // of the resource
		allow     func(string) bool
		status    int
		tokens    []string // scopes asked for, in turn
		resources int
	}{
		{
			"allowed", "*", "orders.read", allow("orders.read"), 200,
			[]string{"messages.write", "messages.write RegisteredClient orders.read"},
			2,
		},
		{"not allowed", "*", "orders.read", allow("orders.write"), 403, []string{"messages.write"}, 1},
		{"one of two is not allowed", "*", "orders.read orders.write", allow("orders.read"), 403, []string{"messages.write"}, 1},
		{"nothing is allowed", "*", "orders.read", nil, 403, []string{"messages.write"}, 1},
		{
			"the server refuses RegisteredClient", "messages.* orders.*", "orders.read", allow("orders.read"), 200,
			[]string{"messages.write", "messages.write RegisteredClient orders.read", "messages.write orders.read"},
			2,
		},
		{
			"the server refuses all of it", "messages.*", "orders.read", allow("orders.read"), 403,
			[]string{"messages.write", "messages.write RegisteredClient orders.read", "messages.write orders.read"},
			1,
		},
		{"two elements", "*", "b a", allow("a", "b"), 200, []string{"messages.write", "messages.write RegisteredClient a b"}, 2},
		{
			"one that the token has already", "*", "messages.write a", allow("a"), 200,
			[]string{"messages.write", "messages.write RegisteredClient a"},
			2,
		},
		{"enough from the start", "*", "messages.write", allow("a"), 200, []string{"messages.write"}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				srv.SetClient(coretest.Client{ID: "test", Secret: "test", AllowedScope: tt.client})
				srv.Protect("/adapters/a", tt.want)
				rt := newSource(t, config(srv)).Transport(srv.Transport())
				rt.AllowScope = tt.allow
				client := &http.Client{Transport: rt}
				post := func() {
					t.Helper()
					res, err := client.Post(srv.BaseURL()+"/adapters/a?x=1", "text/plain", strings.NewReader("body"))
					if err != nil || res.StatusCode != tt.status {
						t.Errorf("Post = %v, %v, want %d", res, err, tt.status)
					}
				}
				post()
				var asked []string
				for _, r := range srv.Requests(coretest.Token) {
					asked = append(asked, r.Form.Get("scope"))
				}
				if !slices.Equal(asked, tt.tokens) {
					t.Errorf("scopes asked for are %q, want %q", asked, tt.tokens)
				}
				if n := srv.Calls().Resource; n != tt.resources {
					t.Errorf("%d calls of the resource, want %d", n, tt.resources)
				}
				post() // what was learnt is remembered: one call, no token request
				if n := srv.Calls().Resource; n != tt.resources+1 {
					t.Errorf("%d calls of the resource for the second request, want 1", n-tt.resources)
				}
				wantCalls(t, srv, len(tt.tokens))
			})
		})
	}
}

// The scope of one path is nobody else's, and grows with what the path asks for.
func TestStepUpByPath(t *testing.T) {
	srv := coretest.New()
	srv.Protect("/adapters/a", "a")
	srv.Protect("/adapters/b", "messages.write")
	rt := newSource(t, config(srv)).Transport(srv.Transport())
	rt.AllowScope = func(string) bool { return true }
	get := func(path string) {
		t.Helper()
		res, err := (&http.Client{Transport: rt}).Get(srv.BaseURL() + path)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("Get(%s) = %v, %v", path, res, err)
		}
	}
	get("/adapters/a")
	get("/adapters/b")
	srv.Protect("/adapters/a", "a c")
	get("/adapters/a")
	get("/adapters/a")
	var scopes []string
	for _, r := range srv.Requests(coretest.Token) {
		scopes = append(scopes, r.Form.Get("scope"))
	}
	want := []string{"messages.write", "messages.write RegisteredClient a", "messages.write RegisteredClient a c"}
	if !slices.Equal(scopes, want) {
		t.Errorf("scopes asked for are %q, want %q", scopes, want)
	}
	if n := srv.Calls().Resource; n != 6 {
		t.Errorf("%d calls of the resources, want 6: a twice, b, a twice, a", n)
	}
}

// Challenges that no step-up answers.
func TestStepUpIgnores(t *testing.T) {
	tests := []struct {
		name      string
		challenge []string
	}{
		{"no scope", []string{authenticate, `Bearer error="insufficient_scope"`}},
		{"an empty scope", []string{authenticate, `Bearer error="insufficient_scope", scope=""`}},
		{"a scope that the token has", []string{authenticate, `Bearer error="insufficient_scope", scope="messages.write"`}},
		{"a scope that cannot be one", []string{authenticate, `Bearer error="insufficient_scope", scope="a\"b"`}},
		{"a scope with a line break", []string{authenticate, "Bearer error=\"insufficient_scope\", scope=\"a\tb\""}},
		{"a scope without an error", []string{authenticate, `Bearer scope="a"`}},
		{"another scheme", []string{authenticate, `DPoP error="insufficient_scope", scope="a"`}},
		{"two scopes", []string{authenticate, `Bearer error="insufficient_scope", scope="a", scope="b"`}},
		{"no challenge", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := coretest.New()
			base := &api{answers: []*http.Response{status(403, tt.challenge...), status(200)}}
			rt := newSource(t, config(srv)).Transport(base)
			rt.AllowScope = func(string) bool { return true }
			res, err := rt.RoundTrip(httptest.NewRequest(http.MethodGet, "https://api.invalid/a", nil))
			if err != nil || res.StatusCode != 403 || len(base.auth) != 1 {
				t.Errorf("RoundTrip = %v, %v after %d calls, want the 403", res, err, len(base.auth))
			}
			wantCalls(t, srv, 1)
		})
	}
}

// A resource that asks for ever more is followed one step per request.
func TestStepUpIsOneStep(t *testing.T) {
	srv := coretest.New()
	base := &api{answers: []*http.Response{
		status(403, authenticate, `Bearer error="insufficient_scope", scope="a"`), status(403, authenticate, `Bearer error="insufficient_scope", scope="b"`), status(200),
	}}
	rt := newSource(t, config(srv)).Transport(base)
	rt.AllowScope = func(string) bool { return true }
	if res, err := rt.RoundTrip(httptest.NewRequest(http.MethodGet, "https://api.invalid/a", nil)); err != nil || res.StatusCode != 403 || len(base.auth) != 2 {
		t.Errorf("RoundTrip = %v, %v after %d calls, want the second 403", res, err, len(base.auth))
	}
	wantCalls(t, srv, 2)
}

// A server in trouble is not asked for the same with and without RegisteredClient.
func TestStepUpWhileTheServerIsInTrouble(t *testing.T) {
	srv := coretest.New()
	base := &api{answers: []*http.Response{status(403, authenticate, `Bearer error="insufficient_scope", scope="RegisteredClient a"`), status(200)}}
	src := newSource(t, config(srv))
	token(t, src)
	srv.Inject(coretest.Token, coretest.Always, coretest.Status(429))
	rt := src.Transport(base)
	rt.AllowScope = func(string) bool { return true }
	if res, err := rt.RoundTrip(httptest.NewRequest(http.MethodGet, "https://api.invalid/a", nil)); err != nil || res.StatusCode != 403 || len(base.auth) != 1 {
		t.Errorf("RoundTrip = %v, %v after %d calls, want the 403", res, err, len(base.auth))
	}
	wantCalls(t, srv, 2)
}

// MobileFirst's push service may answer 401 to a token that lacks scope.
func TestStepUpAfter401(t *testing.T) {
	srv := coretest.New()
	base := &api{answers: []*http.Response{status(401, authenticate, `Bearer error="insufficient_scope", scope="a"`), status(202)}}
	rt := newSource(t, config(srv)).Transport(base)
	rt.AllowScope = func(string) bool { return true }
	if res, err := rt.RoundTrip(httptest.NewRequest(http.MethodGet, "https://api.invalid/a", nil)); err != nil || res.StatusCode != 202 {
		t.Errorf("RoundTrip = %v, %v", res, err)
	}
}

// A source with a token for everything has no other token to offer.
func TestStepUpOfStatic(t *testing.T) {
	base := &api{answers: []*http.Response{status(403, authenticate, `Bearer error="insufficient_scope", scope="a"`)}}
	rt := tokensource.Static("t").Transport(base)
	rt.AllowScope = func(string) bool { return true }
	if res, err := rt.RoundTrip(httptest.NewRequest(http.MethodGet, "https://api.invalid/a", nil)); err != nil || res.StatusCode != 403 || len(base.auth) != 1 {
		t.Errorf("RoundTrip = %v, %v after %d calls", res, err, len(base.auth))
	}
}

// The memory of scopes is bounded, whatever paths there are.
func TestStepUpOfManyPaths(t *testing.T) {
	srv := coretest.New()
	src := newSource(t, config(srv))
	poor := "Bearer " + string(token(t, src).AccessToken)
	base := roundTrip(func(r *http.Request) (*http.Response, error) {
		res := status(200)
		if r.Header.Get("Authorization") == poor {
			res = status(403, authenticate, `Bearer error="insufficient_scope", scope="a"`)
		}
		res.Body = http.NoBody
		return res, nil
	})
	rt := src.Transport(base)
	rt.AllowScope = func(string) bool { return true }
	for i := range 3000 {
		res, err := rt.RoundTrip(httptest.NewRequest(http.MethodGet, fmt.Sprintf("https://api.invalid/%d", i), nil))
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("request %d: %v, %v", i, res, err)
		}
	}
	wantCalls(t, srv, 2)
}

// CC-46: the log says what happened, and not with what.
func TestTransportLogs(t *testing.T) {
	var logged bytes.Buffer
	srv := coretest.New()
	srv.Inject(coretest.Token, coretest.Always, coretest.Edit(func(answer map[string]any) {
		answer["access_token"] = canary + answer["scope"].(string)[:1] + time.Now().Format("150405.000000000")
	}))
	c := config(srv)
	c.Logger = slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	base := &api{answers: []*http.Response{
		status(401, authenticate, invalidToken), status(403, authenticate, `Bearer error="insufficient_scope", scope="a"`), status(200),
	}}
	rt := newSource(t, c).Transport(base)
	rt.AllowScope = func(string) bool { return true }
	if _, err := rt.RoundTrip(httptest.NewRequest(http.MethodGet, "https://api.invalid/a?q="+canary, nil)); err != nil || len(base.auth) != 3 {
		t.Fatalf("RoundTrip: %v after %d calls", err, len(base.auth))
	}
	for _, want := range []string{"token refused by the resource", "scope missing at the resource", `"origin":"https://api.invalid:443"`} {
		if !strings.Contains(logged.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, logged.String())
		}
	}
	if leaks(logged.String()) != "" {
		t.Errorf("the log shows the token:\n%s", logged.String())
	}
}

// A client that loses the scope that a path once wanted is told so by the resource, and not stopped for ever.
func TestRememberedScopeIsTakenAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.Protect("/adapters/a", "orders.read")
		rt := newSource(t, config(srv)).Transport(srv.Transport())
		rt.AllowScope = func(string) bool { return true }
		get := func(want int) {
			t.Helper()
			res, err := (&http.Client{Transport: rt}).Get(srv.BaseURL() + "/adapters/a")
			if err != nil || res.StatusCode != want {
				t.Fatalf("Get = %v, %v, want %d", res, err, want)
			}
		}
		get(200)
		srv.SetClient(coretest.Client{ID: "test", Secret: "test", AllowedScope: "messages.*"})
		srv.Restart() // its tokens are gone, too
		get(401)      // the server's word about the old token, as no other can be had
		get(403)
		get(403)
		srv.SetClient(coretest.Client{ID: "test", Secret: "test", AllowedScope: "*"})
		time.Sleep(time.Hour)
		get(200)
	})
}

package httpguard_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// MW-02: a middleware in front sees what a router and a handler behind the guard have found, as without the guard.
func TestWhatTheRouterFoundIsSeenInFront(t *testing.T) {
	v, as := verifier(t)
	good := "Bearer " + as.Mint(coretest.Grant{})
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { r.ParseForm() })
	inner := http.NewServeMux()
	inner.Handle("/a/{id}/x/{rest...}", handler)
	inner.Handle("POST /b/{name}", handler)
	inner.Handle("/c/{$}", handler)
	nested := http.NewServeMux()
	nested.Handle("/a/{id}/", inner)
	nested.Handle("/", inner)
	regexps := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { // as routers of others do
		r.Pattern = "/r/{id:[0-9]{2}}"
		r.SetPathValue("id", r.URL.Path[3:])
		r.ParseForm()
	})
	for _, test := range []struct {
		name, method, target string
		router               http.Handler
		want                 string
	}{
		{"wildcards", "GET", "/a/7/x/y/z?q=1", inner, "/a/{id}/x/{rest...} 7 y/z  map[q:[1]] map[]"},
		{"a method", "POST", "/b/n?q=1", inner, "POST /b/{name}   n map[p:[2] q:[1]] map[p:[2]]"},
		{"an exact path", "GET", "/c/", inner, "/c/{$}    map[] map[]"},
		{"no route", "GET", "/d", inner, "    map[] map[]"},
		{"a router behind a router", "GET", "/a/7/x/y", nested, "/a/{id}/x/{rest...} 7 y  map[] map[]"},
		{"another router", "GET", "/r/42", regexps, "/r/{id:[0-9]{2}} 42   map[] map[]"},
	} {
		seen := func(h http.Handler) string {
			r := httptest.NewRequest(test.method, test.target, strings.NewReader("p=2"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Authorization", good)
			h.ServeHTTP(httptest.NewRecorder(), r)
			r.ParseForm()
			return fmt.Sprint(r.Pattern, " ", r.PathValue("id"), " ", r.PathValue("rest"), " ", r.PathValue("name"), " ", r.Form, " ", r.PostForm)
		}
		without, with := seen(test.router), seen(httpguard.Require(v, core.Authenticated())(test.router))
		if without != test.want || with != without {
			t.Errorf("%s: without a guard %q, with one %q, want %q", test.name, without, with, test.want)
		}
	}
}

// MW-02: trailers that arrive with a chunked body are seen behind the guard and in front of it, whether they were announced or
// not.
func TestRequestTrailers(t *testing.T) {
	v, as := verifier(t)
	var behind, inFront string
	guarded := httpguard.Require(v, core.Authenticated())(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		behind = r.Trailer.Get("X-Sum")
	}))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		guarded.ServeHTTP(w, r)
		inFront = r.Trailer.Get("X-Sum")
	}))
	defer server.Close()
	for _, announced := range []string{"", "Trailer: X-Sum\r\n"} {
		behind, inFront = "", ""
		raw(t, server.Listener.Addr().String(), "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer "+
			as.Mint(coretest.Grant{})+"\r\n"+announced+"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n")
		if behind != "7" || inFront != "7" {
			t.Errorf("with %q: %q behind the guard and %q in front, want 7", announced, behind, inFront)
		}
	}
}

// MW-01: a middleware in front may look at the request's context in another goroutine. The race detector watches.
func TestContextMayBeReadMeanwhile(t *testing.T) {
	v, as := verifier(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/a/{id}", func(_ http.ResponseWriter, r *http.Request) { r.ParseForm() })
	guarded := httpguard.Require(v, core.Authenticated())(mux)
	r := httptest.NewRequest("POST", "/a/7?q=1", nil)
	r.Header.Set("Authorization", "Bearer "+as.Mint(coretest.Grant{}))
	read := make(chan bool)
	go func() {
		defer close(read)
		_, _, _ = r.Context().Err(), r.URL.Path, r.Header.Get("X")
	}()
	guarded.ServeHTTP(httptest.NewRecorder(), r)
	<-read
	if r.Form.Get("q") != "1" || r.PathValue("id") != "7" {
		t.Errorf("form %v, id %q, want what the handler found", r.Form, r.PathValue("id"))
	}
}

// MW-10: the context of the handler ends when it has returned or panicked, whatever the server does.
func TestContextEndsWithTheHandler(t *testing.T) {
	v, as := verifier(t)
	for name, leave := range map[string]func(){"the handler returns": func() {}, "the handler panics": func() { panic("handler") }} {
		var kept context.Context
		h := httpguard.Require(v, core.Authenticated().UntilExpiry())(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			kept = r.Context()
			leave()
		}))
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+as.Mint(coretest.Grant{}))
		recovers(h).ServeHTTP(httptest.NewRecorder(), r)
		if kept.Err() == nil || r.Context().Err() != nil {
			t.Errorf("%s: the handler's context has %v, the request's %v; want the first to have ended", name, kept.Err(), r.Context().Err())
		}
	}
}

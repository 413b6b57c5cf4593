package coretest_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// onBoth runs a test against a socket and against Transport: faults look the same through either.
func onBoth(t *testing.T, test func(t *testing.T, s *coretest.Server)) {
	t.Helper()
	for name, create := range map[string]func() *coretest.Server{"socket": coretest.NewServer, "transport": coretest.New} {
		t.Run(name, func(t *testing.T) {
			s := create()
			defer s.Close()
			test(t, s)
		})
	}
}

// 17.A/A13, 17.A/A24 and 17.A/A28: the whole answer is scripted.
func TestFaultReplacesAnswer(t *testing.T) {
	for _, row := range []struct {
		name   string
		fault  coretest.Fault
		status int
		body   string
		header [2]string
	}{
		{"internal error without a body", coretest.Status(500), 500, "", [2]string{}},
		{"unavailable for a while", coretest.Status(503, "Retry-After", "7"), 503, "", [2]string{"Retry-After", "7"}},
		{
			"login page", coretest.HTML(200), 200,
			"<!DOCTYPE html>\n<html><head><title>200 OK</title></head><body><h1>OK</h1></body></html>\n",
			[2]string{"Content-Type", "text/html; charset=utf-8"},
		},
		{"empty body", coretest.Body(200, "application/json", ""), 200, "", [2]string{"Content-Type", "application/json"}},
		{"empty object", coretest.Body(200, "application/json", "{}"), 200, "{}", [2]string{"Content-Length", "2"}},
		{"no content type", coretest.Body(200, "", "{}"), 200, "{}", [2]string{"Content-Type", ""}},
		{"redirect", coretest.Redirect(307, "https://evil.invalid/x"), 307, "", [2]string{"Location", "https://evil.invalid/x"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *coretest.Server) {
				s.Inject(coretest.Introspection, 1, row.fault)
				a := introspect(t, s, "", "x")
				wantAnswer(t, a, row.status, row.body)
				if name, want := row.header[0], row.header[1]; name != "" && a.header.Get(name) != want {
					t.Errorf("%s is %q, want %q", name, a.header.Get(name), want)
				}
				if got := introspect(t, s, "", "x").status; got != http.StatusUnauthorized {
					t.Errorf("the next call is %d, want the proper 401", got)
				}
			})
		})
	}
}

// 17.A/A13 and 17.A/A28: one member is not what it should be.
func TestFaultChangesMember(t *testing.T) {
	for _, row := range []struct {
		name, member string
		fault        coretest.Fault
		want         string
	}{
		{"active is a string", "active", coretest.SetMember("active", `"true"`), `"true"`},
		{"active is absent", "active", coretest.DropMember("active"), ""},
		{"exp is made from the proper one, which has 13 digits", "exp", coretest.Edit(func(answer map[string]any) {
			exp, _ := answer["exp"].(json.Number)
			answer["exp"] = len(exp)
		}), "13"},
		{"exp is in seconds", "exp", coretest.SetMember("exp", "1591254974"), "1591254974"},
		{"exp is a string", "exp", coretest.SetMember("exp", `"1591254974076"`), `"1591254974076"`},
		{"exp is past", "exp", coretest.SetMember("exp", "1591254974076"), "1591254974076"},
		{"exp is huge", "exp", coretest.SetMember("exp", "1e400"), "1e400"},
		{"scope is an array", "scope", coretest.SetMember("scope", `["a","b"]`), `["a","b"]`},
		{"active comes twice and the last one counts", "active", coretest.RepeatMember("active", "false"), "false"},
		{"an unknown member is added", "new", coretest.SetMember("new", "null"), "null"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := coretest.New()
			defer s.Close()
			token, c := s.Mint(coretest.Grant{}), caller(t, s)
			s.Inject(coretest.Introspection, 1, row.fault)
			a := introspect(t, s, c, token)
			if got := a.member(t, row.member); got != row.want {
				t.Errorf("%s is %s, want %s", row.member, got, row.want)
			}
			if got := a.member(t, "client_id"); got == "" {
				t.Errorf("client_id was lost: %s", a.body)
			}
		})
	}
}

func TestRepeatMemberLeavesBoth(t *testing.T) {
	s := coretest.New()
	defer s.Close()
	s.Inject(coretest.Introspection, 1, coretest.RepeatMember("active", "true"))
	c := "Bearer " + s.Mint(coretest.Grant{Confidential: true, Scope: "authorization.introspect"})
	wantAnswer(t, introspect(t, s, c, "x"), http.StatusOK, `{"active":false,"active":true}`)
}

// 17.A/A13: what the token endpoint may say of the lifetime
func TestFaultExpiresIn(t *testing.T) {
	for _, want := range []string{"0", "-1", `"3600"`, ""} {
		s := coretest.New()
		fault := coretest.DropMember("expires_in")
		if want != "" {
			fault = coretest.SetMember("expires_in", want)
		}
		s.Inject(coretest.Token, 1, fault)
		a := post(t, s, tokenPath, basic("test", "test"), "grant_type=client_credentials")
		if got := a.member(t, "expires_in"); got != want || a.member(t, "access_token") == "" {
			t.Errorf("answer is %s, want expires_in %s", a.body, want)
		}
		s.Close()
	}
}

// 17.A/A13 and 17.A/A24: the connection breaks.
func TestFaultBreaksConnection(t *testing.T) {
	for _, row := range []struct {
		name  string
		fault coretest.Fault
		want  error
	}{
		{"reset before the answer", coretest.Reset(), syscall.ECONNRESET},
		{"cut in the middle of the body", coretest.Truncate(), io.ErrUnexpectedEOF},
	} {
		t.Run(row.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *coretest.Server) {
				s.Inject(coretest.Token, 1, row.fault)
				r := newRequest(t, s, http.MethodPost, tokenPath, basic("test", "test"), "grant_type=client_credentials")
				a, err := do(s, r)
				if !errors.Is(err, row.want) {
					t.Errorf("error is %v, want %v", err, row.want)
				}
				if strings.HasSuffix(a.body, "}") {
					t.Errorf("the whole body arrived: %s", a.body)
				}
			})
		})
	}
}

// 17.A/A28: more than a client should read
func TestFaultOversize(t *testing.T) {
	const size = 5 << 20
	for _, row := range []struct {
		name   string
		faults []coretest.Fault
	}{
		{"plain", []coretest.Fault{coretest.Oversize(size)}},
		{"gzip bomb", []coretest.Fault{coretest.Gzip(), coretest.Oversize(size)}},
	} {
		t.Run(row.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *coretest.Server) {
				s.Inject(coretest.Token, 1, row.faults...)
				a := post(t, s, tokenPath, basic("test", "test"), "grant_type=client_credentials")
				if len(a.body) < size || a.member(t, "token_type") != `"Bearer"` {
					t.Errorf("body has %d bytes, want more than %d and still the same object", len(a.body), size)
				}
			})
		})
	}
}

func TestOversizeEndsWhenClientStopsReading(t *testing.T) {
	onBoth(t, func(t *testing.T, s *coretest.Server) {
		s.Inject(coretest.Token, 1, coretest.Oversize(1<<40))
		res, err := s.Client().Do(newRequest(t, s, http.MethodPost, tokenPath, "", ""))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, res.Body, 1<<20); err != nil {
			t.Errorf("reading the first MiB: %v", err)
		}
		res.Body.Close()
		s.Close() // waits for the call
	})
}

// 17.A/A28: net/http hides the compression from a client that did not ask for it.
func TestGzip(t *testing.T) {
	onBoth(t, func(t *testing.T, s *coretest.Server) {
		for encoding, compressed := range map[string]bool{"": false, "identity": true} {
			s.Inject(coretest.Token, 1, coretest.Gzip())
			r := newRequest(t, s, http.MethodPost, tokenPath, "", "")
			if encoding != "" {
				r.Header.Set("Accept-Encoding", encoding)
			}
			a, err := do(s, r)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.HasPrefix(a.body, "\x1f\x8b"); got != compressed || a.status != 400 {
				t.Errorf("Accept-Encoding %q: answer is %d %q, want compressed %v", encoding, a.status, a.body, compressed)
			}
		}
	})
}

func TestInjectOrder(t *testing.T) {
	s := coretest.New()
	defer s.Close()
	status := func() int { return post(t, s, tokenPath, "", "").status }
	s.Inject(coretest.Token, 2, coretest.Status(500))
	s.Inject(coretest.Token, 1, coretest.Status(502))
	s.Inject(coretest.Token, coretest.Always, coretest.Status(503))
	for i, want := range []int{500, 500, 502, 503, 503, 503} {
		if got := status(); got != want {
			t.Errorf("call %d is %d, want %d", i, got, want)
		}
	}
	if got := introspect(t, s, "", "x").status; got != http.StatusUnauthorized {
		t.Errorf("the other endpoint answers %d, want 401", got)
	}
	s.Clear(coretest.Token)
	if got := status(); got != http.StatusBadRequest {
		t.Errorf("after Clear the answer is %d, want 400", got)
	}
}

func TestFaultOfTheTestsOwn(t *testing.T) {
	s := coretest.New()
	defer s.Close()
	var seen atomic.Value
	s.Inject(coretest.Introspection, coretest.Always, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		seen.Store(r.PostForm.Get("token"))
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Body", string(body))
		next.ServeHTTP(w, r)
	})
	a := introspect(t, s, "", "abc")
	if seen.Load() != "abc" || a.header.Get("X-Body") != "token=abc" || a.status != http.StatusUnauthorized {
		t.Errorf("fault saw %v, answer is %d %v", seen.Load(), a.status, a.header)
	}
}

func TestProgrammerErrorsPanic(t *testing.T) {
	s := coretest.New()
	half := []string{"Retry-After"}
	for name, call := range map[string]func(){
		"Inject of a negative count":     func() { s.Inject(coretest.Token, -1, coretest.Hang()) },
		"Status with half a field":       func() { coretest.Status(429, half...) },
		"SetMember of something else":    func() { coretest.SetMember("exp", "soon") },
		"SetClient without an ID":        func() { s.SetClient(coretest.Client{}) },
		"SetClient with a colon":         func() { s.SetClient(coretest.Client{ID: "a:b"}) },
		"Protect of a relative path":     func() { s.Protect("adapters/x", "a") },
		"AddApp without an id":           func() { s.AddApp("") },
		"AddApp with a slash":            func() { s.AddApp("a/b") },
		"Up of a server that was closed": func() { s.Close(); s.Up() },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			call()
		})
	}
}

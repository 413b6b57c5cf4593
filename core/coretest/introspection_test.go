package coretest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
)

const inactive = `{"active":false}`

func TestIntrospectionRefusesCaller(t *testing.T) {
	for _, row := range []struct {
		name      string
		caller    func(t *testing.T, s *coretest.Server) string
		status    int
		challenge string
	}{
		{"17.A/A14 no Authorization", func(*testing.T, *coretest.Server) string { return "" }, 401, `Bearer`},
		{"17.A/A15 a token nobody issued", func(*testing.T, *coretest.Server) string {
			return "Bearer nonsense"
		}, 401, `Bearer error="invalid_token"`},
		{"17.A/A15 an empty token", func(*testing.T, *coretest.Server) string {
			return "Bearer "
		}, 401, `Bearer error="invalid_token"`},
		{"17.A/A15 an expired token", func(t *testing.T, s *coretest.Server) string {
			c := caller(t, s)
			s.Advance(time.Hour)
			return c
		}, 401, `Bearer error="invalid_token"`},
		{"17.A/A15 an app's token that has the scope", func(_ *testing.T, s *coretest.Server) string {
			return "Bearer " + s.Mint(coretest.Grant{Scope: "authorization.introspect"})
		}, 401, `Bearer error="invalid_token"`},
		{"17.A/A16 a token without the scope", func(t *testing.T, s *coretest.Server) string {
			return "Bearer " + obtain(t, s, "test", "test", "authorization.introspection authorization")
		}, 403, `Bearer error="insufficient_scope", scope="authorization.introspect"`},
		{"17.A/A16 a token with the literal scope *", func(t *testing.T, s *coretest.Server) string {
			return "Bearer " + obtain(t, s, "test", "test", "*")
		}, 403, `Bearer error="insufficient_scope", scope="authorization.introspect"`},
		{"17.A/A17 Basic credentials", func(*testing.T, *coretest.Server) string {
			return basic("push", "hsup")
		}, 401, `Bearer`},
		{"17.A/A25 the client was deleted", func(t *testing.T, s *coretest.Server) string {
			c := caller(t, s)
			s.DeleteClient("push")
			return c
		}, 401, `Bearer error="invalid_token"`},
		{"17.A/A25 the client's secret was changed", func(t *testing.T, s *coretest.Server) string {
			c := caller(t, s)
			s.SetClient(coretest.Client{ID: "push", Secret: "new", AllowedScope: "*"})
			return c
		}, 401, `Bearer error="invalid_token"`},
		{"17.A/A26 the server was restarted", func(t *testing.T, s *coretest.Server) string {
			c := caller(t, s)
			s.Restart()
			return c
		}, 401, `Bearer error="invalid_token"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := coretest.New()
			defer s.Close()
			token := s.Mint(coretest.Grant{})
			a := introspect(t, s, row.caller(t, s), token)
			wantAnswer(t, a, row.status, "")
			if got := a.header.Values("WWW-Authenticate"); len(got) != 1 || got[0] != row.challenge {
				t.Errorf("WWW-Authenticate is %q, want %q", got, row.challenge)
			}
		})
	}
}

func TestIntrospectionAcceptsCaller(t *testing.T) {
	for _, row := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"17.A/A18 token is missing", "token_type_hint=access_token", 400, `{"error":"invalid_request"}`},
		{"17.A/A21 token is empty", "token=", 200, inactive},
		{"17.A/A21 token is garbage", "token=garbage", 200, inactive},
		{"17.A/A27 the hint is ignored", "token=garbage&token_type_hint=access_token", 200, inactive},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := coretest.New()
			defer s.Close()
			wantAnswer(t, post(t, s, introspectPath, caller(t, s), row.body), row.status, row.want)
		})
	}
}

// 17.A/A15: only the secret ends a client's tokens; another allowed scope counts from the next token on.
func TestAllowedScopeChangeKeepsTokens(t *testing.T) {
	s := coretest.New()
	defer s.Close()
	c := caller(t, s)
	s.SetClient(coretest.Client{ID: "push", Secret: "hsup"})
	if got := introspect(t, s, c, "x").status; got != http.StatusOK {
		t.Errorf("introspection with the old token is %d, want 200", got)
	}
	a := post(t, s, tokenPath, basic("push", "hsup"), "grant_type=client_credentials&scope=authorization.introspect")
	wantAnswer(t, a, http.StatusBadRequest, `{"error":"invalid_scope"}`)
}

func TestTokenBecomesInactive(t *testing.T) {
	device := &coretest.Device{ID: "d1"}
	for _, row := range []struct {
		name  string
		grant coretest.Grant
		act   func(s *coretest.Server, token string)
		want  bool
	}{
		{"17.A/A19 nothing happened", coretest.Grant{}, func(*coretest.Server, string) {}, true},
		{"17.A/A19 not yet expired", coretest.Grant{}, func(s *coretest.Server, _ string) {
			s.Advance(50 * time.Minute)
		}, true},
		{"17.A/A21 expired", coretest.Grant{Lifetime: time.Minute}, func(s *coretest.Server, _ string) {
			s.Advance(time.Minute)
		}, false},
		{"17.A/A21 minted expired", coretest.Grant{Lifetime: -time.Second}, func(*coretest.Server, string) {}, false},
		{"17.A/A22 revoked", coretest.Grant{}, (*coretest.Server).Revoke, false},
		{"17.A/A22 device disabled", coretest.Grant{Device: device}, func(s *coretest.Server, _ string) {
			s.DisableDevice("d1")
		}, false},
		{"17.A/A22 another device disabled", coretest.Grant{Device: device}, func(s *coretest.Server, _ string) {
			s.DisableDevice("d2")
		}, true},
		{"17.A/A25 a client of that name deleted", coretest.Grant{ClientID: "test"}, func(s *coretest.Server, _ string) {
			s.DeleteClient("test")
		}, true},
		{"17.A/A26 server restarted", coretest.Grant{}, func(s *coretest.Server, _ string) { s.Restart() }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := coretest.New()
			defer s.Close()
			token := s.Mint(row.grant)
			row.act(s, token)
			a := introspect(t, s, caller(t, s), token)
			if got := a.member(t, "active"); got != fmt.Sprint(row.want) {
				t.Errorf("active is %s, want %v", got, row.want)
			}
			if !row.want {
				wantAnswer(t, a, http.StatusOK, inactive)
			}
		})
	}
}

// 17.A/A21: another server's token is as good as garbage.
func TestForeignTokenIsInactive(t *testing.T) {
	s, other := coretest.New(), coretest.New()
	defer s.Close()
	defer other.Close()
	wantAnswer(t, introspect(t, s, caller(t, s), other.Mint(coretest.Grant{})), http.StatusOK, inactive)
}

func TestConflict(t *testing.T) {
	s := coretest.New()
	defer s.Close()
	token, c := s.Mint(coretest.Grant{}), caller(t, s)
	s.Conflict(2)
	if got := introspect(t, s, "", token).status; got != http.StatusUnauthorized {
		t.Errorf("a refused caller gets %d, want 401", got)
	}
	for i, want := range []int{409, 409, 200} { // 17.A/A23
		a := introspect(t, s, c, token)
		if a.status != want {
			t.Errorf("call %d is %d, want %d", i, a.status, want)
		}
		if want == 409 && (a.body != "" || a.header.Get("MFP-Conflict") != "true" || a.header.Get("WWW-Authenticate") != "") {
			t.Errorf("call %d has header %v and body %q", i, a.header, a.body)
		}
	}
}

// 17.A/A23: the spelling shows only on the wire, since net/http's client changes it.
func TestConflictSpelling(t *testing.T) {
	s := coretest.NewServer()
	defer s.Close()
	s.Conflict(1)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	token := s.Mint(coretest.Grant{Confidential: true, Scope: "authorization.introspect"})
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: mfp\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n"+
		"Content-Length: 7\r\nConnection: close\r\n\r\ntoken=x", introspectPath, token, formType)
	wire, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(wire), "\r\nMFP-Conflict: true\r\n") {
		t.Errorf("answer on the wire is %q", wire)
	}
}

func TestSetAnswer(t *testing.T) {
	s := coretest.New()
	defer s.Close()
	c := caller(t, s)
	for _, body := range []string{"", "{}", `{"active":true,"active":false}`, "<html>"} {
		s.SetAnswer("t", body)
		wantAnswer(t, introspect(t, s, c, "t"), http.StatusOK, body)
		if got := introspect(t, s, "", "t").status; got != http.StatusUnauthorized {
			t.Errorf("a refused caller gets %d, want 401", got)
		}
	}
	s.Revoke("t")
	wantAnswer(t, introspect(t, s, c, "t"), http.StatusOK, inactive)
}

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// post sends a form to h.
func post(h http.Handler, path, form string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// newVerifier asks srv and remembers nothing.
func newVerifier(t *testing.T, srv *coretest.Server) *core.Verifier {
	v, err := core.New(core.Config{
		Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "test", Transport: srv.Transport(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestMintMakesWhatIsAskedFor(t *testing.T) {
	srv := coretest.New()
	h, v := newHandler(srv, profiles[0]), newVerifier(t, srv)
	for _, c := range []struct {
		name, form  string
		scope, user string
		expiresIn   int64 // seconds
	}{
		{"nothing said", "", "RegisteredClient", "", 3600},
		{"a scope of two", "scope=pay+confirm", "pay confirm", "", 3600},
		{"a user", "user=carol", "RegisteredClient", "carol", 3600},
		{"a lifetime", "lifetime=10m", "RegisteredClient", "", 600},
		{"all of it", "scope=pay&user=zo%C3%AB%20%22z%22&lifetime=36h", "pay", `zoë "z"`, 129600},
	} {
		w := post(h, "/dev/mint", c.form)
		var got minted
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
			t.Errorf("%s: %d %s, %v", c.name, w.Code, w.Body, err)
			continue
		}
		if got.TokenType != "Bearer" || got.Scope != c.scope || got.User != c.user || got.ExpiresIn != c.expiresIn {
			t.Errorf("%s: got %+v", c.name, got)
		}
		p, denial := authorize(t, v, got.AccessToken)
		if denial != nil {
			t.Errorf("%s: the token is refused: %v", c.name, denial.Cause)
			continue
		}
		u, _ := p.User()
		if p.Scope() != c.scope || u.ID != c.user {
			t.Errorf("%s: the token is for %q with scope %q, want %q and %q", c.name, u.ID, p.Scope(), c.user, c.scope)
		}
	}
}

// With -profile curity and rfc7662 a token can be a JWT, whose issuer picks its server behind
// core.Several.
func TestMintMakesAJWT(t *testing.T) {
	for _, p := range profiles[2:] {
		srv := coretest.New()
		srv.Only(p.dialect)
		h := newHandler(srv, p)
		for form, parts := range map[string]int{"": 1, "jwt=1": 3} {
			var got minted
			if err := json.Unmarshal(post(h, "/dev/mint", form).Body.Bytes(), &got); err != nil || len(strings.Split(got.AccessToken, ".")) != parts {
				t.Errorf("%s, %q: the token %q, %v, want %d parts", p.dialect, form, got.AccessToken, err, parts)
			}
		}
	}
}

func TestMintMakesAnExpiredToken(t *testing.T) {
	srv := coretest.New()
	var got minted
	if err := json.Unmarshal(post(newHandler(srv, profiles[0]), "/dev/mint", "lifetime=-1s").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	_, denial := authorize(t, newVerifier(t, srv), got.AccessToken)
	if denial == nil || denial.Status != 401 {
		t.Errorf("denial = %+v, want 401", denial)
	}
}

func TestRevokeMakesInactive(t *testing.T) {
	srv := coretest.New()
	token := srv.Mint(coretest.Grant{})
	if w := post(newHandler(srv, profiles[0]), "/dev/revoke", url.Values{"token": {token}}.Encode()); w.Code != 204 || w.Body.Len() > 0 {
		t.Errorf("%d %q, want 204", w.Code, w.Body)
	}
	_, denial := authorize(t, newVerifier(t, srv), token)
	if denial == nil || denial.Status != 401 {
		t.Errorf("denial = %+v, want 401", denial)
	}
}

func TestMistakesInAForm(t *testing.T) {
	srv := coretest.New()
	h := newHandler(srv, profiles[0])
	for _, c := range []struct{ name, path, form, want string }{
		{"a scope with a quote", "/dev/mint", "scope=%22", "scope"},
		{"no duration", "/dev/mint", "lifetime=600", "lifetime"},
		{"no lifetime at all", "/dev/mint", "lifetime=0s", "lifetime"},
		{"an unknown field", "/dev/mint", "scopes=pay", "scopes"},
		{"a JWT of a server without", "/dev/mint", "jwt=1", "jwt has no meaning for mobilefirst8"},
		{"a JWT, or not", "/dev/mint", "jwt=yes", "jwt is"},
		{"a field twice", "/dev/mint", "scope=a&scope=b", "scope"},
		{"no form", "/dev/mint", "%zz", "%zz"},
		{"too much", "/dev/mint", "scope=" + strings.Repeat("a", maxForm), "large"},
		{"no token", "/dev/revoke", "", "token"},
		{"two tokens", "/dev/revoke", "token=a&token=b", "token"},
	} {
		w := post(h, c.path, c.form)
		var got struct{ Error string }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 400 || !strings.Contains(got.Error, c.want) {
			t.Errorf("%s: %d %s, want 400 and a word about %s", c.name, w.Code, w.Body, c.want)
		}
	}
}

func TestTheEndpointsTakePOSTOnly(t *testing.T) {
	h := newHandler(coretest.New(), profiles[0])
	for _, path := range []string{"/dev/mint", "/dev/revoke"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code == 200 || w.Code == 204 {
			t.Errorf("GET %s: %d", path, w.Code)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"every interface", []string{"-addr", ":0"}, "not on loopback"},
		{"every IPv4 interface", []string{"-addr", "0.0.0.0:0"}, "not on loopback"},
		{"every IPv6 interface", []string{"-addr", "[::]:0"}, "not on loopback"},
		{"an address of a network", []string{"-addr", "192.0.2.1:0"}, "not on loopback"},
		{"an address without a port", []string{"-addr", "127.0.0.1"}, "-addr"},
		{"an unknown flag", []string{"-port", "1"}, "-port"},
		{"an argument", []string{"127.0.0.1:0"}, "127.0.0.1:0"},
		{"an unknown profile", []string{"-profile", "keycloak"}, "rfc7662"},
	} {
		var stdout, stderr strings.Builder
		if code := run(t.Context(), c.args, &stdout, &stderr); code != 2 {
			t.Errorf("%s: exit code %d, want 2", c.name, code)
		}
		if !strings.Contains(stderr.String(), c.want) || stdout.Len() > 0 {
			t.Errorf("%s: it prints %q and %q, want a word about %q on stderr", c.name, stderr.String(), stdout.String(), c.want)
		}
	}
}

func TestRunServesUntilTheContextEnds(t *testing.T) {
	for _, args := range [][]string{
		{"-addr", "127.0.0.1:0"},
		{"-addr", "0.0.0.0:0", "-insecure-public"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		r, w := io.Pipe()
		code := make(chan int, 1)
		go func() {
			code <- run(ctx, args, w, io.Discard)
			w.Close()
		}()
		lines := bufio.NewScanner(r)
		lines.Scan()
		_, base, _ := strings.Cut(lines.Text(), ": ")
		go io.Copy(io.Discard, r)

		res, err := http.PostForm(strings.TrimSuffix(base, "/mfp/api")+"/dev/mint", nil)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 200 {
			t.Errorf("%v: %d, want 200", args, res.StatusCode)
		}
		cancel()
		if c := <-code; c != 0 {
			t.Errorf("%v: exit code %d, want 0", args, c)
		}
	}
}

// authorize asks v about a token.
func authorize(t *testing.T, v *core.Verifier, token string) (core.Principal, *core.Denial) {
	t.Helper()
	guard, err := v.Guard(core.Authenticated())
	if err != nil {
		t.Fatal(err)
	}
	return guard.Authorize(t.Context(), core.Request{Authorization: []string{"Bearer " + token}})
}

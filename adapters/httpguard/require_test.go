package httpguard_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// verifier asks an authorization server that is reached without a socket.
func verifier(t testing.TB) (*core.Verifier, *coretest.Server) {
	t.Helper()
	as := coretest.New()
	v, err := core.New(core.Config{
		Profile: core.MobileFirst8(as.BaseURL()), ClientID: "test", ClientSecret: "test", Transport: as.Transport(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return v, as
}

func TestRequirePanicsWithTheFix(t *testing.T) {
	v, _ := verifier(t)
	for _, test := range []struct {
		name string
		v    *core.Verifier
		need core.Requirement
		want string
	}{
		{"a nil Verifier", nil, core.Authenticated(), "httpguard: core: the Verifier is nil: check the error of core.New"},
		{"the zero Requirement", v, core.Requirement{}, "httpguard: core: the zero Requirement: use AllOf, AnyOf or Authenticated"},
		{"two scopes in one", v, core.AllOf("a b"), `httpguard: core: required scope "a b" has a blank: pass each scope element as an argument of its own`},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != test.want {
					t.Errorf("panic %v, want %s", got, test.want)
				}
			}()
			httpguard.Require(test.v, test.need)
		})
	}
}

// BT-43: one challenge, whatever an outer layer thought of.
func TestRefusalReplacesFieldsOfOuterLayers(t *testing.T) {
	v, _ := verifier(t)
	guarded := httpguard.Require(v, core.Authenticated())(http.NotFoundHandler())
	w := httptest.NewRecorder()
	w.Header().Set("WWW-Authenticate", "Basic") // Set spells it Www-Authenticate
	w.Header().Set("Cache-Control", "public")
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("X-Request-Id", "7")
	guarded.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	for name, want := range map[string][]string{
		"Www-Authenticate": nil, "WWW-Authenticate": {"Bearer"}, "Cache-Control": {"no-store"},
		"Content-Type": {"application/json"}, "X-Request-Id": {"7"},
	} {
		if got := w.Header()[name]; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// In HTTP/2 all names are in lower case, and there is still one challenge.
func TestHTTP2(t *testing.T) {
	v, as := verifier(t)
	server := httptest.NewUnstartedServer(httpguard.Require(v, core.AllOf("read"))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ := core.FromContext(r.Context())
		io.WriteString(w, p.ClientID())
	})))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	for _, test := range []struct {
		name, token string
		status      int
		challenge   []string
		body        string
	}{
		{"no token", "", 401, []string{"Bearer"}, `{"error":"missing_token"}`},
		{"lacks the scope", as.Mint(coretest.Grant{}), 403, []string{`Bearer error="insufficient_scope", scope="read"`}, `{"error":"insufficient_scope"}`},
		{"a good token", as.Mint(coretest.Grant{ClientID: "c1", Scope: "read"}), 200, nil, "c1"},
	} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
		if test.token != "" {
			r.Header.Set("Authorization", "Bearer "+test.token)
		}
		res, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.ProtoMajor != 2 || res.StatusCode != test.status || string(body) != test.body ||
			!slices.Equal(res.Header.Values("WWW-Authenticate"), test.challenge) {
			t.Errorf("%s: HTTP/%d %d %q %q %v, want HTTP/2 %d %q %q", test.name, res.ProtoMajor, res.StatusCode,
				res.Header.Values("WWW-Authenticate"), body, err, test.status, test.challenge, test.body)
		}
	}
}

// What is in the request's context stays there.
func TestContextIsDerived(t *testing.T) {
	type key struct{}
	v, as := verifier(t)
	h := httpguard.Require(v, core.Authenticated())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, ok := core.FromContext(r.Context())
		if got := r.Context().Value(key{}); !ok || got != "outer" {
			t.Errorf("principal %v, value %v, want both", ok, got)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	r := httptest.NewRequest("GET", "/", nil)
	r = r.WithContext(context.WithValue(r.Context(), key{}, "outer"))
	r.Header.Set("Authorization", "Bearer "+as.Mint(coretest.Grant{}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusNoContent {
		t.Errorf("status %d, want 204", w.Code)
	}
}

package ginguard_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/mfpguard/mfpguard/adapters/ginguard"
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
		{"a nil Verifier", nil, core.Authenticated(), "ginguard: core: the Verifier is nil: check the error of core.New"},
		{"the zero Requirement", v, core.Requirement{}, "ginguard: core: the zero Requirement: use AllOf, AnyOf or Authenticated"},
		{"two scopes in one", v, core.AllOf("a b"), `ginguard: core: required scope "a b" has a blank: pass each scope element as an argument of its own`},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != test.want {
					t.Errorf("panic %v, want %s", got, test.want)
				}
			}()
			ginguard.Require(test.v, test.need)
		})
	}
}

// A refusal ends the chain: nothing behind the guard runs, and what is in front of it sees that it was aborted.
func TestRefusalAbortsTheChain(t *testing.T) {
	v, as := verifier(t)
	var ran []string
	note := func(name string) gin.HandlerFunc { return func(*gin.Context) { ran = append(ran, name) } }
	r := gin.New()
	r.Use(func(c *gin.Context) {
		c.Next()
		if c.IsAborted() {
			ran = append(ran, "aborted")
		}
	})
	r.GET("/", note("before"), ginguard.Require(v, core.Authenticated()), note("behind"), note("handler"))
	for _, test := range []struct {
		name, authorization string
		status              int
		ran                 []string
	}{
		{"no token", "", 401, []string{"before", "aborted"}},
		{"a token that nobody knows", "Bearer x", 401, []string{"before", "aborted"}},
		{"a good token", "Bearer " + as.Mint(coretest.Grant{}), 200, []string{"before", "behind", "handler"}},
	} {
		ran = nil
		req := httptest.NewRequest("GET", "/", nil)
		if test.authorization != "" {
			req.Header.Set("Authorization", test.authorization)
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		if w.Code != test.status || !slices.Equal(ran, test.ran) {
			t.Errorf("%s: status %d after %q, want %d after %q", test.name, w.Code, ran, test.status, test.ran)
		}
	}
}

// BT-43: one challenge, whatever an outer layer thought of.
func TestRefusalReplacesFieldsOfOuterLayers(t *testing.T) {
	v, _ := verifier(t)
	r := gin.New()
	r.Use(func(c *gin.Context) {
		c.Header("WWW-Authenticate", "Basic") // spelt Www-Authenticate by this
		c.Header("Cache-Control", "public")
		c.Header("X-Request-Id", "7")
	})
	r.GET("/", ginguard.Require(v, core.Authenticated()))
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	for name, want := range map[string][]string{
		"Www-Authenticate": nil, "WWW-Authenticate": {"Bearer"}, "Cache-Control": {"no-store"},
		"Content-Type": {"application/json"}, "X-Request-Id": {"7"},
	} {
		if got := w.Header()[name]; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// What is in the request's context stays there, and so do Gin's own keys.
func TestContextIsDerived(t *testing.T) {
	type key struct{}
	v, as := verifier(t)
	r := gin.New()
	r.Use(func(c *gin.Context) { c.Set("gin", "key") })
	r.GET("/", ginguard.Require(v, core.Authenticated()), func(c *gin.Context) {
		ctx := c.Request.Context()
		_, ok := core.FromContext(ctx)
		if got := ctx.Value(key{}); !ok || got != "outer" || c.GetString("gin") != "key" {
			t.Errorf("principal %v, value %v, key %q, want all", ok, got, c.GetString("gin"))
		}
		c.Status(http.StatusNoContent)
	})
	req := httptest.NewRequest("GET", "/", nil)
	req = req.WithContext(context.WithValue(req.Context(), key{}, "outer"))
	req.Header.Set("Authorization", "Bearer "+as.Mint(coretest.Grant{}))
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	if w.Code != http.StatusNoContent {
		t.Errorf("status %d, want 204", w.Code)
	}
}

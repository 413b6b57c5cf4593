package ginguard_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

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

// The text of core follows the name of the package. What else panics is part of the suite.
func TestPanicNamesThePackage(t *testing.T) {
	const want = "ginguard: core: the Verifier is nil: check the error of core.New"
	defer func() {
		if got := recover(); got != want {
			t.Errorf("panic %v, want %s", got, want)
		}
	}()
	ginguard.Require(nil, core.Authenticated())
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

// Gin's own keys stay.
func TestKeysStay(t *testing.T) {
	v, as := verifier(t)
	r := gin.New()
	r.Use(func(c *gin.Context) { c.Set("gin", "key") })
	r.GET("/", ginguard.Require(v, core.Authenticated()), func(c *gin.Context) {
		c.String(http.StatusOK, "%s", c.GetString("gin"))
	})
	req := httptest.NewRequest("GET", "/", nil)
	req.Header.Set("Authorization", "Bearer "+as.Mint(coretest.Grant{}))
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	if w.Code != http.StatusOK || w.Body.String() != "key" {
		t.Errorf("status %d, key %q, want 200 and key", w.Code, w.Body)
	}
}

// raw sends a request on a connection of its own and returns all that comes back until the server closes it.
func raw(t testing.TB, addr, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(conn, request)
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

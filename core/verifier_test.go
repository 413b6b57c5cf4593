package core_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

func TestThinPath(t *testing.T) {
	srv := coretest.NewServer()
	defer srv.Close()
	v, err := core.New(core.Config{Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	tok := srv.Mint(coretest.Grant{Scope: "read", User: &coretest.User{ID: "alice"}})
	h := httpguard.Require(v, core.AllOf("read"))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ := core.FromContext(r.Context())
		b, err := p.MarshalJSON()
		t.Log(string(b), err)
	}))
	for range 2 {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+tok)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 {
			t.Fatal(w.Code, w.Body)
		}
	}
	t.Log(srv.Calls())
	_, d := v.Authorize(t.Context(), []string{"Bearer x"}, core.AllOf("read"))
	t.Log(d)
	if !errors.Is(d.Cause, core.ErrInvalidToken) {
		t.Error(d.Cause)
	}
}

func BenchmarkHit(b *testing.B) {
	srv := coretest.NewServer()
	defer srv.Close()
	v, err := core.New(core.Config{Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "test"})
	if err != nil {
		b.Fatal(err)
	}
	h := []string{"Bearer " + srv.Mint(coretest.Grant{Scope: "read"})}
	need := core.AllOf("read")
	if _, d := v.Authorize(b.Context(), h, need); d != nil {
		b.Fatal(d)
	}
	b.ReportAllocs()
	for b.Loop() {
		v.Authorize(b.Context(), h, need)
	}
}

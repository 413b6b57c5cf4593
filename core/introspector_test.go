package core_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// IN-30, IN-31, A34: only a 200 that announces JSON says something about a token. The status alone tells what a bad one does to
// the client, and that is never a refusal of its token.
func TestOnlyAnAnswerIsAnAnswer(t *testing.T) {
	for _, tt := range []struct {
		status            int
		contentType, want string
	}{
		{200, "application/json", "ok"},
		{200, "application/json;charset=utf-8", "ok"},
		{200, "Application/JSON ; charset=UTF-8", "ok"},
		{200, "text/html", "503"},
		{200, "", "503"},
		{200, "application/jsonp", "503"},
		{200, "application/jwt", "503"},
		{200, "text/plain; application/json", "503"},
		{201, "application/json", "503"},
		{204, "application/json", "503"},
		{206, "application/json", "503"},
		{302, "application/json", "503"},
		{304, "application/json", "503"},
		{400, "application/json", "503"},
		{401, "application/json", "503"},
		{403, "application/json", "503"},
		{404, "application/json", "503"},
		{409, "application/json", "409"}, // MobileFirst only
		{418, "application/json", "503"},
		{429, "application/json", "503"},
		{500, "application/json", "503"},
		{503, "application/json", "503"},
	} {
		t.Run(fmt.Sprint(tt.status, tt.contentType), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				srv.Inject(coretest.Introspection, coretest.Always, coretest.Body(tt.status, tt.contentType, active))
				_, d := authorize(t.Context(), mobileFirst(t, srv), bearer(t1), core.Authenticated())
				if got := outcome(d); got != tt.want {
					t.Errorf("MobileFirst: got %s, want %s", got, tt.want)
				}
				want := strings.ReplaceAll(tt.want, "409", "503")
				_, d = authorize(

					t.Context(), rfc7662(t, srv.Transport(), withProfile(core.RFC7662(core.RFC7662Config{
						IntrospectionURL: srv.BaseURL() + "/az/v1/introspection", AnyAudience: true,
					}))), bearer(t1), core.Authenticated())

				if got := outcome(d); got != want {
					t.Errorf("RFC 7662: got %s, want %s", got, want)
				}
			})
		})
	}
}

// MFP-09: a conflict is relayed as it is: no retry, not remembered, and no sign of an outage.
func TestConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.SetAnswer(t1, active)
		v := mobileFirst(t, srv)
		srv.Conflict(20)
		for i := range 20 {
			_, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
			if outcome(d) != "409" || d.Cause != core.ErrConflict || !slices.Equal(header(d, "MFP-Conflict"), []string{"true"}) {
				t.Fatalf("got %+v", d)
			}
			if got := srv.Calls().Introspection; got != i+1 {
				t.Fatalf("%d calls after %d requests", got, i+1)
			}
		}
		if _, d := authorize(t.Context(), v, bearer(t1), core.Authenticated()); d != nil {
			t.Errorf("then got %s", outcome(d))
		}
	})
}

// IN-34, A63, A64: what the server says besides its status reaches neither the client nor the log.
func TestServersWordsAreNotPassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Body(400, "application/json",
			`{"error":"x\"y","error_description":"a\"\r\nSet-Cookie: canary=1, scope=\"admin\""}`))
		_, d := authorize(t.Context(), mobileFirst(t, srv), bearer(t1), core.Authenticated())
		if outcome(d) != "503" || d.Body != `{"error":"temporarily_unavailable"}` {
			t.Errorf("got %+v", d)
		}
		if s := fmt.Sprintf("%+v %v", d, d.Cause); strings.Contains(s, "canary") || strings.Contains(s, "admin") {
			t.Errorf("passed on: %s", s)
		}
	})
}

// IN-97: an answer that HTTP caches must not keep is remembered all the same: RFC 7662 section 4 leaves that to us, and every answer
// says no-store.
func TestNoStoreIsForHTTPCaches(t *testing.T) {
	srv := coretest.New()
	srv.SetAnswer(t1, active)
	v := mobileFirst(t, srv)
	for range 2 {
		authorize(t.Context(), v, bearer(t1), core.Authenticated())
	}
	if got := srv.Calls().Introspection; got != 1 {
		t.Errorf("%d calls, want 1", got)
	}
}

package core_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/h2non/gock"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// intercept routes the requests of the returned transport to gock's mocks for the length of a test. Gock is global, so tests that
// use it do not run in parallel.
func intercept(t *testing.T) http.RoundTripper {
	t.Helper()
	gock.DisableNetworking()
	gock.Intercept()
	t.Cleanup(func() {
		if gock.HasUnmatchedRequest() {
			for _, r := range gock.GetUnmatchedRequests() {
				t.Errorf("unexpected %s %s", r.Method, r.URL)
			}
		}
		if !gock.IsDone() {
			t.Error("some of the expected requests were not sent")
		}
		gock.OffAll()
	})
	return gock.NewTransport()
}

// form matches a request whose body is exactly these parameters, each once.
func form(want url.Values) gock.MatchFunc {
	return func(r *http.Request, _ *gock.Request) (bool, error) {
		if err := r.ParseForm(); err != nil {
			return false, err
		}
		if r.PostForm.Encode() != want.Encode() {
			return false, fmt.Errorf("the form is %q, want %q", r.PostForm.Encode(), want.Encode())
		}
		return true, nil
	}
}

// BCP-08, MFP-01, MFP-02, MFP-03, IN-01, IN-02, IN-04, IN-05, IN-10, IN-11, IN-12: what MobileFirst is asked.
func TestMobileFirstQuestion(t *testing.T) {
	for _, base := range []string{"https://mfp.invalid/mfp/api", "https://mfp.invalid/mfp/api/"} {
		t.Run(base, func(t *testing.T) {
			rt := intercept(t)
			gock.New("https://mfp.invalid").Post("^/mfp/api/az/v1/token$").
				MatchHeader("Authorization", "^Basic "+base64.StdEncoding.EncodeToString([]byte("orders-api:p@ss w+/%"))+"$").
				MatchHeader("Content-Type", "^application/x-www-form-urlencoded$").MatchHeader("Accept", "^application/json$").
				AddMatcher(form(url.Values{"grant_type": {"client_credentials"}, "scope": {"authorization.introspect"}})).
				Reply(200).SetHeader("Content-Type", "application/json").
				BodyString(`{"access_token":"CC","token_type":"Bearer","expires_in":3599,"scope":"authorization.introspect"}`)
			gock.New("https://mfp.invalid").Post("^/mfp/api/az/v1/introspection$").
				MatchHeader("Authorization", "^Bearer CC$").
				MatchHeader("Content-Type", "^application/x-www-form-urlencoded$").MatchHeader("Accept", "^application/json$").
				AddMatcher(form(url.Values{"token": {t1}, "token_type_hint": {"access_token"}})).
				Reply(200).SetHeader("Content-Type", "application/json").BodyString(active)
			v := verifier(t, core.Config{Profile: core.MobileFirst8(base), ClientID: "orders-api", ClientSecret: "p@ss w+/%", Transport: rt})
			if _, d := v.Authorize(t.Context(), bearer(t1), core.AllOf("read")); d != nil {
				t.Errorf("got %s: %v", outcome(d), d.Cause)
			}
		})
	}
}

// IN-06 to IN-11, A74: what other servers are asked, and how we say who we are: in exactly one way.
func TestRFC7662Question(t *testing.T) {
	const id, secret = "a b:c", "p@ss wörd+/%"
	question := url.Values{"token": {t1}, "token_type_hint": {"access_token"}}
	withClient := url.Values{"token": {t1}, "token_type_hint": {"access_token"}, "client_id": {id}, "client_secret": {secret}}
	basic := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, tt := range []struct {
		name          string
		auth          tokensource.ClientAuth
		source        *tokensource.Source
		authorization string
		form          url.Values
	}{
		{"by default form-encoded Basic", "", nil, basic("a+b%3Ac:p%40ss+w%C3%B6rd%2B%2F%25"), question}, // IN-07, D2
		{"form-encoded Basic", tokensource.Basic, nil, basic("a+b%3Ac:p%40ss+w%C3%B6rd%2B%2F%25"), question},
		{"credentials in the form", tokensource.Post, nil, "", withClient},          // IN-09
		{"a token of our own", "", tokensource.Static("CC"), "Bearer CC", question}, // IN-10, IN-11
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt := intercept(t)
			gock.New("https://as.invalid").Post("^/introspect$").MatchParam("t", "^1$"). // IN-05: the endpoint's own query stays
													MatchHeader("Content-Type", "^application/x-www-form-urlencoded$").MatchHeader("Accept", "^application/json$").
													AddMatcher(form(tt.form)).
													AddMatcher(func(r *http.Request, _ *gock.Request) (bool, error) {
					if got := r.Header["Authorization"]; strings.Join(got, "|") != tt.authorization {
						return false, fmt.Errorf("Authorization is %q, want %q", got, tt.authorization)
					}
					if strings.Contains(r.URL.RawQuery, "token") {
						return false, errors.New("the token is in the URL")
					}
					return true, nil
				}).
				Reply(200).SetHeader("Content-Type", "application/json").BodyString(active)
			c := core.Config{
				Profile: core.RFC7662(core.RFC7662Config{
					IntrospectionURL: "https://as.invalid/introspect?t=1", AnyAudience: true, ClientAuth: tt.auth, TokenSource: tt.source,
				}),
				Transport: rt,
			}
			if tt.source == nil {
				c.ClientID, c.ClientSecret = id, secret
			}
			if _, d := verifier(t, c).Authorize(t.Context(), bearer(t1), core.AllOf("read")); d != nil {
				t.Errorf("got %s: %v", outcome(d), d.Cause)
			}
		})
	}
	t.Run("raw Basic, for servers that want it", func(t *testing.T) { // IN-08
		a := newAsker()
		v := rfc7662(t, a, withProfile(core.RFC7662(core.RFC7662Config{
			IntrospectionURL: "https://as.invalid/introspect", AnyAudience: true, ClientAuth: tokensource.BasicRaw,
		})), func(c *core.Config) { c.ClientID, c.ClientSecret = "rs1", "p@ss w+/%" })
		v.Authorize(t.Context(), bearer(t1), core.Authenticated())
		if got, want := a.asked[0].authorization, basic("rs1:p@ss w+/%"); got != want || a.asked[0].id != "" {
			t.Errorf("Authorization is %q, client_id %q, want %q and none", got, a.asked[0].id, want)
		}
	})
}

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
				_, d := mobileFirst(t, srv).Authorize(t.Context(), bearer(t1), core.Authenticated())
				if got := outcome(d); got != tt.want {
					t.Errorf("MobileFirst: got %s, want %s", got, tt.want)
				}
				want := strings.ReplaceAll(tt.want, "409", "503")
				_, d = rfc7662(t, srv.Transport(), withProfile(core.RFC7662(core.RFC7662Config{
					IntrospectionURL: srv.BaseURL() + "/az/v1/introspection", AnyAudience: true,
				}))).Authorize(t.Context(), bearer(t1), core.Authenticated())
				if got := outcome(d); got != want {
					t.Errorf("RFC 7662: got %s, want %s", got, want)
				}
			})
		})
	}
}

// IN-32, IN-33, MFP-07, MFP-08, CC-38, CC-40, A37, A80: when the server turns us down, we get one new token and ask once more, and then
// it is our trouble, not the client's.
func TestOurTokenIsTurnedDown(t *testing.T) {
	for _, status := range []int{401, 403} {
		for _, times := range []int{0, 1, coretest.Always} {
			t.Run(fmt.Sprintf("%d, %d times", status, times), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := coretest.New()
					v := mobileFirst(t, srv)
					v.Authorize(t.Context(), bearer("warm"), core.Authenticated())
					want := coretest.Calls{Token: 2, Introspection: 3}
					wantOutcome := "ok"
					if times == coretest.Always {
						wantOutcome = "503"
					}
					srv.SetAnswer(t1, active)
					srv.Inject(coretest.Introspection, times, coretest.Status(status))
					_, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated())
					if got := outcome(d); got != wantOutcome {
						t.Errorf("got %s, want %s", got, wantOutcome)
					}
					if got := srv.Calls(); got != want {
						t.Errorf("got %+v, want %+v", got, want)
					}
					if d == nil {
						return
					}
					e, ok := errors.AsType[*core.EndpointError](d.Cause)
					if !ok || e.Endpoint != "introspection" || e.Status != status || !errors.Is(d.Cause, core.ErrUnavailable) {
						t.Errorf("the cause is %v", d.Cause)
					}
				})
			})
		}
	}
}

// A key change of the server makes all tokens of ours void at once: a herd of requests gets one new one (CC-39).
func TestHerdRenewsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		v.Authorize(t.Context(), bearer("warm"), core.Authenticated())
		srv.Restart()
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(50*time.Millisecond))
		tokens := make([]string, 50)
		for i := range tokens {
			tokens[i] = srv.Mint(coretest.Grant{})
		}
		if n := concurrently(50, func(i int) bool {
			_, d := v.Authorize(t.Context(), bearer(tokens[i]), core.Authenticated())
			return d == nil
		}); n != 50 {
			t.Errorf("%d requests passed, want 50", n)
		}
		if got, want := srv.Calls(), (coretest.Calls{Token: 2, Introspection: 1 + 2*50}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// CC-32: our token serves until shortly before its end. CC-25, A36: one that is not to be had is not asked for again and again.
func TestOurTokenIsReused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv, withTTL(0, 0))
		for range 1000 {
			v.Authorize(t.Context(), bearer(t1), core.Authenticated())
			time.Sleep(3 * time.Second)
		}
		if got := srv.Calls(); got.Token != 1 || got.Introspection != 1000 {
			t.Errorf("got %+v, want one token for 1000 calls", got)
		}
		srv.SetClient(coretest.Client{ID: "test", Secret: "changed", AllowedScope: "*"})
		before := srv.Calls()
		for range 29 {
			if _, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated()); outcome(d) != "503" {
				t.Errorf("got %s, want 503", outcome(d))
			}
			time.Sleep(time.Second)
		}
		if got := srv.Calls(); got.Token-before.Token != 1 || got.Introspection-before.Introspection != 1 {
			t.Errorf("%+v after %+v, want one attempt in half a minute", got, before)
		}
	})
}

// MFP-22, CC-33: an hour's token is renewed ahead of its end, and no request waits for that.
func TestOurTokenIsRenewedAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv, withTTL(0, 0))
		srv.SetAnswer(t1, active)
		v.Authorize(t.Context(), bearer(t1), core.Authenticated())
		srv.Inject(coretest.Token, coretest.Always, coretest.Delay(2*time.Second))
		for range 12 * 60 {
			time.Sleep(time.Minute)
			begun := time.Now()
			_, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated())
			if waited := time.Since(begun); d != nil || waited != 0 {
				t.Errorf("got %s after %v", outcome(d), waited)
			}
		}
		time.Sleep(10 * time.Second) // a renewal may be under way
		if got := srv.Calls().Token; got < 12 || got > 15 {
			t.Errorf("%d tokens in 12 hours", got)
		}
	})
}

// The backoff of our own token reaches the client as Retry-After, and the cause says what to mend.
func TestOurCredentialsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv, func(c *core.Config) { c.ClientSecret = "wrong" })
		v.Authorize(t.Context(), bearer(t1), core.Authenticated())
		time.Sleep(10 * time.Second)
		_, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated())
		if outcome(d) != "503" || !errors.Is(d.Cause, tokensource.ErrInvalidClient) {
			t.Fatalf("got %s because of %v", outcome(d), d.Cause)
		}
		if got := header(d, "Retry-After"); len(got) != 1 || len(got[0]) != 2 || got[0] < "20" || got[0] > "26" {
			t.Errorf("Retry-After is %q, want what is left of 30 to 36 seconds", got)
		}
		if got := srv.Calls(); got != (coretest.Calls{Token: 1}) {
			t.Errorf("got %+v, want one token request", got)
		}
	})
}

// MFP-09: a conflict is relayed as it is: no retry, not remembered, and no sign of an outage.
func TestConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.SetAnswer(t1, active)
		v := mobileFirst(t, srv)
		srv.Conflict(20)
		for i := range 20 {
			_, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated())
			if outcome(d) != "409" || d.Cause != core.ErrConflict || !slices.Equal(header(d, "MFP-Conflict"), []string{"true"}) {
				t.Fatalf("got %+v", d)
			}
			if got := srv.Calls().Introspection; got != i+1 {
				t.Fatalf("%d calls after %d requests", got, i+1)
			}
		}
		if _, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated()); d != nil {
			t.Errorf("then got %s", outcome(d))
		}
	})
}

// IN-35: the server's wish to be left alone is respected, up to a minute, and passed on.
func TestRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		status int
		value  string
		want   string
		pause  time.Duration
	}{
		{429, "7", "7", 7 * time.Second},
		{503, "7", "7", 7 * time.Second},
		{429, "99999999", "60", time.Minute},
		{429, "99999999999999999999", "60", time.Minute},
		{429, "-1", "5", 0},
		{429, "abc", "5", 0},
		{429, "0", "5", 0},
		{429, "", "5", 0},
		{429, "date", "7", 7 * time.Second},
	} {
		t.Run(fmt.Sprint(tt.status, " ", tt.value), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				srv.SetAnswer(t1, active)
				v := mobileFirst(t, srv)
				value := tt.value
				if value == "date" {
					value = time.Now().Add(7 * time.Second).UTC().Format(http.TimeFormat)
				}
				srv.Inject(coretest.Introspection, 1, coretest.Status(tt.status, "Retry-After", value))
				_, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated())
				if got := header(d, "Retry-After"); outcome(d) != "503" || !slices.Equal(got, []string{tt.want}) {
					t.Errorf("got %s with Retry-After %q, want 503 with %s", outcome(d), got, tt.want)
				}
				if tt.pause > 0 {
					time.Sleep(tt.pause - time.Second)
					_, d = v.Authorize(t.Context(), bearer("other"), core.Authenticated())
					if got := header(d, "Retry-After"); outcome(d) != "503" || !slices.Equal(got, []string{"1"}) || srv.Calls().Introspection != 1 {
						t.Errorf("within the pause: got %s with Retry-After %q after %+v", outcome(d), got, srv.Calls())
					}
					time.Sleep(time.Second)
				}
				if _, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated()); d != nil {
					t.Errorf("after the pause: got %s: %v", outcome(d), d.Cause)
				}
			})
		})
	}
}

// IN-36: one hiccup is not seen by the client; more of them are not hammered at.
func TestRetries(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault coretest.Fault
		times int
		want  string
		calls int
	}{
		{"500 once", coretest.Status(500), 1, "ok", 2},
		{"503 once", coretest.Status(503), 1, "ok", 2},
		{"reset once", coretest.Reset(), 1, "ok", 2},
		{"truncated once", coretest.Truncate(), 1, "ok", 2}, // IN-26
		{"503 for ever", coretest.Status(503), coretest.Always, "503", 2},
		{"reset for ever", coretest.Reset(), coretest.Always, "503", 2},
		{"400", coretest.Status(400), coretest.Always, "503", 1},
		{"404", coretest.Status(404), coretest.Always, "503", 1},
		{"501", coretest.Status(501), coretest.Always, "503", 1},
		{"redirect", coretest.Redirect(307, "https://evil.invalid/"), coretest.Always, "503", 1},
		{"oversize", coretest.Oversize(2 << 20), coretest.Always, "503", 1},
		{"garbage", coretest.Body(200, "application/json", "{"), coretest.Always, "503", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv)
				tok := srv.Mint(coretest.Grant{})
				srv.Inject(coretest.Introspection, tt.times, tt.fault)
				begun := time.Now()
				_, d := v.Authorize(t.Context(), bearer(tok), core.Authenticated())
				if got := outcome(d); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
				if got := srv.Calls().Introspection; got != tt.calls {
					t.Errorf("%d calls, want %d", got, tt.calls)
				}
				if took := time.Since(begun); took > 200*time.Millisecond {
					t.Errorf("took %v", took)
				}
				if len(srv.Requests(coretest.Other)) != 0 {
					t.Errorf("followed to %v", srv.Requests(coretest.Other))
				}
			})
		})
	}
}

// Trouble with the answer about one token stops the calls for no other token; an endpoint that does not answer is left alone.
func TestBreaker(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault coretest.Fault
		opens bool
	}{
		{"500", coretest.Status(500), true},
		{"reset", coretest.Reset(), true},
		{"login page", coretest.HTML(200), true},
		{"404", coretest.HTML(404), true},
		{"redirect", coretest.Redirect(302, "https://mfp.invalid/login"), true},
		{"403 for ever", coretest.Status(403), true},
		{"not about this token", coretest.Status(400), false},
		{"no active", coretest.DropMember("active"), false},
		{"scope is an array", coretest.SetMember("scope", `["a"]`), false},
		{"oversize", coretest.Oversize(2 << 20), false},
		{"conflict", coretest.Status(409), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv)
				tok := srv.Mint(coretest.Grant{})
				v.Authorize(t.Context(), bearer("warm"), core.Authenticated())
				srv.Inject(coretest.Introspection, coretest.Always, tt.fault)
				for i := range 6 {
					v.Authorize(t.Context(), bearer(fmt.Sprint(i)), core.Authenticated())
				}
				before := srv.Calls().Introspection
				srv.Clear(coretest.Introspection)
				_, d := v.Authorize(t.Context(), bearer(tok), core.Authenticated())
				asked := srv.Calls().Introspection - before
				if opened := asked == 0; opened != tt.opens || (d == nil) == tt.opens {
					t.Fatalf("asked %d times, got %s; want it to be left alone: %v", asked, outcome(d), tt.opens)
				}
				if !tt.opens {
					return
				}
				if got := header(d, "Retry-After"); outcome(d) != "503" || len(got) != 1 || got[0] > "5" {
					t.Errorf("got %s, Retry-After %q", outcome(d), got)
				}
				time.Sleep(5 * time.Second)
				if _, d := v.Authorize(t.Context(), bearer(tok), core.Authenticated()); d != nil {
					t.Errorf("after the pause got %s: %v", outcome(d), d.Cause)
				}
			})
		})
	}
}

// A35, A27: an outage of a minute under load costs the server little more than a probe every five seconds.
func TestOutageIsNoStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		v.Authorize(t.Context(), bearer("warm"), core.Authenticated())
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Status(500))
		for i := range 6000 {
			v.Authorize(t.Context(), bearer(fmt.Sprint("t", i)), core.Authenticated())
			time.Sleep(10 * time.Millisecond)
		}
		if got := srv.Calls().Introspection; got > 40 {
			t.Errorf("%d calls in a minute of 6000 requests", got)
		}
	})
}

// IN-34, A63, A64: what the server says besides its status reaches neither the client nor the log.
func TestServersWordsAreNotPassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Body(400, "application/json",
			`{"error":"x\"y","error_description":"a\"\r\nSet-Cookie: canary=1, scope=\"admin\""}`))
		_, d := mobileFirst(t, srv).Authorize(t.Context(), bearer(t1), core.Authenticated())
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
		v.Authorize(t.Context(), bearer(t1), core.Authenticated())
	}
	if got := srv.Calls().Introspection; got != 1 {
		t.Errorf("%d calls, want 1", got)
	}
}

// IN-98, IN-99, A38: a server that never answers costs a request five seconds, or what its caller grants.
func TestHungServer(t *testing.T) {
	for _, tt := range []struct {
		name     string
		endpoint coretest.Endpoint
		timeout  time.Duration
		deadline time.Duration
		want     time.Duration
	}{
		{"introspection hangs", coretest.Introspection, 0, 0, 5 * time.Second},
		{"token endpoint hangs", coretest.Token, 0, 0, 5 * time.Second},
		{"shorter timeout", coretest.Introspection, time.Second, 0, time.Second},
		{"the caller's deadline", coretest.Introspection, 0, 50 * time.Millisecond, 50 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv, func(c *core.Config) { c.Timeout = tt.timeout })
				srv.Inject(tt.endpoint, coretest.Always, coretest.Hang())
				ctx := t.Context()
				if tt.deadline > 0 {
					c, cancel := context.WithTimeout(ctx, tt.deadline)
					defer cancel()
					ctx = c
				}
				begun := time.Now()
				_, d := v.Authorize(ctx, bearer(t1), core.Authenticated())
				if took := time.Since(begun); outcome(d) != "503" || took > tt.want || took < tt.want*9/10 {
					t.Errorf("got %s after %v, want 503 after %v", outcome(d), took, tt.want)
				}
				time.Sleep(6 * time.Second) // the bubble fails if a goroutine stays
			})
		})
	}
}

// IN-100: 10 000 distinct tokens at once are 64 calls at once; the others queue.
func TestCallsInFlight(t *testing.T) {
	for _, most := range []int{0, 1, 100} {
		t.Run(fmt.Sprint("MaxInFlight ", most), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv, func(c *core.Config) { c.MaxInFlight = most })
				v.Authorize(t.Context(), bearer("warm"), core.Authenticated())
				srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(10*time.Millisecond))
				want, load := most, 400
				if most == 0 {
					want, load = 64, 10_000
				}
				if n := concurrently(load, func(i int) bool {
					_, d := v.Authorize(t.Context(), bearer(fmt.Sprint("t", i)), core.Authenticated())
					return outcome(d) == invalidToken
				}); n != load {
					t.Errorf("%d of %d got their answer", n, load)
				}
				if got := srv.MaxConcurrent(coretest.Introspection); got != want {
					t.Errorf("%d calls at once, want %d", got, want)
				}
			})
		})
	}
}

// Requests that queue too long behind a slow server get 503, and go away.
func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv, func(c *core.Config) { c.MaxInFlight = 1 })
		v.Authorize(t.Context(), bearer("warm"), core.Authenticated())
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(time.Second))
		begun := time.Now()
		n := concurrently(20, func(i int) bool {
			_, d := v.Authorize(t.Context(), bearer(fmt.Sprint("t", i)), core.Authenticated())
			return outcome(d) == invalidToken
		})
		if n < 4 || n > 5 || time.Since(begun) > 5*time.Second {
			t.Errorf("%d got an answer within %v, want 4 or 5 within 5s", n, time.Since(begun))
		}
	})
}

// A secret that cannot be had is our trouble, whatever the function that was to bring it says; it is asked again next time.
func TestSecretFuncFails(t *testing.T) {
	for _, tt := range []struct {
		name   string
		secret tokensource.Secret
		err    error
		want   string
	}{
		{"it fails", "", errors.New("vault is sealed"), "reading the client secret: vault is sealed"},
		{"it fails with a name that means something else to us", "", core.ErrInvalidToken, "reading the client secret: invalid token"},
		{"it fails like a conflict", "", fmt.Errorf("x: %w", core.ErrConflict), "reading the client secret: x: "},
		{"it returns nothing", "", nil, "the client secret is empty"},
		{"it returns a line break", "canary\n", nil, "the client secret contains a control character"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAsker()
			a.set(t1, accepted("read"))
			fails := true
			v := rfc7662(t, a, func(c *core.Config) {
				c.ClientSecret = ""
				c.ClientSecretFunc = func(context.Context) (tokensource.Secret, error) {
					if fails {
						return tt.secret, tt.err
					}
					return "s3cret", nil
				}
			})
			for range 10 { // the endpoint is not to blame either
				_, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated())
				if outcome(d) != "503" || !strings.Contains(d.Cause.Error(), tt.want) || strings.Contains(d.Cause.Error(), "canary") {
					t.Fatalf("got %s because of %v", outcome(d), d.Cause)
				}
			}
			fails = false
			if _, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated()); d != nil || len(a.asked) != 1 {
				t.Errorf("then got %s after %d calls", outcome(d), len(a.asked))
			}
		})
	}
}

package core_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/h2non/gock"

	"github.com/mfpguard/mfpguard/core"
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
			if _, d := authorize(t.Context(), v, bearer(t1), core.AllOf("read")); d != nil {
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
			if _, d := authorize(t.Context(), verifier(t, c), bearer(t1), core.AllOf("read")); d != nil {
				t.Errorf("got %s: %v", outcome(d), d.Cause)
			}
		})
	}
	t.Run("raw Basic, for servers that want it", func(t *testing.T) { // IN-08
		a := newAsker()
		v := rfc7662(t, a, withProfile(core.RFC7662(core.RFC7662Config{
			IntrospectionURL: "https://as.invalid/introspect", AnyAudience: true, ClientAuth: tokensource.BasicRaw,
		})), func(c *core.Config) { c.ClientID, c.ClientSecret = "rs1", "p@ss w+/%" })
		authorize(t.Context(), v, bearer(t1), core.Authenticated())
		if got, want := a.asked[0].authorization, basic("rs1:p@ss w+/%"); got != want || a.asked[0].id != "" {
			t.Errorf("Authorization is %q, client_id %q, want %q and none", got, a.asked[0].id, want)
		}
	})
}

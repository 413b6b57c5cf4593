package core_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/internal/roundtrip"
	"github.com/mfpguard/mfpguard/tokensource"
)

// stranger is a server that answers at these paths. It notes the requests.
type stranger struct {
	answers map[string]http.HandlerFunc // by path

	mu   sync.Mutex
	seen []string // method, path, what the Authorization field begins with, the form
}

func (s *stranger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	s.mu.Lock()
	s.seen = append(s.seen, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", r.Method, r.URL.Path, scheme, r.PostForm.Encode())))
	s.mu.Unlock()
	if answer := s.answers[r.URL.Path]; answer != nil {
		answer(w, r)
		return
	}
	http.NotFound(w, r)
}

// served is a transport to a handler, without a socket.
func served(h http.Handler) roundtrip.Func {
	return func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		res := w.Result()
		res.Request = r
		return res, nil
	}
}

// says answers with a status, fields of the header ("Name: value") and a body.
func says(status int, body string, fields ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if strings.HasPrefix(body, "{") {
			w.Header().Set("Content-Type", "application/json")
		}
		for _, f := range fields {
			name, value, _ := strings.Cut(f, ": ")
			w.Header().Add(name, value)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// SV-02: a profile that is pointed at another server says at Ready what it saw, and which profile
// fits.
func TestReadyRecognisesOtherServers(t *testing.T) {
	type configure func(url string) core.Config
	withSecret := func(p core.Profile) core.Config {
		return core.Config{Profile: p, ClientID: "rs1", ClientSecret: "s3cret"}
	}
	rfc7662 := func(path string) configure {
		return func(url string) core.Config {
			return withSecret(core.RFC7662(core.RFC7662Config{IntrospectionURL: url + path, AnyAudience: true}))
		}
	}
	mobileFirst8 := func(url string) core.Config { return withSecret(core.MobileFirst8(url + "/mfp/api")) }
	mobileFirst7 := func(url string) core.Config {
		return core.Config{Profile: core.MobileFirst7(core.MobileFirst7Config{BaseURL: url + "/mfp"})}
	}
	granted := says(200, `{"access_token":"t","token_type":"bearer","expires_in":300,"scope":"authorization.introspect"}`)
	const place7, place8, token8 = "/mfp/authorization/v1/token/validation", "/mfp/api/az/v1/introspection", "/mfp/api/az/v1/token"
	for _, tt := range []struct {
		name    string
		config  configure
		answers map[string]http.HandlerFunc
		want    string // at the end of the error, in which URL stands for the server; "" for nothing
		looks   bool
	}{
		// What the answer itself shows.
		{
			"RFC 7662 at MobileFirst 7", rfc7662(place7),
			map[string]http.HandlerFunc{place7: says(401, "", `WWW-Authenticate: Bearer realm="imfAuthentication", error="invalid_token"`)},
			`401: it looks like MobileFirst 7.x (realm="imfAuthentication" in its challenge): core.MobileFirst7 fits (`, false,
		},
		{
			"RFC 7662 at MobileFirst 8", rfc7662(place8),
			map[string]http.HandlerFunc{place8: says(401, "", "WWW-Authenticate: Bearer")},
			`401: it looks like MobileFirst 8.0 (its address ends in /az/v1/introspection): core.MobileFirst8 fits (`, false,
		},
		{
			"RFC 7662 at MobileFirst 8, without the scope", rfc7662("/x"),
			map[string]http.HandlerFunc{"/x": says(403, "", `WWW-Authenticate: Bearer error="insufficient_scope", scope="authorization.introspect"`)},
			`403: it looks like MobileFirst 8.0 (authorization.introspect in its challenge): core.MobileFirst8 fits (`, false,
		},
		{
			"RFC 7662 at MobileFirst 8, in conflict", rfc7662("/x"),
			map[string]http.HandlerFunc{"/x": says(409, "", "MFP-Conflict: true")},
			`409: it looks like MobileFirst 8.0 (the field MFP-Conflict): core.MobileFirst8 fits`, false,
		},
		{
			"RFC 7662 at MobileFirst's REST API", rfc7662("/x"),
			map[string]http.HandlerFunc{"/x": says(400, `{"errorCode":"INVALID_CLIENT_ID","errorMsg":"x"}`)},
			`it looks like MobileFirst 8.0 (errorCode and errorMsg in its error): core.MobileFirst8 fits (`, false,
		},
		{
			"RFC 7662 at Curity, as if for a JWT", rfc7662("/x"),
			map[string]http.HandlerFunc{"/x": says(204, "")},
			`204: it looks like Curity (it answers 204, as to those that ask for a JWT): core.Curity fits`, false,
		},
		{
			"MobileFirst 8 at a server of RFC 7662", mobileFirst8,
			map[string]http.HandlerFunc{token8: granted, place8: says(401, "", `WWW-Authenticate: Basic realm="x"`)},
			`401: it looks like a server of RFC 7662 (it asks for Basic credentials): core.RFC7662 fits (`, false,
		},
		{
			"MobileFirst 7 at a server of RFC 7662", mobileFirst7,
			map[string]http.HandlerFunc{place7: says(400, `{"error":"invalid_client"}`)},
			`400 invalid_client: it looks like a server of RFC 7662 (its error is invalid_client): core.RFC7662 fits (`, false,
		},
		// What another place of the host shows.
		{
			"MobileFirst 8 at MobileFirst 7", mobileFirst8,
			map[string]http.HandlerFunc{place7: says(401, "", `WWW-Authenticate: Bearer realm="imfAuthentication"`)},
			`; MobileFirst 7.x seems to be there: core.MobileFirst7 with the base "URL/mfp" fits`, true,
		},
		{
			"MobileFirst 8 at MobileFirst 7, which answers about the token", mobileFirst8,
			map[string]http.HandlerFunc{place7: says(200, `{"active":false}`)},
			`; MobileFirst 7.x seems to be there: core.MobileFirst7 with the base "URL/mfp" fits`, true,
		},
		{
			"MobileFirst 8 at MobileFirst 7, which names invalid_token", mobileFirst8,
			map[string]http.HandlerFunc{place7: says(401, `{"error":"invalid_token"}`)},
			`; MobileFirst 7.x seems to be there: core.MobileFirst7 with the base "URL/mfp" fits`, true,
		},
		{
			"MobileFirst 7 at MobileFirst 8", mobileFirst7,
			map[string]http.HandlerFunc{place8: says(401, "", "WWW-Authenticate: Bearer")},
			`; MobileFirst 8.0 seems to be there: core.MobileFirst8("URL/mfp/api") fits`, true,
		},
		{
			"MobileFirst 7 with the base of MobileFirst 8", func(url string) core.Config {
				return core.Config{Profile: core.MobileFirst7(core.MobileFirst7Config{BaseURL: url + "/mfp/api"})}
			},
			map[string]http.HandlerFunc{place8: says(401, "", "WWW-Authenticate: Bearer")},
			`; MobileFirst 8.0 seems to be there: core.MobileFirst8("URL/mfp/api") fits`, true,
		},
		{
			"MobileFirst 8 without /api", func(url string) core.Config { return withSecret(core.MobileFirst8(url + "/mfp")) },
			map[string]http.HandlerFunc{place8: says(401, "", "WWW-Authenticate: Bearer")},
			`; MobileFirst 8.0 seems to be there: core.MobileFirst8("URL/mfp/api") fits`, true,
		},
		{
			"RFC 7662 at another path of MobileFirst 8", rfc7662("/mfp/api/introspect"),
			map[string]http.HandlerFunc{place8: says(401, "", "WWW-Authenticate: Bearer")},
			`; MobileFirst 8.0 seems to be there: core.MobileFirst8("URL/mfp/api") fits`, true,
		},
		{
			"MobileFirst 8 at a server that publishes metadata", mobileFirst8,
			map[string]http.HandlerFunc{"/.well-known/oauth-authorization-server": says(200, `{"issuer":"https://as.test","introspection_endpoint":"https://as.test/i"}`)},
			`; URL/.well-known/oauth-authorization-server names the introspection endpoint "https://as.test/i": core.RFC7662 fits`, true,
		},
		{
			"RFC 7662 at another path of a server that publishes metadata", rfc7662("/x"),
			map[string]http.HandlerFunc{"/.well-known/openid-configuration": says(200, `{"issuer":"https://as.test","introspection_endpoint":"https://as.test/i"}`)},
			`; URL/.well-known/openid-configuration names the introspection endpoint "https://as.test/i": core.RFC7662 fits`, true,
		},
		{
			"MobileFirst 7 at Curity", mobileFirst7,
			map[string]http.HandlerFunc{"/.well-known/openid-configuration": says(200, `{"issuer":"https://as.test","introspection_endpoint":"https://as.test/oauth/v2/oauth-introspect"}`)},
			`names the introspection endpoint "https://as.test/oauth/v2/oauth-introspect": core.Curity fits`, true,
		},
		{
			"metadata without an introspection endpoint", mobileFirst7,
			map[string]http.HandlerFunc{"/.well-known/openid-configuration": says(200, `{"issuer":"https://as.test"}`)},
			`; URL/.well-known/openid-configuration names no introspection endpoint: core.RFC7662 fits, if this server has one`, true,
		},
		// What shows nothing.
		{"nothing anywhere", mobileFirst8, nil, "", true},
		{"a page everywhere", mobileFirst7, map[string]http.HandlerFunc{
			place8: says(401, "no", "WWW-Authenticate: Bearer"), place7: says(401, "no", "WWW-Authenticate: Bearer"), "/.well-known/openid-configuration": says(200, "<html>"),
		}, "", true},
		{"the server's own kind", mobileFirst8, map[string]http.HandlerFunc{token8: granted, place8: says(403, "", `WWW-Authenticate: Bearer scope="authorization.introspect"`)}, "", false},
		{"a demand for Basic beside another", rfc7662(place8), map[string]http.HandlerFunc{place8: says(401, "", "WWW-Authenticate: Bearer", "WWW-Authenticate: Basic")}, "", true},
		{"no challenge", rfc7662(place8), map[string]http.HandlerFunc{place8: says(401, "")}, "", true},
		{"no challenge elsewhere", mobileFirst7, map[string]http.HandlerFunc{place8: says(401, "")}, "", true},
		{"a wrong secret", rfc7662("/x"), map[string]http.HandlerFunc{"/x": says(401, `{"error":"invalid_client"}`, "WWW-Authenticate: Basic")}, "", false},
		{"an outage", rfc7662("/x"), map[string]http.HandlerFunc{"/x": says(503, "")}, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &stranger{answers: tt.answers}
			srv := httptest.NewServer(s)
			defer srv.Close()
			err := verifier(t, tt.config(srv.URL)).Ready(t.Context())
			if err == nil {
				t.Fatal("ready")
			}
			text := strings.ReplaceAll(err.Error(), srv.URL, "URL")
			if !strings.Contains(text, tt.want) || strings.Contains(text, "\n") || tt.want == "" && strings.Contains(text, " fits") {
				t.Errorf("got  %s\nwant %s", text, tt.want)
			}
			looked := false
			for _, r := range s.seen {
				looked = looked || strings.HasPrefix(r, "GET /.well-known/")
			}
			if looked != tt.looks {
				t.Errorf("looked %v, want %v: %q", looked, tt.looks, s.seen)
			}
		})
	}
}

// SV-02: a look sends no credentials and no token but the probe, and comes once a minute at most.
func TestLooksAreFewAndBare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stranger{answers: map[string]http.HandlerFunc{}}
		v := verifier(t, core.Config{
			Profile:  core.RFC7662(core.RFC7662Config{IntrospectionURL: "https://as.test/oauth/introspect", AnyAudience: true, ClientAuth: tokensource.Post}),
			ClientID: "rs1", ClientSecret: canarySecret, Transport: served(s),
		})
		var ready sync.WaitGroup
		for range 20 {
			ready.Go(func() { _ = v.Ready(t.Context()) })
		}
		ready.Wait()
		authorize(t.Context(), v, bearer(canaryToken), core.Authenticated())
		var looks []string
		for _, r := range s.seen {
			if !strings.HasPrefix(r, "POST /oauth/introspect ") {
				looks = append(looks, r)
			}
		}
		want := []string{
			"GET /.well-known/oauth-authorization-server",
			"GET /.well-known/openid-configuration",
			"GET /oauth/v2/oauth-anonymous/.well-known/openid-configuration",
			"POST /oauth/api/az/v1/introspection  token=mfpguard-readiness-probe",
			"POST /oauth/authorization/v1/token/validation  token=mfpguard-readiness-probe",
			"POST /mfp/api/az/v1/introspection  token=mfpguard-readiness-probe",
			"POST /mfp/authorization/v1/token/validation  token=mfpguard-readiness-probe",
		}
		if strings.Join(looks, "\n") != strings.Join(want, "\n") {
			t.Errorf("looked at %q", looks)
		}
		count := func() (n int) {
			for _, r := range s.seen {
				if strings.HasPrefix(r, "GET ") {
					n++
				}
			}
			return n
		}
		time.Sleep(59 * time.Second)
		if _ = v.Ready(t.Context()); count() != 3 {
			t.Errorf("a second look within a minute: %q", s.seen)
		}
		s.answers["/.well-known/openid-configuration"] = says(200, `{"issuer":"https://as.test","introspection_endpoint":"https://as.test/i"}`)
		time.Sleep(time.Second)
		for range 2 { // the second shows what the first saw
			if err := v.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "core.RFC7662 fits") || count() != 5 {
				t.Errorf("got %v after %d looks", err, count())
			}
		}
	})
}

// SV-02: a wrong address of the keys says nothing about the introspection endpoint.
func TestNoLookBecauseOfKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stranger{answers: map[string]http.HandlerFunc{
			"/.well-known/openid-configuration": says(200, `{"issuer":"https://as.test","introspection_endpoint":"https://as.public.test/oauth/introspect"}`),
		}}
		v := verifier(t, core.Config{
			Profile: core.RFC7662(core.RFC7662Config{
				IntrospectionURL: "https://as.test/oauth/introspect", AnyAudience: true, Issuer: "https://as.test",
				JWTAnswers: &core.JWTAnswers{JWKSURL: "https://as.test/wrong"},
			}),
			ClientID: "rs1", ClientSecret: "s3cret", Transport: served(s),
		})
		err := v.Ready(t.Context())
		if err == nil || !strings.Contains(err.Error(), "https://as.test/wrong") || strings.Contains(err.Error(), "fits") || len(s.seen) != 1 {
			t.Errorf("got %v, asked %q, want the address of the keys alone", err, s.seen)
		}
	})
}

// SV-02: looks cannot hurt: a server that hangs there holds Ready up for three seconds at most.
func TestLooksAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		s := &stranger{answers: map[string]http.HandlerFunc{
			"/.well-known/oauth-authorization-server": hang, "/.well-known/openid-configuration": hang,
			"/oauth/api/az/v1/introspection": hang, "/oauth/authorization/v1/token/validation": hang,
		}}
		v := verifier(t, core.Config{
			Profile:  core.RFC7662(core.RFC7662Config{IntrospectionURL: "https://as.test/oauth/introspect", AnyAudience: true}),
			ClientID: "rs1", ClientSecret: "s3cret", Transport: served(s),
		})
		begun := time.Now()
		err := v.Ready(t.Context())
		if took := time.Since(begun); err == nil || !strings.Contains(err.Error(), "answered 404") || took > 3200*time.Millisecond {
			t.Errorf("got %v after %v", err, took)
		}
	})
}

// SV-02: MobileFirst 8.0 as coretest plays it is recognised.
func TestReadyRecognisesCoretest(t *testing.T) {
	srv := coretest.New()
	v := verifier(t, core.Config{
		Profile:  core.RFC7662(core.RFC7662Config{IntrospectionURL: srv.BaseURL() + "/az/v1/introspection", AnyAudience: true}),
		ClientID: "test", ClientSecret: "test", Transport: srv.Transport(),
	})
	if err := v.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "it looks like MobileFirst 8.0") || !strings.Contains(err.Error(), "core.MobileFirst8 fits") {
		t.Errorf("got %v", err)
	}
}

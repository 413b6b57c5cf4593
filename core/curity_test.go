package core_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/internal/roundtrip"
	"github.com/mfpguard/mfpguard/tokensource"
)

const curityURL = "https://curity.example.com:8443/oauth/v2/oauth-introspect"

// curity returns a Verifier for a Curity server that answers as answer says, and what it was sent.
func curity(t testing.TB, c core.CurityConfig, answer func(*http.Request) *http.Response) (*core.Verifier, *[]string) {
	t.Helper()
	var sent []string
	c.IntrospectionURL, c.AnyAudience = curityURL, len(c.Audience) == 0
	v := verifier(t, core.Config{
		Profile: core.Curity(c), ClientID: "api:1", ClientSecret: "Password1",
		Transport: roundtrip.Func(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			sent = append(sent, fmt.Sprintf("%s %s\nAccept: %s\nAuthorization: %s\nContent-Type: %s\n\n%s", r.Method, r.URL,
				r.Header.Get("Accept"), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), body))
			return answer(r), nil
		}),
	})
	return v, &sent
}

func cached(r *http.Request, control, body string) *http.Response {
	res := response(r, 200, "application/json", body)
	res.Header.Set("Cache-Control", control)
	return res
}

// SV-01, SV-04, 17.C/C7, C13: what is sent, byte for byte.
func TestCurityQuestion(t *testing.T) {
	for _, tt := range []struct {
		config core.CurityConfig
		want   string
	}{
		{core.CurityConfig{}, "POST " + curityURL + "\nAccept: application/json\nAuthorization: Basic YXBpJTNBMTpQYXNzd29yZDE=\n" +
			"Content-Type: application/x-www-form-urlencoded\n\ntoken=a.b%2Bc"},
		{core.CurityConfig{ClientAuth: tokensource.Post}, "POST " + curityURL + "\nAccept: application/json\nAuthorization: \n" +
			"Content-Type: application/x-www-form-urlencoded\n\nclient_id=api%3A1&client_secret=Password1&token=a.b%2Bc"},
		{
			core.CurityConfig{Issuer: "https://curity.example.com", JWTAnswers: &core.JWTAnswers{JWKSURL: "https://curity.example.com/jwks"}},
			"POST " + curityURL + "\nAccept: application/jwt\nAuthorization: Basic YXBpJTNBMTpQYXNzd29yZDE=\n" +
				"Content-Type: application/x-www-form-urlencoded\n\ntoken=a.b%2Bc",
		},
	} {
		v, sent := curity(t, tt.config, func(r *http.Request) *http.Response {
			return cached(r, "max-age=299", `{"active":true,"sub":"alice","iss":"https://curity.example.com","scope":"read write","token_type":"bearer"}`)
		})
		p, d := authorize(t.Context(), v, bearer("a.b+c"), core.AllOf("read"))
		if user, _ := p.User(); d != nil || user.ID != "alice" {
			t.Errorf("user %+v, denial %+v", user, d)
		}
		if got := strings.Join(*sent, "\n---\n"); got != tt.want {
			t.Errorf("sent\n%s\nwant\n%s", got, tt.want)
		}
	}
}

// SV-04: an answer is not remembered for longer than max-age says, and no longer than CacheTTL.
func TestCurityMaxAge(t *testing.T) {
	for _, tt := range []struct {
		control string
		after   time.Duration
		calls   int
	}{
		{"max-age=10", 8*time.Second - 1, 1},
		{"max-age=10", 8 * time.Second, 2}, // HT-01: in the background
		{"max-age=10", 10 * time.Second, 2},
		{"max-age=0", 0, 2},
		{"max-age=3600", 47 * time.Second, 1},
		{"max-age=3600", time.Minute, 2},
		{"no-store", 47 * time.Second, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			v, sent := curity(t, core.CurityConfig{}, func(r *http.Request) *http.Response { return cached(r, tt.control, `{"active":true,"sub":"alice"}`) })
			for range 2 {
				if _, d := authorize(t.Context(), v, bearer("t"), core.Authenticated()); d != nil {
					t.Fatal(d.Cause)
				}
				synctest.Wait() // for a question in the background
				time.Sleep(tt.after)
			}
			if len(*sent) != tt.calls {
				t.Errorf("%s, again after %v: %d calls, want %d", tt.control, tt.after, len(*sent), tt.calls)
			}
		})
	}
}

// 17.C/C11, C12, C15, C16: the server's trouble and ours are no fault of the client.
func TestCurityTrouble(t *testing.T) {
	for status, hint := range map[int]string{
		401: "lacks the introspection capability", 403: "lacks the introspection capability", 404: "check the URL", 503: "", 204: "set CurityConfig.JWTAnswers",
	} {
		v, _ := curity(t, core.CurityConfig{}, func(r *http.Request) *http.Response { return response(r, status, "text/html", "") })
		if _, d := authorize(t.Context(), v, bearer("t"), core.Authenticated()); outcome(d) != "503" || !strings.Contains(d.Cause.Error(), hint) {
			t.Errorf("%d: %s, cause %v, want 503 and the hint %q", status, outcome(d), d.Cause, hint)
		}
	}
}

func TestCurityConfig(t *testing.T) {
	good := core.CurityConfig{IntrospectionURL: curityURL, Audience: []string{"api"}}
	keys := &core.JWTAnswers{JWKSURL: "https://curity.example.com/jwks"}
	for _, tt := range []struct {
		name   string
		change func(*core.CurityConfig)
		want   string
	}{
		{"good", func(*core.CurityConfig) {}, "<nil>"},
		{"good, with JWTs", func(c *core.CurityConfig) { c.JWTAnswers, c.Issuer = keys, "https://curity.example.com" }, "<nil>"},
		{"no URL", func(c *core.CurityConfig) { c.IntrospectionURL = "" }, "core: CurityConfig.IntrospectionURL is empty"},
		{"no audience", func(c *core.CurityConfig) { c.Audience = nil }, "core: CurityConfig.Audience is empty: name this service, or set AnyAudience to accept tokens that were issued for others"},
		{"an unknown way", func(c *core.CurityConfig) { c.ClientAuth = "digest" }, `core: CurityConfig.ClientAuth is "digest", want "basic", "basic-raw", "post" or "tls_client_auth"`},
		{"no issuer", func(c *core.CurityConfig) { c.JWTAnswers = keys }, `core: CurityConfig.Issuer is empty: it is the "iss" that the signed answers of the server must have`},
		{"no keys", func(c *core.CurityConfig) { c.JWTAnswers, c.Issuer = &core.JWTAnswers{}, "https://curity.example.com" }, "core: CurityConfig.JWTAnswers.JWKSURL is empty"},
		{"an audience of answers", func(c *core.CurityConfig) {
			c.JWTAnswers, c.Issuer = &core.JWTAnswers{JWKSURL: keys.JWKSURL, Audience: "x"}, "https://curity.example.com"
		}, "core: CurityConfig.JWTAnswers.Audience has no meaning: Curity's answers have the token's own aud, see CurityConfig.Audience"},
		{"a realm", func(c *core.CurityConfig) { c.Realm = "a\n" }, `core: CurityConfig.Realm has the character '\n', want printable ASCII`},
	} {
		c := good
		tt.change(&c)
		_, err := core.New(core.Config{Profile: core.Curity(c), ClientID: "api", ClientSecret: "s3cret"})
		if got := fmt.Sprint(err); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: got  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// The same for the signed answers of other servers.
func TestJWTAnswersConfig(t *testing.T) {
	source := tokensource.Static("own")
	for _, tt := range []struct {
		name    string
		issuer  string
		answers core.JWTAnswers
		source  *tokensource.Source
		want    string
	}{
		{"good", "https://as.example.com", core.JWTAnswers{JWKSURL: "https://as.example.com/jwks"}, nil, "<nil>"},
		{"no issuer", "", core.JWTAnswers{JWKSURL: "https://as.example.com/jwks"}, nil, `core: RFC7662Config.Issuer is empty: it is the "iss" that the signed answers of the server must have`},
		{"http", "https://as.example.com", core.JWTAnswers{JWKSURL: "http://as.example.com/jwks"}, nil, "core: RFC7662Config.JWTAnswers.JWKSURL is http:// to another host"},
		{"no name of ours", "https://as.example.com", core.JWTAnswers{JWKSURL: "https://as.example.com/jwks"}, source, "core: RFC7662Config.JWTAnswers.Audience is empty, and there is no Config.ClientID in its place"},
		{"a name of ours", "https://as.example.com", core.JWTAnswers{JWKSURL: "https://as.example.com/jwks", Audience: "us"}, source, "<nil>"},
	} {
		c := core.Config{Profile: core.RFC7662(core.RFC7662Config{
			IntrospectionURL: "https://as.example.com/introspect", AnyAudience: true, Issuer: tt.issuer, JWTAnswers: &tt.answers, TokenSource: tt.source,
		})}
		if tt.source == nil {
			c.ClientID, c.ClientSecret = "rs1", "s3cret"
		}
		_, err := core.New(c)
		if got := fmt.Sprint(err); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: got  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

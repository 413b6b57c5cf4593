package core_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/tokensource"
)

// SV-01: the requests of each profile on the wire, byte for byte. Each file of testdata/requests
// has all that a server gets about one token. What the server answers does not matter here.
func TestTranscripts(t *testing.T) {
	const (
		own  = `{"access_token":"CC","token_type":"Bearer","expires_in":3599,"scope":"authorization.introspect"}`
		gone = `{"active":false}`
		key  = `{"e":"AQAB","n":"AA","kty":"RSA"}`
	)
	answers := &core.JWTAnswers{JWKSURL: "http://127.0.0.1:1/jwks"}
	for name, tt := range map[string]struct {
		credentials string
		answers     []string
		config      func(server string) core.Config
	}{
		"mobilefirst8": {t1, []string{own, gone}, func(server string) core.Config {
			return core.Config{Profile: core.MobileFirst8(server + "/mfp/api"), ClientID: "test", ClientSecret: "test"}
		}},
		"mobilefirst7": {"a.b.c", []string{gone}, func(server string) core.Config {
			return core.Config{Profile: core.MobileFirst7(core.MobileFirst7Config{BaseURL: server + "/mfp"})}
		}},
		"mobilefirst7-id-token": {"a.b.c d.e+f", []string{gone}, func(server string) core.Config {
			return core.Config{Profile: core.MobileFirst7(core.MobileFirst7Config{BaseURL: server + "/mfp"})}
		}},
		"mobilefirst7-gateway": {"a.b.c", []string{gone}, func(server string) core.Config {
			p := core.MobileFirst7(core.MobileFirst7Config{BaseURL: server + "/mfp", ClientAuth: tokensource.BasicRaw})
			return core.Config{Profile: p, ClientID: "gateway", ClientSecret: "s3cret%"}
		}},
		"mobilefirst7-offline": {"eyJhbGciOiJSUzI1NiJ9.e30.AAAA", []string{key}, func(server string) core.Config {
			return core.Config{Profile: core.MobileFirst7(core.MobileFirst7Config{BaseURL: server + "/mfp", Offline: true})}
		}},
		"curity": {"a.b+c", []string{gone}, func(server string) core.Config {
			return credentials(core.Curity(core.CurityConfig{IntrospectionURL: server + "/oauth/v2/oauth-introspect", AnyAudience: true}))
		}},
		"curity-form": {"a.b+c", []string{gone}, func(server string) core.Config {
			return credentials(core.Curity(core.CurityConfig{
				IntrospectionURL: server + "/oauth/v2/oauth-introspect", AnyAudience: true, ClientAuth: tokensource.Post,
			}))
		}},
		"curity-jwt": {"a.b+c", []string{gone}, func(server string) core.Config {
			return credentials(core.Curity(core.CurityConfig{
				IntrospectionURL: server + "/oauth/v2/oauth-introspect", AnyAudience: true, Issuer: server, JWTAnswers: answers,
			}))
		}},
		"rfc7662": {"a.b+c", []string{gone}, func(server string) core.Config {
			return credentials(core.RFC7662(core.RFC7662Config{IntrospectionURL: server + "/oauth2/introspect", AnyAudience: true}))
		}},
		"rfc7662-form": {"a.b+c", []string{gone}, func(server string) core.Config {
			return credentials(core.RFC7662(core.RFC7662Config{
				IntrospectionURL: server + "/oauth2/introspect", AnyAudience: true, ClientAuth: tokensource.Post,
			}))
		}},
		"rfc7662-jwt": {"a.b+c", []string{gone}, func(server string) core.Config {
			return credentials(core.RFC7662(core.RFC7662Config{
				IntrospectionURL: server + "/oauth2/introspect", AnyAudience: true, Issuer: server, JWTAnswers: answers,
			}))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := transcript(t, tt.credentials, tt.answers, tt.config)
			want, err := os.ReadFile("testdata/requests/" + name + ".txt")
			if err != nil || got != string(want) {
				t.Errorf("%v, got\n%s\nwant\n%s", err, got, want)
			}
		})
	}
}

// credentials are those of RFC 6749 section 2.3.1 that need encoding.
func credentials(p core.Profile) core.Config {
	return core.Config{Profile: p, ClientID: "rs 1", ClientSecret: "s3cret%"}
}

// transcript asks about one token, and returns the requests that the server gets, with "\n" for
// "\r\n" and another host.
func transcript(t *testing.T, credentials string, answers []string, config func(server string) core.Config) string {
	t.Helper()
	var got bytes.Buffer
	var first sync.Once
	done := make(chan struct{})
	record := func(c net.Conn) {
		defer close(done)
		r := bufio.NewReader(io.TeeReader(c, &got))
		for _, answer := range answers {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return
			}
			got.WriteString("\n\n")
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer)
		}
	}
	addr := listen(t, func(c net.Conn) { first.Do(func() { record(c) }) }) // what is repeated is not recorded
	authorize(t.Context(), verifier(t, config("http://"+addr)), bearer(credentials), core.Authenticated())
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("the server was not asked all that the transcript has")
	}
	return strings.ReplaceAll(strings.ReplaceAll(got.String(), "\r\n", "\n"), addr, "server.example.com")
}

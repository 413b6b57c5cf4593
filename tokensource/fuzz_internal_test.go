package tokensource

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// FuzzDecode feeds token answers: whatever comes, there is an error or a token that can be used, and never both.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"access_token":"eyJ","token_type":"Bearer","expires_in":3599,"scope":"a b"}`,
		`{"access_token":"a\r\nX: 1","token_type":"Bearer","expires_in":3599}`,
		`{"access_token":"a","token_type":"bearer","expires_in":"3599"}`,
		`{"access_token":"a","token_type":"bearer","expires_in":1e999,"scope":null}`,
		`{"access_token":"a","token_type":"bearer","expires_in":-9223372036854775808}`,
		`{"access_token":"a","token_type":"mac"}`,
		`{"access_token":"a","access_token":"b","token_type":"Bearer"}`,
		`{"error":"invalid_client","error_description":"\u001b[31m"}`,
		`{"errorCode":"INVALID_CLIENT_ID","errorMsg":"x"}`,
		`null`, `[]`, ``, `<html>`, "{\"access_token\":\"\xff\"}",
	} {
		f.Add(200, seed, "")
		f.Add(400, seed, "7")
	}
	sent := time.Unix(1_800_000_000, 0)
	g := &clientCredentials{url: "https://as.test/token"}
	strict := &clientCredentials{url: "https://as.test/token", complete: true}
	f.Fuzz(func(t *testing.T, status int, body, retryAfter string) {
		res := &endpoint.Response{Status: status, Body: []byte(body), Header: http.Header{"Retry-After": {retryAfter}}, Sent: sent}
		tok, err := g.decode(res, "a")
		if err != nil {
			if tok != (Token{}) {
				t.Errorf("%q: a token beside the error %v", body, err)
			}
			e, ok := err.(*EndpointError)
			if !ok || e.RetryAfter < 0 || e.RetryAfter > maxRetryAfter || len(e.Error()) > 1000 || strings.ContainsFunc(e.Error(), isControl) {
				t.Errorf("%q: error %q", body, err)
			}
			return
		}
		life := tok.ExpiresAt.Sub(sent)
		if status != http.StatusOK || life < time.Second || life > maxLifetime || !headerSafe(string(tok.AccessToken)) {
			t.Errorf("%d %q: token %q for %v", status, body, string(tok.AccessToken), life)
		}
		if _, err := strict.decode(res, "a"); (err == nil) != (missingScope(tok.Scope, "a") == "") {
			t.Errorf("%q: scope %q, and the error where all of it is needed is %v", body, tok.Scope, err)
		}
		if err := (&http.Request{Header: http.Header{"Authorization": {"Bearer " + string(tok.AccessToken)}}}).Write(io.Discard); err != nil && strings.Contains(err.Error(), "header") {
			t.Errorf("%q: net/http refuses the token: %v", body, err)
		}
	})
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

package introspect

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

// SV-04: the Content-Type decides what an answer of Curity is.
func TestCurityAnswers(t *testing.T) {
	s := newSigner(t)
	token := func(change map[string]any) map[string]any {
		c := claimsOf(map[string]any{"scope": "read", "sub": "alice", "exp": time.Now().Add(time.Hour).Unix(), "token_introspection": nil})
		for name, v := range change {
			c[name] = v
		}
		return c
	}
	good := s.sign(t, "at+jwt", token(nil))
	for _, tt := range []struct {
		name             string
		asked            bool // for a JWT
		status           int
		kind, body, want string
	}{
		{"C7: JSON", false, 200, mediaJSON, `{"active":true,"sub":"alice","scope":"read"}`, "active"},
		{"C8: JSON, inactive", false, 200, mediaJSON, `{"active":false}`, "inactive"},
		{"C9: a JWT", true, 200, mediaJWT, good, "active"},
		{"C9: without typ", true, 200, mediaJWT, s.sign(t, "", token(nil)), "active"},
		{"C9: a JWT that says active", true, 200, mediaJWT, s.sign(t, "JWT", token(map[string]any{"active": true})), "active"},
		{"C9: a JWT that says inactive", true, 200, mediaJWT, s.sign(t, "JWT", token(map[string]any{"active": false})), `"active"`},
		{"C9: a JWT whose active is a text", true, 200, mediaJWT, s.sign(t, "JWT", token(map[string]any{"active": "false"})), `"active"`},
		{"C9: another typ", true, 200, mediaJWT, s.sign(t, "logout+jwt", token(nil)), `"typ"`},
		{"C9: another issuer", true, 200, mediaJWT, s.sign(t, "at+jwt", token(map[string]any{"iss": "https://evil.invalid"})), "another issuer"},
		{"C9: a flipped bit", true, 200, mediaJWT, flipped(good), "cannot be trusted"},
		{"C9: unsigned", true, 200, mediaJWT, unsigned(token(nil)), "cannot be trusted"},
		{"C10: 204", true, 204, "", "", "inactive"},
		{"C10: 204 to a question for JSON", false, 204, "", "", "status"},
		{"a JWT to a question for JSON", false, 200, mediaJWT, good, "Content-Type"},
		{"C17: JSON although a JWT was asked for", true, 200, mediaJSON, `{"active":true,"sub":"alice"}`, "active"},
		{"C17: JSON, inactive", true, 200, mediaJSON, `{"active":false}`, "inactive"},
		{"HTML", true, 200, "text/html", "<p>", "Content-Type"},
		{"C11", true, 401, mediaJSON, `{"error":"invalid_client"}`, "status"},
		{"C12", true, 403, mediaJSON, `{}`, "status"},
		{"C14", true, 400, mediaJSON, `{"error":"invalid_request"}`, "status"},
		{"C15", true, 404, "text/html", "", "status"},
		{"C16", true, 503, "text/html", "", "status"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := s.verifier()
			if !tt.asked {
				v = nil
			}
			r, err := NewCurity("https://as.invalid/oauth-introspect", "api", nil).read(t.Context(), answerWith(tt.status, tt.kind, tt.body), v)
			wantReading(t, r, err, tt.want)
			if err == nil && r.in.Active && r.in.Subject() != "alice" {
				t.Errorf("the subject is %q", r.in.Subject())
			}
		})
	}
}

// SV-04: Curity says in "purpose" what a token is for. Only an access token is one, in JSON and in a
// JWT.
func TestCurityPurpose(t *testing.T) {
	s := newSigner(t)
	for _, tt := range []struct {
		purpose any // nil for none
		want    Use
		unread  bool
	}{
		{nil, UseAccess, false},
		{"access_token", UseAccess, false},
		{"payment", UseAccess, false}, // a claim of the operator's own
		{"id", UseID, false},
		{"id_token", UseID, false},
		{"refresh_token", UseRefresh, false},
		{7, UseAccess, true},
	} {
		claims := claimsOf(map[string]any{"sub": "alice", "active": true, "purpose": tt.purpose, "token_introspection": nil})
		body, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		for kind, text := range map[string]string{mediaJSON: string(body), mediaJWT: s.sign(t, "JWT", claims)} {
			r, err := NewCurity("https://as.invalid/oauth-introspect", "api", nil).read(t.Context(), answerWith(200, kind, text), s.verifier())
			if (err != nil) != tt.unread || err == nil && r.in.Use != tt.want {
				t.Errorf("%s, purpose %v: %+v, %v, want the use %v", kind, tt.purpose, r.in, err, tt.want)
			}
		}
	}
}

// SV-04: max-age bounds for how long an answer is remembered.
func TestMaxAge(t *testing.T) {
	for _, tt := range []struct {
		fields []string
		want   time.Duration // KeepFor
	}{
		{nil, 0},
		{[]string{"no-store"}, 0},
		{[]string{"max-age=299"}, 299 * time.Second},
		{[]string{"no-transform, Max-Age=5"}, 5 * time.Second},
		{[]string{`max-age="7"`}, 7 * time.Second},
		{[]string{"max-age=60", "max-age=30, max-age=90"}, 30 * time.Second},
		{[]string{"max-age=0"}, -1},
		{[]string{"max-age=-1"}, -1},
		{[]string{"max-age"}, -1},
		{[]string{"s-maxage=9"}, 0},
	} {
		res := answerWith(200, mediaJSON, `{"active":true}`)
		res.Header["Cache-Control"] = tt.fields
		r, err := NewCurity("https://as.invalid/oauth-introspect", "api", nil).read(t.Context(), res, nil)
		if err != nil || r.in.KeepFor != tt.want {
			t.Errorf("%q: KeepFor is %v, error %v, want %v", tt.fields, r.in.KeepFor, err, tt.want)
		}
	}
	inactive := answerWith(http.StatusOK, mediaJSON, `{"active":false}`)
	inactive.Header.Set("Cache-Control", "max-age=5")
	if r, err := NewCurity("", "", nil).read(t.Context(), inactive, nil); err != nil || r.in.KeepFor != 0 {
		t.Errorf("an inactive answer: %+v, %v", r.in, err)
	}
}

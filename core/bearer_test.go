package core_test

import (
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// t1 has every kind of character that a bearer token may have.
const t1 = "tokA1-b2.c3_d4~e5+f6/g7=="

const active = `{"active":true,"scope":"read write","client_id":"c1","username":"anonymous"}`

func TestCredentials(t *testing.T) {
	long := strings.Repeat("a", 8192)
	for _, tt := range []struct {
		name   string
		values []string
		want   string
		token  string // as the server was asked about it; "" for not at all
	}{
		{"the token arrives byte for byte", []string{"Bearer " + t1}, "ok", t1},                                      // BT-01
		{"the scheme in lower case", []string{"bearer " + t1}, "ok", t1},                                             // BT-02
		{"the scheme in upper case", []string{"BEARER " + t1}, "ok", t1},                                             // BT-02
		{"the scheme in mixed case", []string{"bEaReR " + t1}, "ok", t1},                                             // BT-02
		{"several blanks between scheme and token", []string{"Bearer   " + t1}, "ok", t1},                            // BT-03
		{"a tab between scheme and token", []string{"Bearer\t" + t1}, invalidToken, ""},                              // BT-04, A45
		{"a blank and a tab between scheme and token", []string{"Bearer \t" + t1}, invalidToken, ""},                 // BT-04
		{"a no-break space between scheme and token", []string{"Bearer\u00a0" + t1}, invalidToken, ""},               // A45
		{"no blank behind the scheme", []string{"Bearer" + "tokA1"}, noToken, ""},                                    // BT-05, A44
		{"a slash, which tokens may have, for the blank", []string{"Bearer/abc"}, invalidToken, ""},                  // BT-05
		{"a longer scheme", []string{"Bearerx " + t1}, noToken, ""},                                                  // BT-05, A44
		{"a scheme that ends in Bearer", []string{"xBearer " + t1}, noToken, ""},                                     // BT-05
		{"the scheme alone", []string{"Bearer"}, invalidToken, ""},                                                   // BT-06
		{"the scheme and a blank", []string{"Bearer "}, invalidToken, ""},                                            // BT-06
		{"two tokens", []string{"Bearer " + t1 + " T2"}, invalidToken, ""},                                           // BT-07
		{"a token and a parameter", []string{"Bearer " + t1 + " x=y"}, invalidToken, ""},                             // BT-07
		{"a parameter instead of a token", []string{`Bearer token="x"`}, invalidToken, ""},                           // BT-07
		{"two credentials joined by comma and blank", []string{"Bearer " + t1 + ", Bearer T2"}, invalidRequest, ""},  // BT-08, D6
		{"two credentials joined by a comma", []string{"Bearer " + t1 + ",Bearer T2"}, invalidRequest, ""},           // BT-08, D6
		{"a bearer joined with another scheme", []string{"Bearer " + t1 + ", Basic dTpw"}, invalidRequest, ""},       // A41
		{"another scheme joined with a bearer", []string{"Basic dTpw, Bearer " + t1}, invalidRequest, ""},            // A41
		{"another scheme joined with a lower-case bearer", []string{"Basic dTpw,bearer " + t1}, invalidRequest, ""},  // A41
		{"an empty field joined with a bearer", []string{", Bearer " + t1}, invalidRequest, ""},                      // BT-11 merged by a proxy
		{"a bearer in a quoted parameter of another scheme", []string{`Digest username="a, Bearer b"`}, noToken, ""}, // BT-13
		{"a quoted pair does not end the quotes", []string{`Digest username="a\", Bearer b"`}, noToken, ""},          // BT-13
		{"a bearer behind a quoted parameter", []string{`Digest username="a", Bearer b`}, invalidRequest, ""},        // A41
		{"a trailing comma, as one iOS client sends it", []string{"Bearer " + t1 + ","}, invalidToken, ""},           //
		{"two lines", []string{"Bearer " + t1, "Bearer T2"}, invalidRequest, ""},                                     // BT-09, A40
		{"two equal lines", []string{"Bearer " + t1, "Bearer " + t1}, invalidRequest, ""},                            // BT-09
		{"two lines of different schemes", []string{"Bearer " + t1, "Basic dTpw"}, invalidRequest, ""},               // BT-10
		{"two lines, bearer last", []string{"Basic dTpw", "Bearer " + t1}, invalidRequest, ""},                       // BT-10
		{"two lines, Bearer and DPoP", []string{"Bearer " + t1, "DPoP " + t1}, invalidRequest, ""},                   // DP-14
		{"an empty line before the token's", []string{"", "Bearer " + t1}, invalidRequest, ""},                       // BT-11, A42
		{"an empty line behind the token's", []string{"Bearer " + t1, ""}, invalidRequest, ""},                       // BT-11
		{"two empty lines", []string{"", ""}, invalidRequest, ""},                                                    // BT-11
		{"no line", nil, noToken, ""},                                                                         // BT-44
		{"an empty line", []string{""}, noToken, ""},                                                          // BT-23
		{"a line of white space", []string{" \t "}, noToken, ""},                                              // BT-23
		{"another scheme", []string{"Basic dTpw"}, noToken, ""},                                               // BT-12
		{"bearer inside the credentials of another scheme", []string{"Basic dTpw bearer " + t1}, noToken, ""}, // BT-13, A43
		{"our token under the scheme Token", []string{"Token " + t1}, noToken, ""},                            // BT-56
		{"our token under the scheme MAC", []string{`MAC id="` + t1 + `"`}, noToken, ""},                      // BT-56
		{"our token under the scheme DPoP", []string{"DPoP " + t1}, noToken, ""},                              // DP-18, DP-22
		{"the token without a scheme", []string{t1}, noToken, ""},                                             // BT-05
		{"the whole alphabet", []string{"Bearer AZaz09-._~+/=="}, "401 alphabet", "AZaz09-._~+/=="},           // BT-14
		{"padding before the end", []string{"Bearer a=b"}, invalidToken, ""},                                  // BT-16
		{"one padding character alone", []string{"Bearer ="}, invalidToken, ""},                               // BT-16
		{"padding alone", []string{"Bearer ==="}, invalidToken, ""},                                           // BT-16
		{"a quote", []string{`Bearer a"b`}, invalidToken, ""},                                                 // BT-15
		{"a semicolon", []string{"Bearer a;b"}, invalidToken, ""},                                             // BT-15
		{"a percent sign", []string{"Bearer a%20b"}, invalidToken, ""},                                        // BT-15
		{"an ampersand", []string{"Bearer abc&token_type_hint=refresh_token&token=evil"}, invalidToken, ""},   // BT-15, A52
		{"a backslash", []string{`Bearer a\b`}, invalidToken, ""},                                             // BT-15
		{"a brace", []string{"Bearer a{b"}, invalidToken, ""},                                                 // BT-15
		{"a colon", []string{"Bearer a:b"}, invalidToken, ""},                                                 // BT-15
		{"a bar", []string{"Bearer a|b"}, invalidToken, ""},                                                   // BT-15
		{"a letter with an accent", []string{"Bearer é"}, invalidToken, ""},                                   // BT-15
		{"a byte that is not UTF-8", []string{"Bearer a\xe9b"}, invalidToken, ""},                             // BT-15
		{"NUL", []string{"Bearer T\x001"}, invalidToken, ""},                                                  // BT-17
		{"a carriage return", []string{"Bearer T\r1"}, invalidToken, ""},                                      // BT-17
		{"a line feed", []string{"Bearer T\n1"}, invalidToken, ""},                                            // BT-17
		{"DEL", []string{"Bearer T\x7f1"}, invalidToken, ""},                                                  // BT-17
		{"white space around", []string{" \tBearer " + t1 + "  \t"}, "ok", t1},                                // BT-18
		{"the longest token", []string{"Bearer " + long}, "401 alphabet", long},                               // BT-22
		{"one byte too long", []string{"Bearer " + long + "a"}, invalidToken, ""},                             // BT-21
		{"a million dots", []string{"Bearer " + strings.Repeat(".", 1e6)}, invalidToken, ""},                  // A58
		{"a million commas", []string{"Basic " + strings.Repeat(",", 1e6)}, noToken, ""},                      // A58
		{"a token that looks like a JWT is not decoded", []string{"Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."}, "ok", // IN-96, MFP-20
			"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := coretest.New()
			srv.SetAnswer(t1, active)
			srv.SetAnswer("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.", active)
			v := mobileFirst(t, srv)
			p, d := authorize(t.Context(), v, tt.values, core.Authenticated())
			want := strings.ReplaceAll(tt.want, "401 alphabet", invalidToken) // the server does not know it
			if got := outcome(d); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if accepted := p.ClientID() == "c1"; accepted != (want == "ok") {
				t.Errorf("the principal is %v", p)
			}
			var token string
			for _, r := range srv.Requests(coretest.Introspection) {
				token += r.Form.Get("token")
			}
			if token != tt.token {
				t.Errorf("the server was asked about %.60q, want %.60q", token, tt.token)
			}
		})
	}
}

// BT-21: what is refused unseen costs no memory to speak of, however long it is.
func TestOversizeTokenCostsNothing(t *testing.T) {
	v := mobileFirst(t, coretest.New())
	values := bearer(strings.Repeat(".", 1e6))
	guard, err := v.Guard(core.AllOf("read"))
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { guard.Authorize(t.Context(), core.Request{Authorization: values}) }); n > 6 {
		t.Errorf("a refusal allocates %v times, want a denial and its header only", n)
	}
}

// BT-58, BT-11: optional authentication waives absence, and nothing else.
func TestOptional(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []string
		prep   func(*coretest.Server)
		want   string
		is     string
	}{
		{name: "no token passes as anonymous", want: "ok"},
		{name: "another scheme passes as anonymous", values: []string{"Basic dTpw"}, want: "ok"},
		{name: "an empty line passes as anonymous", values: []string{""}, want: "ok"},
		{name: "a good token is known", values: bearer(t1), want: "ok", is: "c1"},
		{name: "a bad token is refused", values: bearer("bad"), want: invalidToken},
		{name: "a malformed token is refused", values: bearer("a b"), want: invalidToken},
		{name: "the scheme alone is refused", values: []string{"Bearer"}, want: invalidToken},
		{name: "an empty first line hides nothing", values: []string{"", "Bearer " + t1}, want: invalidRequest},
		{name: "joined credentials are refused", values: []string{"Basic x, Bearer " + t1}, want: invalidRequest},
		{name: "an outage is no way in", values: bearer(t1), prep: (*coretest.Server).Down, want: "503"},
		{
			name: "a conflict is no way in", values: bearer(t1), want: "409",
			prep: func(s *coretest.Server) { s.Conflict(1) },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := coretest.New()
			srv.SetAnswer(t1, active)
			if tt.prep != nil {
				tt.prep(srv)
			}
			p, d := authorize(t.Context(), mobileFirst(t, srv), tt.values, core.AllOf("read").Optional())
			if got := outcome(d); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if p.ClientID() != tt.is {
				t.Errorf("the principal is %q, want %q", p.ClientID(), tt.is)
			}
			if _, ok := core.FromContext(core.NewContext(t.Context(), p)); ok != (tt.is != "") {
				t.Errorf("FromContext finds somebody: %v", ok)
			}
		})
	}
	t.Run("a token without the scope is refused", func(t *testing.T) {
		srv := coretest.New()
		srv.SetAnswer(t1, active)
		_, d := authorize(t.Context(), mobileFirst(t, srv), bearer(t1), core.AllOf("admin").Optional())
		if got, want := outcome(d), `403 Bearer error="insufficient_scope", scope="admin"`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

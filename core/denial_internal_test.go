package core

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/tokensource"
)

// The whole answer for each cause, byte for byte, under both profiles (BT-41, BT-42, BT-44 to BT-47, BT-53, BT-61, MFP-09 to MFP-15, D4,
// D6, and what MobileFirst clients were seen to accept). Every refusal has exactly one challenge, or none.
func TestDenial(t *testing.T) {
	const noStore, isJSON = "Cache-Control: no-store\n", "Content-Type: application/json\n"
	later := &EndpointError{Endpoint: "introspection", URL: "https://as.invalid", Status: 429, RetryAfter: 7 * time.Second}
	for _, tt := range []struct {
		name     string
		cause    error
		need     Requirement
		status   int
		mfp, rfc string // header fields besides the two that every answer has
		body     string
	}{
		{
			"no credentials", ErrNoToken, Authenticated(), 401,
			"WWW-Authenticate: Bearer\n", "WWW-Authenticate: Bearer realm=\"api\"\n", `{"error":"missing_token"}`,
		},
		{
			"malformed", ErrMalformed, Authenticated(), 401,
			"WWW-Authenticate: Bearer error=\"invalid_token\"\n", "WWW-Authenticate: Bearer realm=\"api\", error=\"invalid_token\"\n", `{"error":"invalid_token"}`,
		},
		{
			"inactive", errInactive, AllOf("admin"), 401,
			"WWW-Authenticate: Bearer error=\"invalid_token\"\n", "WWW-Authenticate: Bearer realm=\"api\", error=\"invalid_token\"\n", `{"error":"invalid_token"}`,
		},
		{
			"ambiguous", ErrAmbiguous, Authenticated(), 400,
			"WWW-Authenticate: Bearer error=\"invalid_request\"\n", "WWW-Authenticate: Bearer realm=\"api\", error=\"invalid_request\"\n", `{"error":"invalid_request"}`,
		},
		{
			"one scope", ErrInsufficientScope, AllOf("accessRestricted"), 403,
			"WWW-Authenticate: Bearer error=\"insufficient_scope\", scope=\"accessRestricted\"\n",
			"WWW-Authenticate: Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"accessRestricted\"\n", `{"error":"insufficient_scope"}`,
		},
		{
			"two scopes", ErrInsufficientScope, AllOf("b", "a"), 403,
			"WWW-Authenticate: Bearer error=\"insufficient_scope\", scope=\"b a\"\n",
			"WWW-Authenticate: Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"b a\"\n", `{"error":"insufficient_scope"}`,
		},
		{"conflict", ErrConflict, Authenticated(), 409, "MFP-Conflict: true\n", "", `{"error":"conflict"}`}, // of no other server,
		{"unavailable", ErrUnavailable, Authenticated(), 503, "Retry-After: 5\n", "Retry-After: 5\n", `{"error":"temporarily_unavailable"}`},
		{
			"unavailable for a while", fmt.Errorf("%w: %w", ErrUnavailable, later), Authenticated(), 503,
			"Retry-After: 7\n", "Retry-After: 7\n", `{"error":"temporarily_unavailable"}`,
		},
		{"something else", errors.New("whatever"), Authenticated(), 503, "Retry-After: 5\n", "Retry-After: 5\n", `{"error":"temporarily_unavailable"}`},
		{
			"unavailable, for a reason with another name", fmt.Errorf("%w: %w", ErrUnavailable, ErrInvalidToken), Authenticated(), 503,
			"Retry-After: 5\n", "Retry-After: 5\n", `{"error":"temporarily_unavailable"}`,
		},
	} {
		for p, fields := range map[*Profile]string{&mfp: tt.mfp, &rfc: tt.rfc} {
			t.Run(p.field+": "+tt.name, func(t *testing.T) {
				d := denialOf(t, p, tt.cause, tt.need)
				got := fmt.Sprintf("%d\n", d.Status)
				for _, f := range d.Header {
					got += f.Name + ": " + f.Value + "\n"
				}
				got += d.Body
				if want := fmt.Sprintf("%d\n", tt.status) + noStore + isJSON + fields + tt.body; got != want {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
				if n := challenges(d); (d.Status == 401) && n != 1 || n > 1 { // BT-41, MFP-11
					t.Errorf("%d challenges", n)
				}
			})
		}
	}
}

// denialOf is what a Guard for need answers because of a cause.
func denialOf(t *testing.T, p *Profile, cause error, need Requirement) *Denial {
	t.Helper()
	g, err := (&Verifier{profile: *p}).Guard(need)
	if err != nil {
		t.Fatal(err)
	}
	return g.denials.of(cause)
}

func challenges(d *Denial) (n int) {
	for _, f := range d.Header {
		if strings.EqualFold(f.Name, "WWW-Authenticate") {
			n++
		}
	}
	return n
}

// A Denial belongs to the caller: changing one changes no other.
func TestDenialIsTheCallers(t *testing.T) {
	g, err := (&Verifier{profile: mfp}).Guard(Authenticated())
	if err != nil {
		t.Fatal(err)
	}
	a := g.denials.of(ErrNoToken)
	a.Header[0].Value = "public"
	a.Header = append(a.Header[:1], Field{"X", "y"})
	if got := g.denials.of(ErrNoToken).Header[0].Value; got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
}

func TestRetryAfterIsInWholeSecondsRoundedUp(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		0: "5", 1: "1", time.Second: "1", time.Second + 1: "2", 59500 * time.Millisecond: "60",
	} {
		err := fmt.Errorf("%w: %w", ErrUnavailable, &tokensource.EndpointError{RetryAfter: wait})
		if got := retryAfter(err); got != want {
			t.Errorf("%v: got %s, want %s", wait, got, want)
		}
	}
}

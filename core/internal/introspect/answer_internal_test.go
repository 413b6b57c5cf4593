package introspect

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// What each server makes of a whole answer. An error code counts only with the status that it comes with.
func TestRead(t *testing.T) {
	const active, foreign = `{"active":true}`, `{"error":"unsupported_token_type"}`
	for _, tt := range []struct {
		name, kind string
		status     int
		body       string
		mfp, rfc   string
	}{
		{"an answer", mediaJSON, 200, active, "active", "active"},
		{"an answer, with a charset and in capitals", "Application/JSON ; charset=utf-8", 200, active, "active", "active"},
		{"an answer of another type", "text/html", 200, active, "not JSON", "not JSON"},
		{"an answer without a type", "", 200, active, "not JSON", "not JSON"},
		{"a page that says that it is JSON", mediaJSON, 200, "<html>", "not JSON", "not JSON"},
		{"an answer that cannot be read", mediaJSON, 200, `{"active":1}`, "unreadable", "unreadable"},
		{"201", mediaJSON, 201, active, "status", "status"},
		{"500 with an answer", mediaJSON, 500, active, "status", "status"},
		{"a conflict", mediaJSON, 409, "", "conflict", "status"},
		{"400", mediaJSON, 400, `{"error":"invalid_request"}`, "status", "status"},
		{"400 for a token that is not stored", mediaJSON, 400, foreign, "status", "inactive"},
		{"401 with that code", mediaJSON, 401, foreign, "status", "status"},
		{"503 with that code", mediaJSON, 503, foreign, "status", "status"},
		{"200 with that code", mediaJSON, 200, foreign, "unreadable", "unreadable"},
	} {
		for name, want := range map[string]string{"MobileFirst8": tt.mfp, "RFC7662": tt.rfc} {
			res := &endpoint.Response{Status: tt.status, Header: http.Header{"Content-Type": {tt.kind}}, Body: []byte(tt.body)}
			r, err := both[name].read(t.Context(), res, nil)
			if got := outcome(r, err); got != want {
				t.Errorf("%s: %s: got %s, want %s (%v)", name, tt.name, got, want, err)
			}
		}
	}
}

// outcome is what a server made of an answer, in a word.
func outcome(r reading, err error) string {
	_, notJSON := errors.AsType[*notJSONError](err)
	switch {
	case err == errStatus:
		return "status"
	case err == ErrConflict:
		return "conflict"
	case notJSON:
		return "not JSON"
	case err != nil:
		return "unreadable"
	case r.in.Active:
		return "active"
	}
	return "inactive"
}

// What a status is about does not differ between the servers: the client is us, the token is the user's.
func TestSubject(t *testing.T) {
	about := map[int]subject{
		302: theEndpoint, 400: theToken, 401: theClient, 403: theClient, 404: theEndpoint, 408: theEndpoint, 409: theToken,
		413: theToken, 414: theToken, 422: theToken, 429: theEndpoint, 431: theToken, 500: theEndpoint, 503: theEndpoint,
	}
	for status, want := range about {
		for name, s := range both {
			if got := s.subject(status); got != want {
				t.Errorf("%s: %d is about %d, want %d", name, status, got, want)
			}
		}
	}
}

// RFC 6749 section 5.1: token_type has no case.
func TestTokenTypeHasNoCase(t *testing.T) {
	for value, want := range map[string]TokenType{
		"BEARER": TypeBearer, "bEaReR": TypeBearer, "dpop": TypeDPoP, "DPOP": TypeDPoP, "bearer ": TypeOther, "N_A": TypeOther,
	} {
		in, err := Decode(rfc, fmt.Appendf(nil, `{"active":true,"token_type":%q}`, value))
		if err != nil || in.TokenType != want {
			t.Errorf("%q: got %d and error %v, want %d", value, in.TokenType, err, want)
		}
	}
}

// What stands behind the answer in its buffer is not the decoder's to write on, and what is done to
// the buffer later changes no fact.
func TestDecodeLeavesTheBufferAlone(t *testing.T) {
	const body, behind = `{"active":true,"sub":"a\/b","aud":"x\/y"}`, "the next answer"
	buffer := []byte(body + behind)
	in, err := Decode(rfc, buffer[:len(body)])
	if err != nil {
		t.Fatal(err)
	}
	if got := string(buffer); got != body+behind {
		t.Errorf("the buffer is now %q", got)
	}
	clear(buffer)
	if got := fmt.Sprint(in.Answer(), in.Subject(), in.Audience); got != body+"a/b[x/y]" {
		t.Errorf("the facts are now %q", got)
	}
}

// IN-28: an answer with as many audiences as it can hold is read in one pass.
func TestDecodeIsQuickOnManyAudiences(t *testing.T) {
	for name, element := range map[string]string{"as they are": `"%d"`, "escaped": `"\u0061%d"`} {
		t.Run(name, func(t *testing.T) {
			var list []string
			for i := range 60_000 {
				list = append(list, fmt.Sprintf(element, i))
			}
			body := []byte(`{"active":true,"aud":[` + strings.Join(list, ",") + `]}`)
			begun := time.Now()
			in, err := Decode(rfc, body)
			took := time.Since(begun)
			if err != nil || len(in.Audience) != len(list) {
				t.Fatalf("got %d audiences and error %v", len(in.Audience), err)
			}
			if !strings.HasSuffix(in.Audience[59_999], "59999") || !slices.Contains(in.Audience, strings.NewReplacer(`"`, "", `\u0061`, "a").Replace(list[7])) {
				t.Errorf("the audiences are %q to %q", in.Audience[7], in.Audience[59_999])
			}
			if took > time.Second { // a search from the start for each would take many times as long
				t.Errorf("took %v", took)
			}
		})
	}
}

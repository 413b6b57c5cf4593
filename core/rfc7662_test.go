package core_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/tokensource"
)

// rfcVerifier is a Verifier whose server answers each question with status and body.
func rfcVerifier(t *testing.T, status int, body string) *core.Verifier {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(srv.Close)
	v, err := core.New(core.Config{
		Profile:  core.RFC7662(core.RFC7662Config{IntrospectionURL: srv.URL, AnyAudience: true}),
		ClientID: "orders", ClientSecret: "s3cret",
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestRFC7662User(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		user         core.User
		ok           bool
	}{
		{"a subject that is not the client", `{"active":true,"client_id":"c1","sub":"u1"}`, core.User{ID: "u1"}, true},
		{"a subject with a name", `{"active":true,"client_id":"c1","sub":"u1","username":"alice"}`, core.User{ID: "u1", DisplayName: "alice"}, true},
		{"a name only", `{"active":true,"client_id":"c1","username":"alice"}`, core.User{ID: "alice", DisplayName: "alice"}, true},
		{"a client that speaks for itself", `{"active":true,"client_id":"c1","sub":"c1"}`, core.User{}, false},
		{"neither subject nor name", `{"active":true,"client_id":"c1"}`, core.User{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, denial := authorize(t.Context(), rfcVerifier(t, 200, tt.answer), []string{"Bearer T1"}, core.Authenticated())
			if denial != nil {
				t.Fatal(denial.Cause)
			}
			got, ok := p.User()
			if got.ID != tt.user.ID || got.DisplayName != tt.user.DisplayName || ok != tt.ok {
				t.Errorf("got %+v, %v; want %+v, %v", got, ok, tt.user, tt.ok)
			}
		})
	}
}

// A 400 tells whose trouble it is by its code: only one of them is about the token.
func TestRFC7662BadRequest(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		cause      error
		code       tokensource.ErrorCode
	}{
		{"a token of a kind that the server does not store", `{"error":"unsupported_token_type"}`, core.ErrInvalidToken, ""},
		{"our request", `{"error":"invalid_request"}`, core.ErrUnavailable, tokensource.ErrInvalidRequest},
		{"our credentials", `{"error":"invalid_client"}`, core.ErrUnavailable, tokensource.ErrInvalidClient},
		{"a code that might be an echo of the token", `{"error":"abcdef"}`, core.ErrUnavailable, "unknown_error"},
		{"no code", `{}`, core.ErrUnavailable, ""},
		{"no JSON", `Bad Request`, core.ErrUnavailable, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, denial := authorize(t.Context(), rfcVerifier(t, 400, tt.body), []string{"Bearer abcdef"}, core.Authenticated())
			if denial == nil || !errors.Is(denial.Cause, tt.cause) {
				t.Fatalf("got %+v, want %v", denial, tt.cause)
			}
			if e, _ := errors.AsType[*core.EndpointError](denial.Cause); e != nil && e.Code != tt.code {
				t.Errorf("got code %q, want %q", e.Code, tt.code)
			}
		})
	}
}

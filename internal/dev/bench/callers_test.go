package main

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestCallersSeeWhatIsWrong(t *testing.T) {
	all := map[string]bool{goodToken: true, newToken: true, revokedToken: true, lackingToken: true, garbageToken: true}
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		wrong  map[string]bool
	}{
		{
			"everyone is let in", func(http.ResponseWriter, *http.Request) {},
			map[string]bool{revokedToken: true, lackingToken: true, garbageToken: true},
		},
		{
			"everyone gets 401", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
			map[string]bool{goodToken: true, newToken: true, lackingToken: true},
		},
		{
			"everyone gets 403", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
			map[string]bool{goodToken: true, newToken: true, revokedToken: true, garbageToken: true},
		},
		{"503 with Retry-After", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "5")
			w.WriteHeader(unavailable)
		}, map[string]bool{}},
		{"503 without Retry-After", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(unavailable) }, all},
		{"503 with a challenge", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "5")
			w.Header()["WWW-Authenticate"] = []string{"Bearer"}
			w.WriteHeader(unavailable)
		}, all},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(tt.answer)
			defer server.Close()
			c, got := newCallers(server.URL), map[string]bool{}
			for _, k := range kinds {
				if _, wrong := c.send(place{kind: k}, k.prefix+"token"); wrong {
					got[k.prefix] = true
				}
			}
			if !maps.Equal(got, tt.wrong) {
				t.Errorf("wrong for the kinds %v, want %v", got, tt.wrong)
			}
		})
	}
}

// The authorization server of the outage rules as the kinds of callers expect.
func TestTheFrailServerKnowsEachKind(t *testing.T) {
	for _, k := range kinds {
		want := map[int]string{http.StatusOK: activeAnswer, http.StatusUnauthorized: inactiveAnswer, http.StatusForbidden: lackingAnswer}[k.status]
		if got := verdictOn("token=" + k.prefix + "abc&token_type_hint=access_token"); got != want {
			t.Errorf("kind %q: %s, want %s", k.prefix, got, want)
		}
	}
	if lackingAnswer == activeAnswer {
		t.Error("the token that lacks the scope has it")
	}
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

const maxForm = 64 << 10

// newHandler adds the endpoints below /dev to srv.
func newHandler(srv *coretest.Server, p *profile) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", srv)
	mux.HandleFunc("POST /dev/mint", func(w http.ResponseWriter, r *http.Request) {
		form, err := readForm(w, r, "scope", "user", "lifetime", "jwt")
		if err != nil {
			fail(w, err)
			return
		}
		minted, err := p.mintForm(srv, form)
		if err != nil {
			fail(w, err)
			return
		}
		answer(w, http.StatusOK, minted)
	})
	mux.HandleFunc("POST /dev/revoke", func(w http.ResponseWriter, r *http.Request) {
		form, err := readForm(w, r, "token")
		switch {
		case err != nil:
			fail(w, err)
		case form.Get("token") == "":
			fail(w, errors.New("token is missing"))
		default:
			for _, token := range strings.Fields(form.Get("token")) { // two of MobileFirst 7
				srv.Revoke(token)
			}
			w.WriteHeader(http.StatusNoContent)
		}
	})
	return mux
}

// readForm returns the form of a request. Fields with other names are an error.
func readForm(w http.ResponseWriter, r *http.Request, names ...string) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	known := make(map[string]bool)
	for _, n := range names {
		known[n] = true
	}
	for n, values := range r.Form {
		if !known[n] || len(values) > 1 {
			return nil, fmt.Errorf("%q is not known or not alone, want at most one of each of %q", n, names)
		}
	}
	return r.Form, nil
}

// minted is the answer of a token endpoint, and the user of the token.
type minted struct {
	AccessToken string `json:"access_token"`
	IDToken     string `json:"id_token,omitempty"` // of MobileFirst 7
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
	User        string `json:"user,omitempty"`
}

func (p *profile) mintForm(srv *coretest.Server, form url.Values) (minted, error) {
	g := coretest.Grant{Scope: p.everybody, Lifetime: time.Hour}
	if s := form.Get("scope"); s != "" {
		if err := tokensource.CheckScope(s); err != nil {
			return minted{}, fmt.Errorf("scope %w", err)
		}
		g.Scope = s
	}
	if s := form.Get("lifetime"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil || d == 0 {
			return minted{}, fmt.Errorf("lifetime is %q, want a duration such as 10m, or -1s for a token that has expired", s)
		}
		g.Lifetime = d
	}
	if id := form.Get("user"); id != "" {
		g.User = user(id)
	}
	switch s := form.Get("jwt"); {
	case s != "" && s != "1":
		return minted{}, fmt.Errorf("jwt is %q, want 1 or nothing", s)
	case s == "1" && p.dialect != coretest.Curity && p.dialect != coretest.RFC7662:
		return minted{}, fmt.Errorf("jwt has no meaning for %s, which has one kind of token", p.dialect)
	case s == "1":
		g.JWT = true // its "iss" can pick the server for core.Several
	}
	access, idToken := p.mint(srv, g)
	return minted{
		AccessToken: access, IDToken: idToken, TokenType: "Bearer", ExpiresIn: int64(g.Lifetime / time.Second),
		Scope: g.Scope, User: form.Get("user"),
	}, nil
}

func fail(w http.ResponseWriter, err error) {
	answer(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) // an error means that the client has gone
}

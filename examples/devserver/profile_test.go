package main

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/mfpguard/mfpguard/core"
)

// A user of MobileFirst 7 has two tokens, and both end.
func TestMintMakesTwoTokens(t *testing.T) {
	p, err := profileOf("mobilefirst7")
	if err != nil {
		t.Fatal(err)
	}
	srv := newServer(p, "http://127.0.0.1:9080")
	h := newHandler(srv, p)
	v, err := core.New(core.Config{
		Profile: core.MobileFirst7(core.MobileFirst7Config{BaseURL: srv.ProjectURL()}), Transport: srv.Transport(),
	})
	if err != nil {
		t.Fatal(err)
	}
	var got minted
	if err := json.Unmarshal(post(h, "/dev/mint", "user=carol&scope=pay").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	both := got.AccessToken + " " + got.IDToken
	principal, denial := authorize(t, v, both)
	if denial != nil {
		t.Fatal(denial.Cause)
	}
	if u, _ := principal.User(); u.ID != "carol" || principal.Scope() != "pay" {
		t.Errorf("the tokens are for %q with scope %q", u.ID, principal.Scope())
	}
	if w := post(h, "/dev/revoke", url.Values{"token": {both}}.Encode()); w.Code != 204 {
		t.Errorf("revoke: %d", w.Code)
	}
	if _, denial := authorize(t, v, both+"="); denial == nil || denial.Status != 401 {
		t.Errorf("denial = %+v, want 401", denial)
	}
}

package coretest

import (
	"context"
	"log/slog"

	"github.com/mfpguard/mfpguard/core"
)

// Principal returns what a guard puts into the context of a request with a token for g. It is for
// tests of a handler alone, without a guard and without a server:
//
//	p := coretest.Principal(coretest.Grant{Scope: "orders.read", User: &coretest.User{ID: "alice"}})
//	r := httptest.NewRequest("GET", "/orders", nil)
//	r = r.WithContext(core.NewContext(r.Context(), p))
//
// The Principal is made in the usual way: a server of its own mints the token, and a guard asks it.
// Principal panics if a guard refuses such a token, because it has expired, and like [Server.Mint].
func Principal(g Grant) core.Principal {
	srv := New()
	v, err := core.New(core.Config{
		Profile: core.MobileFirst8(srv.BaseURL()), ClientID: predefined[0].ID, ClientSecret: "test",
		Transport: srv.Transport(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic("coretest: Principal: " + err.Error())
	}
	guard, err := v.Guard(core.Authenticated())
	if err != nil {
		panic("coretest: Principal: " + err.Error())
	}
	p, denial := guard.Authorize(context.Background(), core.Request{Authorization: []string{"Bearer " + srv.Mint(g)}})
	if denial != nil {
		panic("coretest: Principal: a guard refuses the token: " + denial.Cause.Error())
	}
	return p
}

package main

import (
	"slices"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// A step is one request and its expected result.
type step struct {
	title   string
	before  func() // what happens first, nil for nothing
	request string // method and path
	token   token
	want    exchange
}

// A token is shown by its name, as in a log.
type token struct{ name, value string }

// exchange is what the caller and the API see of one request.
type exchange struct {
	status int
	header string // the field that clients act on, if there is one
	body   string
	cache  core.Lookup // "" when it was not asked
	calls  coretest.Calls
}

// The bodies of refusals.
const (
	missing      = `{"error":"missing_token"}`
	invalid      = `{"error":"invalid_token"}`
	insufficient = `{"error":"insufficient_scope"}`
	unavailable  = `{"error":"temporarily_unavailable"}`
)

// The parameters of the challenges of refusals, and the header of another.
const (
	challengeInvalid = `error="invalid_token"`
	challengeScope   = `error="insufficient_scope", scope="accessRestricted"`
	retryAfter       = "Retry-After: 5"
)

// cast are the callers.
type cast struct{ none, stranger, alice, bob, carol, dave token }

func newCast(srv *coretest.Server, p *profile) cast {
	user := func(id, scope string) token {
		return token{id + "'s token", p.mint(srv, id, scope)}
	}
	return cast{
		stranger: token{"a made-up token", "not-one-of-yours"},
		alice:    user("alice", "accessRestricted transfer"),
		bob:      user("bob", ""),
		carol:    user("carol", "accessRestricted"),
		dave:     user("dave", "accessRestricted"),
	}
}

// The calls to the server that a request causes.
var (
	notAsked   = coretest.Calls{}
	asked      = coretest.Calls{Introspection: 1}
	askedFirst = coretest.Calls{Token: 1, Introspection: 1}
)

func story(srv *coretest.Server, p *profile) []step {
	c := newCast(srv, p)
	return slices.Concat(admission(p, c), revocation(srv, p, c), outage(srv, p, c))
}

func admission(p *profile, c cast) []step {
	first, calls := "An unknown token. The API asks about it.", asked
	if p.ownToken {
		first, calls = "An unknown token. To ask about it, the API first needs a token of its own.", askedFirst
	}
	return []step{
		{
			"An open route needs no token.",
			nil, "GET /public", c.none,
			exchange{200, "", "public", "", notAsked},
		},
		{
			"A guarded one does. The challenge tells the app to get one.",
			nil, "GET /balance", c.none,
			exchange{401, p.challenge(""), missing, "", notAsked},
		},
		{
			first,
			nil, "GET /balance", c.stranger,
			exchange{401, p.challenge(challengeInvalid), invalid, core.Miss, calls},
		},
		{
			"The same again: the refusal is remembered (NegativeTTL, 5 seconds).",
			nil, "GET /balance", c.stranger,
			exchange{401, p.challenge(challengeInvalid), invalid, core.NegativeHit, notAsked},
		},
		{
			"Bob's token is good, but not for this. The challenge names the scope to get.",
			nil, "GET /balance", c.bob,
			exchange{403, p.challenge(challengeScope), insufficient, core.Miss, asked},
		},
		{
			"Alice's token has the scope.",
			nil, "GET /balance", c.alice,
			exchange{200, "", "17364.9", core.Miss, asked},
		},
		{
			"Her second call: the answer about her token is remembered (CacheTTL, 1 minute).",
			nil, "GET /balance", c.alice,
			exchange{200, "", "17364.9", core.Hit, notAsked},
		},
	}
}

func revocation(srv *coretest.Server, p *profile, c cast) []step {
	return []step{
		{
			"Her token is revoked. The API is not told, so its memory counts for CacheTTL.",
			func() { p.revoke(srv, c.alice.value) }, "GET /balance", c.alice,
			exchange{200, "", "17364.9", core.Hit, notAsked},
		},
		{
			"A route with MaxAge(0) asks each time, and sees it at once ...",
			nil, "POST /transfer", c.alice,
			exchange{401, p.challenge(challengeInvalid), invalid, core.Miss, asked},
		},
		{
			"... and from then on every route knows.",
			nil, "GET /balance", c.alice,
			exchange{401, p.challenge(challengeInvalid), invalid, core.NegativeHit, notAsked},
		},
		{
			"Carol comes ...",
			nil, "GET /balance", c.carol,
			exchange{200, "", "17364.9", core.Miss, asked},
		},
		{
			"... and logs out: the server revokes her token, and the API drops it with v.Forget.",
			func() { p.revoke(srv, c.carol.value) }, "POST /logout", c.carol,
			exchange{204, "", "", core.Hit, notAsked},
		},
		{
			"So a logout needs no CacheTTL to pass.",
			nil, "GET /balance", c.carol,
			exchange{401, p.challenge(challengeInvalid), invalid, core.Miss, asked},
		},
	}
}

func outage(srv *coretest.Server, p *profile, c cast) []step {
	return []step{
		{
			"The authorization server goes down. Whom the API remembers is still served.",
			srv.Down, "GET /me", c.bob,
			exchange{200, "", p.bob, core.Hit, notAsked},
		},
		{
			"A new token cannot be checked: 503 and no challenge, so that no app logs its user out.",
			nil, "GET /balance", c.dave,
			exchange{503, retryAfter, unavailable, core.Miss, notAsked},
		},
		{
			"The server is back. Nothing needs a restart.",
			srv.Up, "GET /balance", c.dave,
			exchange{200, "", "17364.9", core.Miss, asked},
		},
	}
}

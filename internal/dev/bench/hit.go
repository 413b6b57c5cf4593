package main

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/mfpguard/mfpguard/core"
)

// tokens of the two kinds: a signed one as MobileFirst and most others issue them, and a UUID.
const (
	signedSize  = 900
	opaqueToken = "6f1c2a7e-52c1-4f0b-9a53-0d6f3d7b1c11"
)

var requirement = core.AllOf("accessRestricted")

// guarded returns a Verifier that remembers the tokens.
func guarded(tokens ...string) (*core.Verifier, error) {
	v, err := verifier(&stub{}, nil)
	if err != nil {
		return nil, err
	}
	guard := guardFor(v, requirement)
	for _, t := range tokens {
		if _, denial := guard.Authorize(context.Background(), present(t)); denial != nil {
			return nil, fmt.Errorf("the token was refused: %d %s", denial.Status, denial.Body)
		}
	}
	return v, nil
}

// authorize is a contender that presents the same token again and again.
func authorize(name string, v *core.Verifier, token string) contender {
	ctx, guard := context.Background(), guardFor(v, requirement)
	header := http.Header{"Authorization": {"Bearer " + token}}
	return contender{name, func(n int) {
		for range n {
			if _, denial := guard.Authorize(ctx, core.Request{Authorization: header["Authorization"]}); denial != nil {
				panic(denial.Body)
			}
		}
	}}
}

// verify is a contender that verifies a token without a server.
func verify(name string, c check, token string) contender {
	return contender{name, func(n int) {
		for range n {
			if _, err := c(token); err != nil {
				panic(err)
			}
		}
	}}
}

// allocations returns the allocations of one run, on average.
func allocations(c contender) float64 { return testing.AllocsPerRun(200, func() { c.run(1) }) }

func measureHit(s settings) (*result, error) {
	rs, es, err := newSigners()
	if err != nil {
		return nil, err
	}
	signed, err := rs.token(signedSize)
	if err != nil {
		return nil, err
	}
	elliptic, err := es.token(signedSize)
	if err != nil {
		return nil, err
	}
	v, err := guarded(signed, opaqueToken)
	if err != nil {
		return nil, err
	}
	f, err := newFloor(signed, opaqueToken)
	if err != nil {
		return nil, err
	}
	least := func(name, token string) contender {
		return contender{name, func(n int) {
			for range n {
				if !f.check(token) {
					panic("the floor has lost the token")
				}
			}
		}}
	}
	all := []contender{
		authorize(fmt.Sprintf("core.Authorize, %d-byte token", len(signed)), v, signed),
		authorize("core.Authorize, 36-byte opaque token", v, opaqueToken),
		least("floor, 900-byte token: GMAC, sharded go-cache, clock", signed),
		least("floor, 36-byte token", opaqueToken),
		verify("golang-jwt v5, RS256", rs.golangJWT(), signed),
		verify("golang-jwt v5, ES256", es.golangJWT(), elliptic),
		verify("jwx v3, RS256", rs.jwx(), signed),
		verify("jwx v3, ES256", es.jwx(), elliptic),
		verify("go-oidc v3, RS256", rs.goOIDC(), signed),
		verify("go-oidc v3, ES256", es.goOIDC(), elliptic),
	}
	return hitResult(race(s, all...), all), nil
}

func hitResult(l *laps, all []contender) *result {
	r := newResult("check", "time", "allocations", "over ours")
	for i, c := range all {
		r.row(c.name, ns(l.ns(i)), count(allocations(c)), times(l.over(i, 0)))
		r.facts[c.name] = l.ns(i)
	}
	r.facts["allocations"] = allocations(all[0]) + allocations(all[1])
	r.facts["ours"] = l.ns(0)
	r.atMost("hit, 900-byte token", l.ns(0), 350, ns)
	r.atMost("hit, 900-byte token, allocations", allocations(all[0]), 0, count)
	r.atMost("hit, 900-byte token, over golang-jwt RS256", l.over(0, 4), 0.01, times)
	r.atMost("hit, 36-byte opaque token", l.ns(1), 250, ns)
	r.atMost("hit, 36-byte opaque token, allocations", allocations(all[1]), 0, count)
	return r
}

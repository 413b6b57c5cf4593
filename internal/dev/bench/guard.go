package main

import "github.com/mfpguard/mfpguard/core"

// guardFor returns the guard of a route that asks for need.
func guardFor(v *core.Verifier, need core.Requirement) *core.Guard {
	g, err := v.Guard(need)
	if err != nil {
		panic(err)
	}
	return g
}

// present returns a request with the token.
func present(token string) core.Request {
	return core.Request{Authorization: []string{"Bearer " + token}}
}

// Package adaptertest is the conformance suite of the adapters. If you write an adapter for another
// framework, call [Run] in a test of it. Your part is a [Serve] function that starts a real server
// of the framework, with the adapter in front of each [Route]. The example of Run is a complete
// test.
//
// The suite brings its own authorization server and [core.Verifier]. It sends raw HTTP/1.1 over TCP
// and compares each answer with a table: the status, the challenge, the spelling of the field
// names, the body, and how often the authorization server was asked. The table is the same for all
// adapters, so two adapters that pass give the same bytes.
//
// Every token contains a canary, a random string that occurs nowhere else. The suite fails if a
// canary shows up in an answer, a log record or a trace.
//
// HTTP servers may refuse some malformed requests before the adapter sees them. For these the table
// has more than one good answer. None of them lets a request in that has no valid token.
package adaptertest

import (
	"context"
	"testing"

	"github.com/mfpguard/mfpguard/core"
)

// Route is one guarded route of the server under test.
type Route struct {
	// Path matches exactly, for every method. Nothing but the adapter under test guards it.
	Path string
	// Need is the requirement to give to the adapter.
	Need core.Requirement
	// Outer plays a layer in front of the adapter; it is never nil. Serve calls it for each request
	// before the adapter, with the request's context and the framework's function that sets a field
	// of the answer. The adapter then gets the request with the context that Outer returns. If
	// Serve does not call Outer, the subtests behind another layer are skipped. A refusal must not
	// keep what Outer has set for another answer: a challenge, Content-Length, ETag, Expires and the
	// like.
	Outer func(ctx context.Context, set func(name, value string)) context.Context
	// Handle runs for each accepted request, with the context that the adapter has passed on. It
	// returns the body of the answer, whose status is 200.
	Handle func(ctx context.Context) string
}

// Serve starts a server of the framework on 127.0.0.1:0 with the given routes and returns its
// address. It stops the server in t.Cleanup. The server must accept headers of 32 KiB. If the
// adapter panics at start-up, Serve must not recover the panic. Several goroutines may call Serve
// at once.
type Serve func(t testing.TB, v *core.Verifier, routes []Route) (addr string)

// Run checks an adapter. Each group of requests is a subtest, and each request is a subtest of
// that. Its name tells what is sent and which requirements it proves. All of it runs a second time,
// with a [core.Verifier] of several servers.
func Run(t *testing.T, serve Serve) {
	t.Helper()
	run(t, serve)
	t.Run("among several servers", func(t *testing.T) { run(t, amongSeveral(serve)) }) // SV-09
}

func run(t *testing.T, serve Serve) {
	for _, p := range []*profile{mobileFirst, mobileFirst7, rfc7662, curity} {
		t.Run(p.name, func(t *testing.T) {
			for _, group := range []struct {
				name string
				rows []row
			}{
				{"credentials", credentialRows},
				{"sources", sourceRows},
				{"answers", answerRows},
				{"optional", optionalRows},
				{"server", serverRows},
			} {
				t.Run(group.name, func(t *testing.T) {
					f := newFixture(t, serve, p)
					for _, r := range group.rows {
						if r.appliesTo(p) {
							t.Run(r.id+" "+r.name, func(t *testing.T) { f.run(t, r) })
						}
					}
					f.watch.mustHaveSeen(t)
				})
			}
			t.Run("trouble", func(t *testing.T) {
				for _, r := range troubleRows {
					if r.appliesTo(p) {
						t.Run(r.id+" "+r.name, func(t *testing.T) {
							t.Parallel() // retries take their time
							newFixture(t, serve, p).run(t, r)
						})
					}
				}
			})
		})
	}
	t.Run("one introspection for 1000 requests", func(t *testing.T) { oneIntrospection(t, serve) })
	t.Run("one token for 100 cold starts", func(t *testing.T) { oneToken(t, serve) })
	t.Run("nothing kept is overwritten", func(t *testing.T) { kept(t, serve) })
	t.Run("behind another layer", func(t *testing.T) { layered(t, serve) })
	t.Run("the context ends with the token", func(t *testing.T) { expiry(t, serve) })
	t.Run("mistakes at start-up panic", func(t *testing.T) { startUp(t, serve) })
}

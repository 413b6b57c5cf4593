// Package adaptertest is the conformance suite of the adapters. Whoever writes an adapter for another framework runs it
// against a real server of that framework:
//
//	func TestConformance(t *testing.T) {
//		adaptertest.Run(t, func(t testing.TB, v *core.Verifier, routes []adaptertest.Route) string {
//			mux := http.NewServeMux()
//			for _, r := range routes {
//				mux.Handle(r.Path, httpguard.Require(v, r.Need)(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
//					io.WriteString(w, r.Handle(req.Context()))
//				})))
//			}
//			server := httptest.NewServer(mux)
//			t.Cleanup(server.Close)
//			return server.Listener.Addr().String()
//		})
//	}
//
// The suite brings an authorization server and a Verifier of its own, speaks raw HTTP/1.1 over TCP, and holds each answer
// against a table: status, challenge, spelling of the field names, body, and how often the authorization server was asked.
// All adapters are held against the same table, so two that pass answer with the same bytes. Every token is a canary: it
// must not show up in any answer, log record or trace.
//
// A few requests are so malformed that servers themselves may turn them away. Then the table has more than one good answer;
// being let in is never one of them.
package adaptertest

import (
	"context"
	"testing"

	"github.com/mfpguard/mfpguard/core"
)

// Route is one guarded route of the server under test.
type Route struct {
	// Path matches exactly, for every method. The path is guarded by the adapter under test and by nothing else.
	Path string
	// Need is what the adapter shall ask of requests for Path.
	Need core.Requirement
	// Outer is called for each request before the adapter, as a layer in front of it would be: with
	// the request's context, and with the framework's own function that sets a field of the answer.
	// The adapter gets the request with the context that Outer returns. Outer is never nil. If Serve
	// does not call it, the subtests behind another layer are skipped.
	Outer func(ctx context.Context, set func(name, value string)) context.Context
	// Handle runs for each accepted request, with the context that the adapter passed on. It returns the body of the
	// answer; the status is 200.
	Handle func(ctx context.Context) string
}

// Serve starts a server of the framework on 127.0.0.1:0 with the given routes and returns its address. It stops it in
// t.Cleanup. The server must take header blocks of 32 KiB, and must let a panic of the adapter at start-up through. It is
// called many times, by several goroutines at once.
type Serve func(t testing.TB, v *core.Verifier, routes []Route) (addr string)

// Run checks an adapter. Each group is a subtest, each row one below that, named by what it sends and by the ids of the
// requirements that it proves.
func Run(t *testing.T, serve Serve) {
	t.Helper()
	for _, p := range []*profile{mobileFirst, rfc7662} {
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
	t.Run("mistakes at start-up panic", func(t *testing.T) { startUp(t, serve) })
}

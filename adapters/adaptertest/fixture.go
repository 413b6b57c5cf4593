package adaptertest

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// routes are the routes of the server under test.
var routes = []Route{
	{Path: "/any", Need: core.Authenticated()},
	{Path: "/read", Need: core.AllOf("read")},
	{Path: "/admin", Need: core.AllOf("read", "admin")},
	{Path: "/either", Need: core.AnyOf("admin", "pay")},
	{Path: "/fresh", Need: core.AllOf("write").MaxAge(0)},
	{Path: "/optional", Need: core.Authenticated().Optional()},
	{Path: "/optional-admin", Need: core.AllOf("admin").Optional()},
}

// scopes maps routes to the scope in their challenges.
var scopes = map[string]string{"/read": "read", "/admin": "read admin", "/either": "admin pay", "/fresh": "write", "/optional-admin": "admin"}

// fixture is an authorization server, a Verifier that asks it, and a server of the adapter under
// test.
type fixture struct {
	profile *profile
	as      *coretest.Server
	addr    string
	watch   *watch
	ran     atomic.Int64
	last    subject // of the last row

	layered     atomic.Bool // Serve calls Route.Outer
	layerFields [][2]string // what Route.Outer sets
}

func newFixture(t testing.TB, serve Serve, p *profile) *fixture {
	t.Helper()
	f := &fixture{profile: p, watch: &watch{}}
	f.start(t, serve, routes)
	return f
}

// start starts the servers. A route without a handler gets one that shows the principal.
func (f *fixture) start(t testing.TB, serve Serve, routes []Route, change ...func(*core.Config)) {
	t.Helper()
	f.as = coretest.NewServer()
	t.Cleanup(f.as.Close)
	f.as.Only(f.profile.dialect)
	f.as.SetClient(coretest.Client{ID: clientID, Secret: string(secret), AllowedScope: "authorization.introspect"})
	c := f.profile.core(t, f.as)
	f.watch.install(&c)
	for _, change := range change {
		change(&c)
	}
	v, err := core.New(c)
	if err != nil {
		t.Fatal(err)
	}
	guarded := make([]Route, 0, len(routes))
	for _, r := range routes {
		show := r.Handle
		if show == nil {
			show = principal
		}
		r.Handle = func(ctx context.Context) string {
			f.ran.Add(1)
			if f.layered.Load() && ctx.Value(layerKey{}) == nil {
				return "the context lacks what the layer in front has put into it"
			}
			return show(ctx)
		}
		r.Outer = f.outer(r.Path != reused) // there the handler answers, and the fields would be wrong
		guarded = append(guarded, r)
	}
	f.addr = serve(t, v, guarded)
}

// principal returns the principal of a context as JSON.
func principal(ctx context.Context) string {
	p, ok := core.FromContext(ctx)
	if !ok {
		return "anonymous"
	}
	b, err := p.MarshalJSON()
	if err != nil {
		return err.Error()
	}
	return string(b)
}

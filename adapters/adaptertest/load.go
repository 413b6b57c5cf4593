package adaptertest

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// gate holds calls to the authorization server back until n requests have looked for their token in vain: so many are under
// way at once, however slow the machine is.
type gate struct {
	n     int64
	count atomic.Int64
	open  chan struct{}
}

func newGate(n int64) *gate { return &gate{n: n, open: make(chan struct{})} }

func (g *gate) arrive() {
	if g.count.Add(1) == g.n {
		close(g.open)
	}
}

func (g *gate) hold(w http.ResponseWriter, r *http.Request, next http.Handler) {
	select {
	case <-g.open:
	case <-r.Context().Done():
	}
	next.ServeHTTP(w, r)
}

// rush sends one request for each token at the same time, each on a connection of its own.
func (f *fixture) rush(t *testing.T, tokens []string) []*response {
	t.Helper()
	responses := make([]*response, len(tokens))
	var all sync.WaitGroup
	for i, token := range tokens {
		c := dial(t, f.addr)
		defer c.conn.Close()
		all.Go(func() {
			c.send(row{fields: bearer}.request(token))
			var err error
			if responses[i], err = c.receive(false); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return responses
}

// oneIntrospection: however many requests come with one new token, the server is asked once.
func oneIntrospection(t *testing.T, serve Serve) {
	const requests = 1000
	g := newGate(requests)
	f := &fixture{profile: mobileFirst, watch: &watch{misses: g.arrive}}
	f.start(t, serve, routes, patient)
	f.as.Inject(coretest.Introspection, 1, g.hold)
	s := newSubject("", 0)
	f.as.SetAnswer(s.token, encode(f.profile.answer(s.user, "read")))
	tokens := make([]string, requests)
	for i := range tokens {
		tokens[i] = s.token
	}
	f.mustAll(t, f.rush(t, tokens), func(int) string { return f.profile.principal(s.user, "read") })
	if got := f.as.Calls(); got.Introspection != 1 || got.Token != 1 {
		t.Errorf("the authorization server got %+v, want one introspection and one token request", got)
	}
}

// oneToken: however many requests come while the service has no token of its own, it asks for one once.
func oneToken(t *testing.T, serve Serve) {
	const requests = 100
	g := newGate(requests)
	f := &fixture{profile: mobileFirst, watch: &watch{misses: g.arrive}}
	f.start(t, serve, routes, patient)
	f.as.Inject(coretest.Token, 1, g.hold)
	subjects, tokens := f.crowd(requests)
	f.mustAll(t, f.rush(t, tokens), func(i int) string { return f.profile.principal(subjects[i].user, "read") })
	if got := f.as.Calls(); got.Introspection != requests || got.Token != 1 {
		t.Errorf("the authorization server got %+v, want %d introspections and one token request", got, requests)
	}
}

// patient gives requests that are held back the time they need.
func patient(c *core.Config) { c.Timeout = patience }

// crowd makes n subjects with a good token each.
func (f *fixture) crowd(n int) (subjects []subject, tokens []string) {
	for range n {
		s := newSubject("", 0)
		f.as.SetAnswer(s.token, encode(f.profile.answer(s.user, "read")))
		subjects, tokens = append(subjects, s), append(tokens, s.token)
	}
	return subjects, tokens
}

func (f *fixture) mustAll(t *testing.T, responses []*response, body func(i int) string) {
	t.Helper()
	for i, r := range responses {
		if r == nil || r.status != 200 || r.body != body(i) {
			t.Fatalf("request %d: got %+v, want 200 and %s", i, r, body(i))
		}
	}
}

// kept keeps the principal and the context of a first request while others with tokens of the same length follow on the same
// connection. A server that reuses its buffers must not change them, nor what is remembered about the first token (BT-60).
func kept(t *testing.T, serve Serve) {
	var keep struct {
		sync.Once
		context.Context
		core.Principal
	}
	f := &fixture{profile: mobileFirst, watch: &watch{}}
	f.start(t, serve, []Route{{Path: "/any", Need: core.Authenticated(), Handle: func(ctx context.Context) string {
		keep.Do(func() {
			keep.Context = ctx
			keep.Principal, _ = core.FromContext(ctx)
		})
		return principal(ctx)
	}}})
	subjects, tokens := f.crowd(50)
	first := f.profile.principal(subjects[0].user, "read")
	c := dial(t, f.addr)
	defer c.conn.Close()
	c.conn.SetDeadline(time.Now().Add(3 * patience))
	ask := func(i int, token string, status int, body string) {
		t.Helper()
		c.send(row{fields: bearer}.request(token))
		if r, err := c.receive(false); err != nil || r == nil || r.status != status || r.body != body {
			t.Fatalf("request %d: got %+v, %v, want %d and %s", i, r, err, status, body)
		}
	}
	for i := range 1000 {
		s := subjects[i%len(subjects)]
		ask(i, s.token, 200, f.profile.principal(s.user, "read"))
		if i%10 == 0 { // a token that is not known, of the same length
			ask(i, newSubject("", 0).token, 401, outcomes[invalid].body)
		}
	}
	ask(1000, tokens[0], 200, first)
	if got := principal(keep.Context); got != first {
		t.Errorf("the kept context speaks for %s, want %s", got, first)
	}
	if b, err := keep.MarshalJSON(); err != nil || string(b) != first {
		t.Errorf("the kept principal is %s, %v, want %s", b, err, first)
	}
	if got, want := f.as.Calls().Introspection, len(subjects)+100; got != want {
		t.Errorf("the authorization server was asked %d times, want once for each of %d tokens", got, want)
	}
}

// startUp: a route that cannot be guarded must stop the program before it serves anything (BT-50).
func startUp(t *testing.T, serve Serve) {
	as := coretest.NewServer()
	t.Cleanup(as.Close)
	v, err := core.New(mobileFirst.core(t, as))
	if err != nil {
		t.Fatal(err)
	}
	for _, mistake := range []struct {
		name string
		v    *core.Verifier
		need core.Requirement
	}{
		{"a nil Verifier", nil, core.Authenticated()},
		{"the zero Requirement", v, core.Requirement{}},
		{"an empty scope", v, core.AllOf("")},
		{"a scope with a quote", v, core.AllOf(`re"ad`)},
		{"a scope with a backslash", v, core.AllOf(`a\b`)},
		{"a scope beyond ASCII", v, core.AllOf("é")},
		{"a scope with a line end", v, core.AllOf("a\r\nSet-Cookie: x")},
	} {
		t.Run(mistake.name, func(t *testing.T) {
			defer func() {
				if said := recover(); said == nil || fmt.Sprint(said) == "" {
					t.Error("no panic")
				}
			}()
			serve(t, mistake.v, []Route{{Path: "/any", Need: mistake.need, Handle: principal}})
		})
	}
}

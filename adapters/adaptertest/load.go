package adaptertest

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// gate holds calls to the authorization server back until n requests have looked for their token
// and not found it. So n requests are in progress at once, however slow the machine is.
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

// rush sends one request for each token at the same time, each on its own connection.
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

// oneIntrospection: many requests with one new token lead to one introspection.
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

// oneToken: many requests at a cold start lead to one token request of the service.
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

// patient allows requests to wait as long as the gate needs.
func patient(c *core.Config) { c.Timeout = patience }

// crowd makes n subjects, each with a good token.
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

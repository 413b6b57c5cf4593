package adaptertest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
)

// kept keeps the principal and the context of a first request, while other tokens of the same
// length follow on the same connection. A server that reuses its buffers must not change what was
// kept, nor what is remembered about the first token (BT-60).
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

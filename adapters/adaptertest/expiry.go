package adaptertest

import (
	"context"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
)

// expiry: the context of the handler ends with the token where the requirement says so, and when
// the handler has returned, so that nothing of it is left (MW-10). An adapter gets there with
// Guard.Context.
func expiry(t *testing.T, serve Serve) {
	var kept context.Context
	deadline := func(ctx context.Context) string {
		kept = ctx
		end, limited := ctx.Deadline()
		switch {
		case !limited:
			return "no end"
		case ctx.Err() != nil:
			return "has ended"
		}
		return end.UTC().Format(time.RFC3339)
	}
	f := &fixture{profile: mobileFirst, watch: &watch{}}
	f.start(t, serve, []Route{
		{Path: "/plain", Need: core.Authenticated(), Handle: deadline},
		{Path: "/stream", Need: core.Authenticated().UntilExpiry(), Handle: deadline},
	})
	_, tokens := f.crowd(1)
	for path, want := range map[string]string{"/plain": "no end", "/stream": "2100-01-01T00:00:00Z"} {
		c := dial(t, f.addr)
		defer c.conn.Close()
		c.send(row{line: "GET " + path + " HTTP/1.1", fields: bearer}.request(tokens[0]))
		r, err := c.receive(false)
		if err != nil || r == nil || r.status != 200 || r.body != want {
			t.Fatalf("%s: got %+v, %v, want 200 and %s", path, r, err, want)
		}
		if path == "/plain" {
			continue
		}
		select {
		case <-kept.Done(): // the answer may come before the handler has returned
		case <-time.After(patience):
			t.Error("the context goes on when the handler has returned")
		}
	}
}

package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

const crowd = 1000

// herded is the cost of a herd, and how its requests ended.
type herded struct{ introspections, tokens, accepted int64 }

// A gate holds calls back until it is opened, and tells when the first call has come.
type gate struct{ arrived, open chan struct{} }

func newGate() gate { return gate{make(chan struct{}, 1), make(chan struct{})} }

func (g gate) pass(ctx context.Context) error {
	select {
	case g.arrived <- struct{}{}:
	default:
	}
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A moment is long enough for a crowd to wait for the same call. A request that comes later finds
// the answer in the cache.
const moment = 30 * time.Millisecond

// stampede has a crowd ask at once. The server is slow, first with the guard's own token, then
// with the answer. The client of the first request hangs up before the answer comes.
func stampede(server *stub, check func(context.Context) error) herded {
	tokens, answers := newGate(), newGate()
	server.pause = func(ctx context.Context, token bool) error {
		if token {
			return tokens.pass(ctx)
		}
		return answers.pass(ctx)
	}
	var accepted atomic.Int64
	var wg sync.WaitGroup
	enter := func(ctx context.Context) {
		wg.Go(func() {
			if check(ctx) == nil {
				accepted.Add(1)
			}
		})
	}
	first, hangUp := context.WithCancel(context.Background())
	enter(first)
	<-tokens.arrived
	for range crowd - 1 {
		enter(context.Background())
	}
	time.Sleep(moment)
	close(tokens.open)
	<-answers.arrived
	time.Sleep(moment)
	hangUp()
	time.Sleep(moment)
	close(answers.open)
	wg.Wait()
	return herded{server.introspections.Load(), server.tokens.Load(), accepted.Load()}
}

// handWritten is a guard as a team may write it in an afternoon. It asks for a token of its own,
// unless it has one, and then about the token of the caller. It remembers both.
type handWritten struct {
	client *http.Client
	mu     sync.Mutex
	own    string
	known  map[string]bool
}

func newHandWritten(server *stub) *handWritten {
	return &handWritten{client: &http.Client{Transport: server}, known: map[string]bool{}}
}

func (h *handWritten) check(ctx context.Context, token string) error {
	h.mu.Lock()
	own, known := h.own, h.known[token]
	h.mu.Unlock()
	if known {
		return nil
	}
	if own == "" {
		if _, err := h.post(ctx, "token", url.Values{"grant_type": {"client_credentials"}}); err != nil {
			return err
		}
		own = "own"
		h.mu.Lock()
		h.own = own
		h.mu.Unlock()
	}
	body, err := h.post(ctx, "introspection", url.Values{"token": {token}})
	if err != nil {
		return err
	}
	if !strings.Contains(body, `"active":true`) {
		return errors.New("inactive")
	}
	h.mu.Lock()
	h.known[token] = true
	h.mu.Unlock()
	return nil
}

func (h *handWritten) post(ctx context.Context, endpoint string, form url.Values) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://as.invalid/"+endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	res, err := h.client.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

// herds are the guards that are compared, ours first.
var herds = []string{"ours", "x/sync singleflight, used naively", "no coalescing"}

func measureHerd(s settings) (*result, error) {
	token := numbered(goodToken, 1, signedSize)
	r := newResult("guard", "introspections", "token calls", "requests accepted", "failed because another client hung up")
	worst := map[string]herded{}
	for range s.rounds {
		for _, name := range herds {
			h, err := herd(name, token)
			if err != nil {
				return nil, err
			}
			w, seen := worst[name]
			if !seen {
				w.accepted = crowd
			}
			worst[name] = herded{max(w.introspections, h.introspections), max(w.tokens, h.tokens), min(w.accepted, h.accepted)}
		}
	}
	for _, name := range herds {
		h := worst[name]
		failed := float64(crowd - 1 - min(h.accepted, crowd-1))
		r.row(name, count(float64(h.introspections)), count(float64(h.tokens)), count(float64(h.accepted)), count(failed))
		r.facts[name], r.facts[name+" failed"] = float64(h.introspections), failed
	}
	ours := worst[herds[0]]
	r.facts["tokens"], r.facts["accepted"] = float64(ours.tokens), float64(ours.accepted)
	r.note("The worst of %d rounds. The client of the first request hangs up while the server thinks; the other 999 still wait.", s.rounds)
	r.atMost("herd of 1 000: introspections", float64(ours.introspections), 1, count)
	r.atMost("herd of 1 000: token calls", float64(ours.tokens), 1, count)
	r.atLeast("herd of 1 000: requests accepted although the first client hung up", float64(ours.accepted), crowd-1, count)
	return r, nil
}

// herd sends one herd against the guard of that name.
func herd(name, token string) (herded, error) {
	server := &stub{}
	switch name {
	case "ours":
		v, err := verifier(server, nil)
		return stampede(server, func(ctx context.Context) error {
			if _, denial := guardFor(v, requirement).Authorize(ctx, present(token)); denial != nil {
				return errors.New(denial.Body)
			}
			return nil
		}), err
	case "no coalescing":
		h := newHandWritten(server)
		return stampede(server, func(ctx context.Context) error { return h.check(ctx, token) }), nil
	default:
		var group singleflight.Group
		h := newHandWritten(server)
		return stampede(server, func(ctx context.Context) error {
			_, err, _ := group.Do(token, func() (any, error) { return nil, h.check(ctx, token) })
			return err
		}), nil
	}
}

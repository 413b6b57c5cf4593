package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mfpguard/mfpguard/core"
)

// A habit is how tokens are used. The requests with each are independent (a Poisson process).
type habit struct {
	users int
	every time.Duration // between two requests of a user, on average
	ttl   time.Duration // core.Config.CacheTTL
	quiet float64       // the part of it in which no request has the server asked: 1 without the background
}

// An effort is which parts of the requests wait for the server, and have it asked.
type effort struct{ waiting, asking float64 }

// calculated is exact for a server that answers at once and tokens that do not end.
func (h habit) calculated() effort {
	n := h.ttl.Seconds() / h.every.Seconds()
	asking := 1 / (1 + h.quiet*n)
	return effort{asking * math.Exp(-(1-h.quiet)*n), asking}
}

// simulated follows the requests of one user.
func (h habit) simulated(requests int) effort {
	random := rand.New(rand.NewPCG(1, 1))
	ttl, now, asked := h.ttl.Seconds()/h.every.Seconds(), 0.0, math.Inf(-1)
	waiting, asking := 0, 0
	for range requests {
		now += random.ExpFloat64()
		if now < asked+h.quiet*ttl {
			continue
		}
		if now >= asked+ttl {
			waiting++
		}
		asking++
		asked = now
	}
	return effort{float64(waiting) / float64(requests), float64(asking) / float64(requests)}
}

// measured lets the users send requests to a Verifier for two TTLs, after two others: in the first
// of these they come, one after the other. Its server is on a socket and takes busyLatency.
//
// There is no knob that turns questions in the background off. A route whose MaxAge ends just when
// they would begin has none.
func (h habit) measured(url string) (effort, error) {
	var requests, waiting, calls atomic.Int64
	ttl, need := h.ttl, requirement
	if h.quiet == 1 {
		ttl, need = ttl*5/4, need.MaxAge(ttl)
	}
	from := time.Now().Add(2 * h.ttl)
	v, err := core.New(core.Config{
		Profile: core.MobileFirst8(url + "/mfp/api"), ClientID: "bench", ClientSecret: "not-a-secret", CacheTTL: &ttl,
		Trace: core.Trace{
			Introspected: func(_ context.Context, i core.IntrospectedInfo) {
				if i.Began.After(from) {
					calls.Add(1)
				}
			},
			Looked: func(_ context.Context, i core.LookedInfo) {
				if time.Now().Before(from) {
					return
				}
				requests.Add(1)
				if i.Result == core.Miss {
					waiting.Add(1)
				}
			},
		},
	})
	if err != nil {
		return effort{}, err
	}
	guard := guardFor(v, need)
	var all sync.WaitGroup
	for user := range h.users {
		all.Go(func() {
			request := present(numbered(goodToken, user, opaqueSize))
			random := rand.New(rand.NewPCG(1, uint64(user)))
			time.Sleep(time.Duration(random.Int64N(int64(h.ttl))))
			for end := from.Add(2 * h.ttl); time.Now().Before(end); {
				time.Sleep(time.Duration(random.ExpFloat64() * float64(h.every)))
				guard.Authorize(context.Background(), request)
			}
		})
	}
	all.Wait()
	time.Sleep(2 * busyLatency) // until the last call has ended
	n := float64(max(requests.Load(), 1))
	return effort{float64(waiting.Load()) / n, float64(calls.Load()) / n}, nil
}

// measureHot shows what questions in the background save and cost.
func measureHot(s settings) (*result, error) {
	address, stop, err := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(busyLatency)
		answerCall(w, r)
	}))
	if err != nil {
		return nil, err
	}
	defer stop()
	without := habit{of(s, 500, 20), of(s, 200*time.Millisecond, 10*time.Millisecond), of(s, 6*time.Second, 300*time.Millisecond), 1}
	with := without
	with.quiet = quiet
	r := newResult("questions in the background", "requests that wait: formula", "simulated", "measured", "calls a request: formula", "simulated", "measured")
	efforts := map[string]effort{}
	for _, name := range []string{"none", "yes"} {
		h := map[string]habit{"none": without, "yes": with}[name]
		calculated, simulated := h.calculated(), h.simulated(of(s, 10_000_000, 10_000))
		measured, err := h.measured("http://" + address)
		if err != nil {
			return nil, err
		}
		efforts[name] = measured
		r.row(name,
			thousandths(calculated.waiting), thousandths(simulated.waiting), thousandths(measured.waiting),
			thousandths(calculated.asking), thousandths(simulated.asking), thousandths(measured.asking))
	}
	r.note("%s users, a request every %v each, a TTL of %v, and a server on loopback that takes %v: as with a request every 2 s and a TTL of a minute.",
		count(float64(without.users)), without.every, without.ttl, busyLatency)
	r.atMost("requests with a token in use that wait", efforts["yes"].waiting, 0.001, thousandths)
	r.atMost("calls with questions in the background, over those without", efforts["yes"].asking/efforts["none"].asking, 1.25, ratio)
	return r, nil
}

// thousandths formats a small part of all.
func thousandths(v float64) string { return fmt.Sprintf("%.3f %%", 100*v) }

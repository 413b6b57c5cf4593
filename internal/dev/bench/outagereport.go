package main

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// outageTTLs are the values of CacheTTL with which the script is played, side by side.
var outageTTLs = []time.Duration{time.Minute, 0}

func measureOutage(s settings) (*result, error) {
	r := newResult("CacheTTL, phase", "200", "401", "403", "503", "wrong", "calls", "p50", "p99", "good refused", "back after")
	stretches, samples := make([][]stretch, len(outageTTLs)), make([][]sample, len(outageTTLs))
	errs := make([]error, len(outageTTLs))
	var wg sync.WaitGroup
	for i, ttl := range outageTTLs {
		wg.Go(func() { stretches[i], samples[i], errs[i] = play(s, ttl) })
	}
	wg.Wait()
	for i, ttl := range outageTTLs {
		if errs[i] != nil {
			return nil, errs[i]
		}
		r.outage(ttl, stretches[i], samples[i])
	}
	r.note("%d requests a second through httpguard, on time however slow the answers are: 200 good, 50 revoked, 50 that lack"+
		" the scope, 5 garbage, 5 good and new. Wrong: an answer that contradicts what the token is, or a 503 without Retry-After"+
		" or with a challenge. Back after: from when the server was there again to the first good answer that needed it."+
		" MaxInFlight is 256. What was remembered at first ends after a minute, before the 429.", turns*len(turn))
	if n := r.facts["unanswered"]; n > 0 {
		r.note("%s requests got no answer at all.", count(n))
	}
	r.atMost("outage: wrong verdicts", r.facts["wrong"], 0, count)
	return r, nil
}

// outage adds the results with one TTL.
func (r *result) outage(ttl time.Duration, stretches []stretch, samples []sample) {
	label := "1 min"
	if ttl == 0 {
		label = "0"
	}
	for i, x := range stretches {
		t := x.among(samples)
		back := "–"
		if x.back != 0 {
			after := recoveryAfter(x.back, x.until(stretches, i), samples, ttl)
			back = rough(after)
			if after == never {
				back = "not"
			}
			if x.within != 0 {
				r.atMost(fmt.Sprintf("outage, CacheTTL %s: back after %q", label, x.name), float64(after), float64(x.within), recovered)
			}
		}
		r.row(label+", "+x.name, count(float64(t.of(200))), count(float64(t.of(401))), count(float64(t.of(403))), count(float64(t.of(unavailable))),
			strconv.Itoa(t.wrong), count(float64(x.calls)), rough(t.quantile(0.5)), rough(t.quantile(0.99)),
			percent(t.goodRefused()), back)
		r.count(label, x, t)
	}
	r.strips = append(r.strips, newStrip("CacheTTL "+label, stretches, samples))
}

// count records the facts of a stretch, and the targets that are about the phase itself.
func (r *result) count(label string, x stretch, t *outcome) {
	r.facts["wrong"] += float64(t.wrong)
	r.facts["unanswered"] += float64(t.of(0))
	r.facts["all"] += float64(t.all())
	r.facts["calls"] += float64(x.calls)
	for _, status := range []int{200, 401, 403, unavailable} {
		r.facts[strconv.Itoa(status)] += float64(t.of(status))
	}
	switch {
	case label != "0":
	case x.name == "30 % 500s":
		r.atMost("outage, CacheTTL 0: good requests refused while 30 % of calls fail", t.goodRefused(), 0.12, percent)
	case x.name == "flapping":
		r.atLeast("outage, CacheTTL 0: good requests answered while the server flaps", 1-t.goodRefused(), 0.4, percent)
	}
}

// An outcome counts the requests of a stretch by their ends.
type outcome struct {
	tally
	ok, wrong, good int // good is how many had a good token
}

func (t *outcome) goodRefused() float64 { return 1 - float64(t.ok)/float64(max(t.good, 1)) }

// among returns the outcome of the samples that began in x.
func (x stretch) among(samples []sample) *outcome {
	t := &outcome{}
	for _, s := range samples {
		if s.begun < x.begun || s.begun >= x.ended {
			continue
		}
		t.add(s.status, s.ended-s.begun)
		if s.wrong {
			t.wrong++
		}
		if s.kind.status == http.StatusOK {
			t.good++
			if s.status == http.StatusOK {
				t.ok++
			}
		}
	}
	return t
}

// until returns when the next trouble begins.
func (x stretch) until(all []stretch, i int) time.Duration {
	for _, next := range all[i+1:] {
		if next.name != "healthy" {
			return next.begun
		}
	}
	return all[len(all)-1].ended
}

const never = time.Duration(1<<63 - 1)

func recovered(v float64) string {
	if v >= float64(never) {
		return "not in the time"
	}
	return rough(time.Duration(v))
}

// recoveryAfter returns the time from back to the first good answer that needed the server, if
// there was one before the next trouble.
func recoveryAfter(back, until time.Duration, samples []sample, ttl time.Duration) time.Duration {
	after := never
	for _, s := range samples {
		needed := s.prefix == newToken || ttl == 0
		if needed && s.status == http.StatusOK && s.ended > back && s.ended < until {
			after = min(after, s.ended-back)
		}
	}
	return after
}

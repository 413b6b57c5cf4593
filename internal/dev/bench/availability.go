package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// situations are hostile, partial and ordinary failures. Each of them once made the guard refuse
// good tokens. What a situation finds is compared with a target.
var situations = []func(settings) ([]target, error){
	measureHostile, measurePartial, measureDeadConnections, measureGarbageRate, measureGarbageCrowd, measureSlow,
	measureMultiplied, measureOverlapping, measureFolding, measurePanics, measureHeavy, measureWaiting,
}

// measureAvailability runs each situation once, in real time. It compares no contenders.
func measureAvailability(s settings) (*result, error) {
	r := newResult("what", "measured", "wanted", "reached")
	reached := 0
	for _, situation := range situations {
		found, err := situation(s)
		if err != nil {
			return nil, err
		}
		for _, t := range found {
			r.row(t.what, t.found, t.want, verdict(t.reached))
			if t.reached {
				reached++
			}
		}
	}
	r.note("%d of %d reached. Settings are the defaults, but for a CacheTTL of 1 s where entries are to end, and a MaxInFlight"+
		" of 128 for the lines about connections. These have a server on loopback; for the others it is in process.", reached, len(r.rows))
	r.facts["lines"], r.facts["reached"] = float64(len(r.rows)), float64(reached)
	return r, nil
}

// A variant is one way in which the endpoint, or a firewall before it, answers to the tokens of one
// client.
type variant struct {
	name     string
	said     ruling
	deserved int // what the hostile client itself gets
}

const unavailable = http.StatusServiceUnavailable

var variants = []variant{
	{"403", ruling{status: 403, body: `{}`}, unavailable},
	{"404", ruling{status: 404, body: `{}`}, unavailable},
	{"500", ruling{status: 500, body: `{}`}, unavailable},
	{"502", ruling{status: 502, media: "text/html", body: "<h1>Bad Gateway</h1>"}, unavailable},
	{"nothing", ruling{silent: true}, unavailable},
	{"503, Retry-After: 60", ruling{status: 503, retryAfter: "60"}, unavailable},
	{"200 with HTML", ruling{media: "text/html", body: "<h1>Blocked</h1>"}, unavailable},
	{"200 with half an answer", ruling{body: activeAnswer[:300]}, unavailable},
	{"200 with half a surrogate pair in the display name", ruling{body: named(`Al\ud800ice`)}, http.StatusOK},
}

// named is the answer about a user of that display name, as it stands in JSON.
func named(displayName string) string {
	const before = `"displayName":"`
	return strings.Replace(activeAnswer, before+"Alice", before+displayName, 1)
}

// measureHostile has one client send bursts of 6 tokens while five other users a second arrive.
func measureHostile(s settings) ([]target, error) {
	found, errs := make([]target, len(variants)), make([]error, len(variants))
	var wg sync.WaitGroup
	for i, x := range variants {
		wg.Go(func() { found[i], errs[i] = x.measure(s) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (x variant) measure(s settings) (target, error) {
	d := of(s, 20*time.Second, time.Second)
	good := lawful(5 * time.Millisecond)
	v, err := under(s, func(token string) ruling {
		if token[:1] == hostileToken {
			return x.said
		}
		return good(token)
	})
	if err != nil {
		return target{}, err
	}
	var others, hostile tally
	together(
		func() {
			pace(5, d, func(i int) { others.check(v, numbered(newToken, i, opaqueSize), requirement) })
		},
		func() {
			const burst = 6
			pace(2, d, func(i int) {
				pace(1e6, burst*time.Microsecond, func(j int) {
					hostile.check(v, numbered(hostileToken, burst*i+j, opaqueSize), requirement)
				})
			})
		},
	)
	t := target{
		what:    "a client's tokens get " + x.name + ": other users' new tokens refused",
		found:   fmt.Sprintf("%s of %d", percent(others.refused()), others.all()),
		want:    "≤ 1 %",
		reached: others.refused() <= 0.01 && others.share(http.StatusOK) >= 0.99,
	}
	if x.deserved == http.StatusOK {
		t.found += fmt.Sprintf("; of the client itself %s of %d", percent(hostile.refused()), hostile.all())
		t.want += "; itself never"
		t.reached = t.reached && hostile.refused() == 0
	} else if wrong := hostile.all() - hostile.of(x.deserved); wrong > 0 {
		t.found += fmt.Sprintf("; %d of his tokens were decided on", wrong)
		t.reached = false
	}
	return t, nil
}

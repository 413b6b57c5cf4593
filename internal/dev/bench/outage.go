package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
)

// A phase is a part of the script. Happen runs in a goroutine while the phase lasts. It returns
// when the server has come back for good, or zero.
type phase struct {
	name   string
	happen func(f *frailServer, d time.Duration) (back time.Time, err error)
	gap    bool          // a healthy time after an outage, in which the guard recovers
	within time.Duration // how soon the guard must recover after it; 0 means no target
}

// script is what happens to the server. After each trouble the server is healthy for a while. That
// shows how soon the guard recovers, and each trouble begins in the same state.
var script = []phase{
	{name: "healthy", happen: suffering(healthy)},
	{name: "+500 ms", happen: suffering(slow)},
	{name: "30 % 500s", happen: suffering(flaky)},
	{name: "healthy", happen: suffering(healthy), gap: true},
	{name: "hang", happen: suffering(hung), within: longRecovery},
	{name: "healthy", happen: suffering(healthy), gap: true},
	{name: "refused", happen: away, within: longRecovery},
	{name: "healthy", happen: suffering(healthy), gap: true},
	{name: "429", happen: suffering(limited), within: longRecovery},
	{name: "healthy", happen: suffering(healthy), gap: true},
	{name: "restart", happen: restart, within: shortRecovery},
	{name: "flapping", happen: flapping},
	{name: "healthy", happen: suffering(healthy)},
}

const (
	shortRecovery = 2 * time.Second
	longRecovery  = 6 * time.Second // the longest pause, and a second
)

func suffering(h health) func(*frailServer, time.Duration) (time.Time, error) {
	return func(f *frailServer, d time.Duration) (time.Time, error) {
		f.suffer(h)
		time.Sleep(d)
		if h == hung || h == limited {
			f.suffer(healthy)
			return time.Now(), nil
		}
		return time.Time{}, nil
	}
}

// away closes the server for d.
func away(f *frailServer, d time.Duration) (time.Time, error) {
	f.suffer(healthy)
	f.down()
	time.Sleep(d)
	return time.Now(), f.up()
}

// restart stops the server. It comes back after an eighth of d, which is a second in the full
// run, and does not know our token any more.
func restart(f *frailServer, d time.Duration) (time.Time, error) {
	f.starts.Add(1)
	back, err := away(f, d/8)
	time.Sleep(d - d/8)
	return back, err
}

// flapping stops the server for an eighth of d and starts it for as long, again and again.
func flapping(f *frailServer, d time.Duration) (back time.Time, err error) {
	for range 4 {
		if back, err = away(f, d/8); err != nil {
			return back, err
		}
		time.Sleep(d / 8)
	}
	return back, nil
}

// A stretch is a phase as it happened.
type stretch struct {
	phase
	begun, ended, back time.Duration // from the beginning
	calls              int64
}

// play runs the script against one guard, under the callers' load.
func play(s settings, ttl time.Duration) ([]stretch, []sample, error) {
	f, err := newFrailServer()
	if err != nil {
		return nil, nil, err
	}
	defer f.down()
	v, err := verifier(nil, func(c *core.Config) {
		c.Profile = core.MobileFirst8("http://" + f.address + "/mfp/api")
		c.CacheTTL = &ttl
		c.MaxInFlight = 256 // enough for 300 calls/s that take half a second each
		c.Timeout = of(s, 0, time.Second)
	})
	if err != nil {
		return nil, nil, err
	}
	address, stop, err := serve(httpguard.Require(v, requirement)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	if err != nil {
		return nil, nil, err
	}
	defer stop()
	begun := time.Now()
	var samples []sample
	var wg sync.WaitGroup
	wg.Go(func() { samples = newCallers("http://"+address+"/").run(begun, lengthOf(s)) })
	stretches, err := perform(s, f, begun)
	wg.Wait()
	if err != nil {
		return nil, nil, err
	}
	for _, x := range samples { // the last phase lasts until the last request has begun
		last := &stretches[len(stretches)-1]
		last.ended = max(last.ended, x.begun+1)
	}
	return stretches, samples, nil
}

// perform runs the script.
func perform(s settings, f *frailServer, begun time.Time) ([]stretch, error) {
	var all []stretch
	end, before := begun, time.Duration(0)
	for _, p := range script {
		x, calls := stretch{phase: p, begun: before}, f.calls.Load()
		end = end.Add(p.length(s))
		back, err := p.happen(f, time.Until(end))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		if !back.IsZero() {
			x.back = back.Sub(begun)
		}
		x.ended, x.calls = time.Since(begun), f.calls.Load()-calls
		before = x.ended
		all = append(all, x)
	}
	return all, nil
}

func (p phase) length(s settings) time.Duration {
	if p.gap {
		return of(s, 8*time.Second, 500*time.Millisecond)
	}
	return of(s, 8*time.Second, time.Second)
}

func lengthOf(s settings) (d time.Duration) {
	for _, p := range script {
		d += p.length(s)
	}
	return d
}

package main

import "time"

// throughputTargets are the lowest ratios of guarded to bare, with a token of 900 bytes and with an
// opaque one.
var throughputTargets = map[string][2]float64{"net/http": {0.95, 0.95}, "Gin": {0.95, 0.95}, "Fiber": {0.91, 0.93}}

func measureLoopback(s settings) (*result, error) {
	rs, _, err := newSigners()
	if err != nil {
		return nil, err
	}
	signed, err := rs.token(signedSize)
	if err != nil {
		return nil, err
	}
	v, err := guarded(signed, opaqueToken)
	if err != nil {
		return nil, err
	}
	r := newResult("framework, token", "bare", "guarded", "throughput", "CPU a request", "p50", "p99", "bare p99", "p99 over bare")
	window := of(s, 100*time.Millisecond, 5*time.Millisecond)
	for _, f := range []framework{netHTTP(v, nil), withGin(v, nil), withFiber(v, nil)} {
		for i, token := range []string{signed, opaqueToken} {
			kind := []string{"900 bytes", "opaque"}[i]
			d, err := newDuel(f, kind, token)
			if err != nil {
				return nil, err
			}
			err = d.run(s, window)
			d.bare.close()
			d.guarded.close()
			if err != nil {
				return nil, err
			}
			d.report(r, throughputTargets[f.name][i])
		}
	}
	r.note("Requests per second of a trivial handler; server and load generator share one process and its cores, for both alike." +
		" CPU a request, of both, is the steadier ratio on a machine that others use too.")
	return r, nil
}

// run runs one round to warm up, and then the rounds that count.
func (d *duel) run(s settings, window time.Duration) error {
	if err := d.round(0, window/4); err != nil {
		return err
	}
	d.loads = [2][]load{}
	for n := range 2 * s.rounds {
		if err := d.round(n, window); err != nil {
			return err
		}
	}
	return nil
}

func (d *duel) report(r *result, least float64) {
	rate := func(l load) float64 { return l.perSecond }
	cpu := func(l load) float64 { return l.cpu }
	p50 := func(l load) float64 { return float64(l.p50) }
	p99 := func(l load) float64 { return float64(l.p99) }
	through, tail := d.ratio(rate), d.ratio(p99)
	r.row(d.name, count(median(d.values(0, rate))), count(median(d.values(1, rate))), ratio(through), times(d.ratio(cpu)),
		ns(median(d.values(1, p50))), ns(median(d.values(1, p99))), ns(median(d.values(0, p99))), times(tail))
	r.atLeast("loopback throughput over bare, "+d.name, through, least, ratio)
	r.atMost("loopback p99 over bare, "+d.name, tail, 1.2, times)
}

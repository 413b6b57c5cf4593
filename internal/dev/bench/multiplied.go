package main

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// always is the requirement of a route that accepts no remembered answer.
var always = requirement.MaxAge(0)

// measureMultiplied sends thousands of requests with one token at once, on a route that accepts no
// remembered answer, while other users arrive.
func measureMultiplied(s settings) ([]target, error) {
	const others = 50
	crowd := of(s, 6000, 300)
	token := numbered(goodToken, 1, opaqueSize)
	good := lawful(busyLatency)
	var calls atomic.Int64
	v, err := under(s, func(asked string) ruling {
		if asked == token {
			calls.Add(1)
		}
		return good(asked)
	})
	if err != nil {
		return nil, err
	}
	var same, rest tally
	begun, took := time.Now(), time.Duration(0)
	together(
		func() {
			share(crowd, crowd, func(int, int) { same.check(v, token, always) })
			took = time.Since(begun)
		},
		func() {
			pace(100, others*10*time.Millisecond, func(i int) { rest.check(v, numbered(newToken, i, opaqueSize), requirement) })
		},
	)
	most := 2*int64(took/busyLatency) + 2
	return []target{{
		what: fmt.Sprintf("one token, %s requests at once on a MaxAge(0) route, server %v, %d other users",
			count(float64(crowd)), busyLatency, others),
		found: fmt.Sprintf("%d calls in %s, refused: %d of its own, %d others",
			calls.Load(), rough(took), same.of(unavailable), rest.of(unavailable)),
		want:    fmt.Sprintf("≤ %d calls, none refused", most),
		reached: calls.Load() <= most && same.of(http.StatusOK) == crowd && rest.of(http.StatusOK) == others,
	}}, nil
}

// measureOverlapping revokes a token while several calls about it are under way, because of
// MaxAge(0), and then uses it on a plain route.
func measureOverlapping(s settings) ([]target, error) {
	const plain = 20
	token := numbered(goodToken, 1, opaqueSize)
	var revoked atomic.Bool
	v, err := under(s, func(string) ruling {
		if revoked.Load() {
			return ruling{body: inactiveAnswer, after: busyLatency}
		}
		return ruling{body: activeAnswer, after: busyLatency}
	})
	if err != nil {
		return nil, err
	}
	var before, after, fresh tally
	if before.check(v, token, requirement) != http.StatusOK {
		return nil, fmt.Errorf("the token was refused before it was revoked")
	}
	learnt := make(chan struct{}) // closed when a request was refused because it is inactive
	tell := sync.OnceFunc(func() { close(learnt) })
	together(
		func() {
			pace(100, time.Second, func(i int) { // five of them at a time
				if i == 20 {
					revoked.Store(true)
				}
				if fresh.check(v, token, always) == http.StatusUnauthorized {
					tell()
				}
			})
			tell()
		},
		func() {
			<-learnt
			pace(50, plain*20*time.Millisecond, func(int) { after.check(v, token, requirement) })
		},
	)
	if fresh.of(http.StatusUnauthorized) == 0 {
		return nil, fmt.Errorf("no MaxAge(0) call was told that the token is inactive: %v", fresh.status)
	}
	return []target{{
		what: "a token is revoked under overlapping MaxAge(0) calls: a plain route after the first was told",
		found: fmt.Sprintf("%d of %d accepted; told %d times", after.of(http.StatusOK), plain,
			fresh.of(http.StatusUnauthorized)),
		want:    "none accepted",
		reached: after.of(http.StatusUnauthorized) == plain,
	}}, nil
}

// measureHeavy remembers answers of nearly the maximum length.
func measureHeavy(s settings) ([]target, error) {
	const size, bound = 900_000, 64 << 20
	n := of(s, 500, 5)
	body := newActiveAnswer(size)
	grown, err := growth(1, func() (any, error) {
		v, err := under(s, func(string) ruling { return ruling{body: body} })
		if err != nil {
			return nil, err
		}
		var t tally
		for i := range n {
			t.check(v, numbered(goodToken, i, opaqueSize), requirement)
		}
		if t.of(http.StatusOK) != n {
			return nil, fmt.Errorf("%d of %d answers of %d bytes were taken", t.of(http.StatusOK), n, size)
		}
		return v, nil
	})
	return []target{{
		what:    fmt.Sprintf("%d answers of 0.9 MB: heap", n),
		found:   mebibytes(grown),
		want:    "≤ 64 MiB, and 4 for the rest",
		reached: grown <= bound+4<<20,
	}}, err
}

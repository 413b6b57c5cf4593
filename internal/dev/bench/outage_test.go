package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// at is a sample of a kind of caller.
func at(prefix string, begun, ended time.Duration, status int) sample {
	for _, p := range turn {
		if p.prefix == prefix {
			return sample{place: p, begun: begun, ended: ended, status: status, wrong: status != p.status && status != unavailable}
		}
	}
	panic("there is no kind " + prefix)
}

func TestATurnHasEveryKindOfCaller(t *testing.T) {
	got := map[string]int{}
	for _, p := range turn {
		got[p.prefix]++
	}
	for _, k := range kinds {
		if got[k.prefix] != k.each {
			t.Errorf("%d requests of kind %q in a turn, want %d", got[k.prefix], k.prefix, k.each)
		}
	}
	if rate := turns * len(turn); rate != 310 {
		t.Errorf("%d requests a second, want 310", rate)
	}
}

func TestTokensOfCallers(t *testing.T) {
	of := func(prefix string, n int) string { return at(prefix, 0, 0, 0).token(n) }
	if of(newToken, 1) == of(newToken, 2) || of(garbageToken, 1) == of(garbageToken, 2) {
		t.Error("a new or a garbage token came twice")
	}
	if of(goodToken, 1) == of(goodToken, 2) || of(goodToken, 1) != of(goodToken, 1+turns) {
		t.Error("a user does not come once a second with the same token")
	}
}

func TestWhatCameOfAStretch(t *testing.T) {
	x := stretch{begun: time.Second, ended: 2 * time.Second}
	got := x.among([]sample{
		at(goodToken, 500*time.Millisecond, 3*time.Second, unavailable), // of the stretch before
		at(goodToken, time.Second, 2*time.Second, http.StatusOK),
		at(newToken, time.Second, 9*time.Second, unavailable),
		at(goodToken, time.Second, 2*time.Second, http.StatusUnauthorized),
		at(revokedToken, time.Second, 2*time.Second, http.StatusOK),
		at(lackingToken, time.Second, 2*time.Second, http.StatusForbidden),
		at(lackingToken, 2*time.Second, 2*time.Second, http.StatusForbidden), // of the next one
	})
	if got.all() != 5 || got.wrong != 2 || got.good != 3 || got.ok != 1 {
		t.Errorf("%d requests, %d wrong, %d of %d good ones answered; want 5, 2, 1 of 3", got.all(), got.wrong, got.ok, got.good)
	}
}

func TestRecoveryIsTheFirstGoodAnswerThatNeededTheServer(t *testing.T) {
	const back, until = 10 * time.Second, 20 * time.Second
	for _, tt := range []struct {
		name string
		ttl  time.Duration
		of   sample
		want time.Duration
	}{
		{"a new token", time.Minute, at(newToken, 11*time.Second, 12*time.Second, 200), 2 * time.Second},
		{"a new token that had waited", time.Minute, at(newToken, 8*time.Second, 11*time.Second, 200), time.Second},
		{"a new token, refused", time.Minute, at(newToken, 11*time.Second, 12*time.Second, 503), never},
		{"a known token that may be remembered", time.Minute, at(goodToken, 11*time.Second, 12*time.Second, 200), never},
		{"a known token where nothing is", 0, at(goodToken, 11*time.Second, 12*time.Second, 200), 2 * time.Second},
		{"an answer from before", 0, at(newToken, 8*time.Second, 9*time.Second, 200), never},
		{"an answer from the next trouble", 0, at(newToken, 20*time.Second, 21*time.Second, 200), never},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := recoveryAfter(back, until, []sample{tt.of}, tt.ttl); got != tt.want {
				t.Errorf("recovered after %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAStripShowsWhatWasRefused(t *testing.T) {
	s := newStrip("", []stretch{{ended: 500 * time.Millisecond}}, []sample{
		at(goodToken, 0, 0, 200), at(goodToken, 0, 0, 503), at(newToken, 300*time.Millisecond, 0, 200), at(garbageToken, 0, 0, 503),
	})
	if got, want := s.Answered(), "M16.0 96V48H380.0V0H744.0"; !strings.HasPrefix(got, want) {
		t.Errorf("answered: %s, want %s...", got, want)
	}
	if got, want := s.All(), "M16.0 96V0H380.0V0H744.0"; !strings.HasPrefix(got, want) {
		t.Errorf("all: %s, want %s...", got, want)
	}
}

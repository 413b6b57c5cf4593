package main

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// near fails unless got is within a share of want.
func near(t *testing.T, what string, got, want, share float64) {
	t.Helper()
	if math.Abs(got/want-1) > share {
		t.Errorf("%s: %.4f, want %.4f within %.1f %%", what, got, want, 100*share)
	}
}

func TestSimulationAgreesWithTheFormula(t *testing.T) {
	for _, s := range scenarios {
		near(t, s.String(), s.simulate(time.Hour, 7), s.calls(), 0.03)
	}
}

func TestTheFormulaInCasesThatNeedNone(t *testing.T) {
	for _, c := range []struct {
		name string
		of   traffic
		want float64
	}{
		{"without a cache each request is a call", traffic{1000, 10, 0.5, 0, time.Hour}, 500},
		{"a user on so many replicas never meets the same twice", traffic{1000, 1e9, 0.5, time.Minute, time.Hour}, 500},
		{"with a TTL beyond the lifetime and many requests, one call a token", traffic{1000, 1, 10, 2 * time.Hour, time.Hour}, 1000. / 3600},
		{"many requests, short TTL: one call in four fifths of a TTL", traffic{1000, 1, 1000, time.Minute, time.Hour}, 1000. / 48},
	} {
		near(t, c.name, c.of.calls(), c.want, 0.001)
	}
}

func TestTheRuleOfThumbIsNearForLongLivedTokens(t *testing.T) {
	s := traffic{1000, 10, 0.1, time.Minute, 24 * time.Hour}
	near(t, s.String(), s.rule(), s.calls(), 0.01)
}

// What was calculated and simulated so far is an idea of the cache. Here real Verifiers serve the traffic, in fake time.
func TestVerifiersCallAsOftenAsTheFormulaSays(t *testing.T) {
	const span = 2 * time.Hour
	model := traffic{users: 40, replicas: 4, rate: 1. / 20, ttl: time.Minute, lifetime: 10 * time.Minute}
	synctest.Test(t, func(t *testing.T) {
		server := coretest.New()
		defer server.Close()
		replicas := make([]*core.Verifier, int(model.replicas))
		for i := range replicas {
			v, err := core.New(core.Config{
				Profile: core.MobileFirst8(server.BaseURL()), ClientID: "test", ClientSecret: "test",
				CacheTTL: &model.ttl, Transport: server.Transport(),
			})
			if err != nil {
				t.Fatal(err)
			}
			replicas[i] = v
		}
		calls := drive(t, model, server, replicas, span)
		near(t, "calls a second", calls, model.calls(), 0.03)
	})
}

// drive sends the traffic to the replicas and returns the introspections a second, once the beginning is over.
func drive(t *testing.T, model traffic, server *coretest.Server, replicas []*core.Verifier, span time.Duration) float64 {
	type token struct {
		field http.Header
		ends  time.Time
	}
	guards := make([]*core.Guard, len(replicas))
	for i, v := range replicas {
		guards[i] = guardFor(v, requirement)
	}
	random := rand.New(rand.NewPCG(3, 3))
	wait := func() float64 { return random.ExpFloat64() / model.rate }
	mint := func(life time.Duration) token {
		value := server.Mint(coretest.Grant{Scope: "accessRestricted", Lifetime: life})
		return token{http.Header{"Authorization": {"Bearer " + value}}, time.Now().Add(life)}
	}
	tokens, next := make([]token, int(model.users)), make(agenda, int(model.users))
	for user := range next {
		next[user] = event{wait(), user}
		tokens[user] = mint(time.Duration(random.Int64N(int64(model.lifetime))) + time.Millisecond)
	}
	heap.Init(&next)
	begun, from := time.Now(), -1
	for seconds := 0.0; seconds < (model.lifetime + span).Seconds(); seconds = next[0].at {
		time.Sleep(time.Until(begun.Add(time.Duration(seconds * float64(time.Second)))))
		if from < 0 && seconds >= model.lifetime.Seconds() {
			from = server.Calls().Introspection
		}
		user := next[0].user
		for !time.Now().Before(tokens[user].ends) {
			tokens[user] = mint(model.lifetime - time.Since(tokens[user].ends))
		}
		_, denial := guards[random.IntN(len(guards))].Authorize(t.Context(), core.Request{Authorization: tokens[user].field["Authorization"]})
		if denial != nil {
			t.Fatalf("after %.0fs: %d %s", seconds, denial.Status, denial.Body)
		}
		next[0].at += wait()
		heap.Fix(&next, 0)
	}
	return float64(server.Calls().Introspection-from) / span.Seconds()
}

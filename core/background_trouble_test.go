package core_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// HT-03: whatever goes wrong in the background, the old answer counts until its end, and the question is neither repeated nor asked
// again. It is logged as any other.
func TestTroubleInTheBackground(t *testing.T) {
	for name, fault := range map[string]coretest.Fault{
		"500":         coretest.Status(500),
		"conflict":    coretest.Status(409),
		"bad request": coretest.Status(400),
		"page":        coretest.HTML(200),
		"reset":       coretest.Reset(),
		"truncated":   coretest.Truncate(),
		"hang":        coretest.Hang(),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				h := newHotToken(t, func(c *core.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
				h.fault(fault)
				for at := 48 * time.Second; at < time.Minute; at += time.Second {
					h.use(at, "ok", 0)
				}
				h.calls(2)
				if len(h.background) != 1 || h.background[0] == nil {
					t.Errorf("the questions in the background came to %v, want one error", h.background)
				}
				if got, want := strings.Count(log.String(), "introspection failed"), 1; name != "conflict" && got != want {
					t.Errorf("%d lines, want %d: %s", got, want, log.String())
				}
				h.use(time.Minute, "ok", latency)
				h.calls(3)
			})
		})
	}
}

// HT-03: while the circuit is open there are no questions in the background; a hit after that asks.
func TestNoBackgroundQuestionInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHotToken(t)
		h.srv.Clear(coretest.Introspection)
		h.srv.Inject(coretest.Introspection, 1000, coretest.Status(500))
		time.Sleep(45*time.Second - time.Since(h.begun))
		for range 10 {
			authorize(t.Context(), h.v, bearer(h.srv.Mint(coretest.Grant{})), core.Authenticated())
		}
		if !h.v.Stats().CircuitOpen {
			t.Fatal("the circuit is closed")
		}
		before := h.srv.Calls().Introspection
		h.use(48*time.Second, "ok", 0)
		h.use(50*time.Second, "ok", 0)
		h.calls(before)
		h.srv.Clear(coretest.Introspection)
		time.Sleep(2 * time.Second)
		authorize(t.Context(), h.v, bearer(h.srv.Mint(coretest.Grant{})), core.Authenticated())
		synctest.Wait()
		if h.v.Stats().CircuitOpen || len(h.background) != 0 {
			t.Fatalf("the circuit is open, or %v", h.background)
		}
		before = h.srv.Calls().Introspection
		h.use(54*time.Second-1, "ok", 0) // tried again after a tenth of the time
		h.calls(before)
		h.use(54*time.Second, "ok", 0)
		h.calls(before + 1)
		h.use(time.Minute, "ok", 0)
		h.calls(before + 1)
	})
}

// HT-03: questions in the background take at most half of the calls under way. They begin only while the other half is free, and one
// is cancelled as soon as a caller has to wait.
func TestBackgroundQuestionsGiveWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := newHotToken(t, func(c *core.Config) {
			c.MaxInFlight, c.Logger = 2, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		stranger := func() (string, time.Duration) {
			begun := time.Now()
			_, d := authorize(t.Context(), h.v, bearer(h.srv.Mint(coretest.Grant{})), core.Authenticated())
			return outcome(d), time.Since(begun)
		}
		h.fault(coretest.Delay(time.Second))
		time.Sleep(48*time.Second - time.Millisecond - time.Since(h.begun))
		go stranger()
		h.use(48*time.Second, "ok", 0)
		h.calls(2) // the second is the stranger's: it has one of the two
		h.fault(coretest.Hang())
		h.use(54*time.Second, "ok", 0)
		h.calls(3) // in the background
		go stranger()
		synctest.Wait()
		if got, wait := stranger(); got != "ok" || wait != latency {
			t.Errorf("a caller beside a call and a question in the background that hangs: %s after %v, want ok after %v", got, wait, latency)
		}
		synctest.Wait()
		if len(h.background) != 1 || h.background[0] == nil || !strings.Contains(h.background[0].Error(), "given up for a caller") {
			t.Errorf("the question in the background came to %v", h.background)
		}
		if strings.Contains(log.String(), "introspection") {
			t.Errorf("logged: %s", log.String())
		}
		h.use(time.Minute-1, "ok", 0)
		h.use(time.Minute, "ok", latency)
		h.calls(6)
	})
}

// HT-03: a caller that has joined a question in the background, which then had to give way, asks itself.
func TestCallerOutlivesABackgroundQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHotToken(t, func(c *core.Config) { c.MaxInFlight = 2 })
		h.fault(coretest.Hang())
		h.use(59*time.Second, "ok", 0)
		h.calls(2)
		h.srv.Clear(coretest.Introspection)
		h.srv.Inject(coretest.Introspection, 2, coretest.Delay(time.Second))
		time.Sleep(time.Until(h.begun.Add(time.Minute)))
		for range 2 { // take the other slot, and that of the question
			go authorize(t.Context(), h.v, bearer(h.srv.Mint(coretest.Grant{})), core.Authenticated())
		}
		begun := time.Now()
		_, d := authorize(t.Context(), h.v, bearer(h.token), core.Authenticated())
		if outcome(d) != "ok" || time.Since(begun) != time.Second {
			t.Errorf("got %s after %v, want ok after a second", outcome(d), time.Since(begun))
		}
	})
}

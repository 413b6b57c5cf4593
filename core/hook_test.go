package core_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// A function of a Trace that panics is named in the log, once.
func TestTheHookThatPanicsIsNamed(t *testing.T) {
	for name, trace := range map[string]core.Trace{
		"Looked":         {Looked: func(context.Context, core.LookedInfo) { panic("boom") }},
		"Joined":         {Joined: func(context.Context, core.JoinedInfo) { panic("boom") }},
		"Waited":         {Waited: func(context.Context, core.WaitedInfo) { panic("boom") }},
		"Retried":        {Retried: func(context.Context, core.RetriedInfo) { panic("boom") }},
		"Introspected":   {Introspected: func(context.Context, core.IntrospectedInfo) { panic("boom") }},
		"CircuitChanged": {CircuitChanged: func(core.CircuitChangedInfo) { panic("boom") }},
		"Decided":        {Decided: func(context.Context, core.DecidedInfo) { panic("boom") }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log buffer
				srv := coretest.New()
				v := mobileFirst(t, srv, func(c *core.Config) {
					c.Trace, c.MaxInFlight, c.Logger = trace, 1, slog.New(slog.NewTextHandler(&log, nil))
				})
				authorize(t.Context(), v, bearer("warm"), core.Authenticated())
				srv.Inject(coretest.Introspection, 1, coretest.Delay(time.Second))
				for _, token := range []string{"t1", "t1", "t2"} {
					go authorize(t.Context(), v, bearer(token), core.Authenticated())
					synctest.Wait()
				}
				time.Sleep(2 * time.Second)
				srv.Inject(coretest.Introspection, coretest.Always, coretest.Status(500))
				for i := range 20 {
					time.Sleep(time.Second)
					if _, d := authorize(t.Context(), v, bearer(fmt.Sprint("u", i)), core.Authenticated()); outcome(d) != "503" {
						t.Errorf("got %s", outcome(d))
					}
				}
				if got := log.String(); strings.Count(got, "Trace.") != 1 || !strings.Contains(got, "Trace."+name) || strings.Contains(got, "boom") {
					t.Errorf("the log says\n%s", got)
				}
			})
		})
	}
}

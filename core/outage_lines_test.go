package core_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// LG-02: an outage is one line when calls stop, and one when they go on, with how many and how long.
func TestAnOutageIsTwoLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		var log bytes.Buffer
		v := mobileFirst(t, srv, func(c *core.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		authorize(t.Context(), v, bearer("warm"), core.Authenticated())
		ask := func(times int) {
			for i := range times {
				time.Sleep(100 * time.Millisecond)
				authorize(t.Context(), v, bearer(fmt.Sprintf("t%d-%d", time.Now().UnixNano(), i)), core.Authenticated())
			}
		}
		srv.Down()
		ask(100)
		srv.Up()
		ask(100)
		synctest.Wait()
		for what, want := range map[string][]string{
			"introspection stopped": {"level=WARN", "failures=", "asked_again_in="},
			"introspection goes on": {"level=INFO", "stopped_for=", "refused="},
		} {
			var lines []string
			for line := range strings.Lines(log.String()) {
				if strings.Contains(line, what) {
					lines = append(lines, line)
				}
			}
			if len(lines) != 1 {
				t.Errorf("%d lines of %q:\n%s", len(lines), what, log.String())
				continue
			}
			for _, part := range want {
				if !strings.Contains(lines[0], part) {
					t.Errorf("%q lacks %q", lines[0], part)
				}
			}
		}
	})
}

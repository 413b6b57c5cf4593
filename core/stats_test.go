package core_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// Stats counts what is remembered, and what it takes.
func TestStatsOfTheCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		if got := v.Stats(); got != (core.Stats{}) {
			t.Errorf("at first: got %+v", got)
		}
		const size = 3000
		for i := range 3 {
			token := fmt.Sprint("good", i)
			srv.SetAnswer(token, strings.TrimSuffix(active, "}")+`,"x":"`+strings.Repeat("x", size)+`"}`)
			authorize(t.Context(), v, bearer(token), core.Authenticated())
		}
		for i := range 2 {
			authorize(t.Context(), v, bearer(fmt.Sprint("bad", i)), core.Authenticated())
		}
		got := v.Stats()
		if got.ActiveBytes < 3*size || got.ActiveBytes > 6*size {
			t.Errorf("three answers of %d bytes take %d", size, got.ActiveBytes)
		}
		if want := (core.Stats{ActiveEntries: 3, InactiveEntries: 2, ActiveBytes: got.ActiveBytes}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		v.ForgetToken("good0")
		v.ForgetToken("bad0")
		if after := v.Stats(); after.ActiveEntries != 2 || after.InactiveEntries != 1 || after.ActiveBytes >= got.ActiveBytes {
			t.Errorf("after two were forgotten: got %+v", after)
		}
	})
}

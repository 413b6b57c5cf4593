package tokensource_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/tokensource"
)

// A Source that is printed, as part of a Renewal for instance, does not show its token.
func TestASourcePrintsNoToken(t *testing.T) {
	const token = "canary-token"
	src := tokensource.Static(token)
	if _, err := src.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("renewed", slog.Any("source", src), slog.Any("renewal", tokensource.Renewal{Source: src}))
	var none *tokensource.Source
	for _, text := range []string{
		fmt.Sprintf("%v %+v %#v %s %q %d", src, src, src, src, src, src), fmt.Sprintf("%+v", tokensource.Renewal{Source: src}), log.String(), fmt.Sprint(none),
	} {
		if strings.Contains(text, token) || !strings.Contains(text, "token source") {
			t.Errorf("it prints %s", text)
		}
	}
}

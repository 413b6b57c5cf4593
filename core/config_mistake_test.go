package core_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/mfpguard/mfpguard/core"
)

// A mistake that shows only when New opens a file is one in a field, too.
func TestMistakenCAFile(t *testing.T) {
	_, err := core.New(goodConfig(func(c *core.Config) { c.CAFile = filepath.Join(t.TempDir(), "none") }))
	if field, isTyped := mistaken(err); !isTyped || field != "Config.CAFile" {
		t.Errorf("%v is one in the field %q", err, field)
	}
}

// MobileFirst's default credentials are none of another server.
func TestNewDoesNotWarnOfOthersCredentials(t *testing.T) {
	var b bytes.Buffer
	verifier(t, goodConfig(func(c *core.Config) {
		asRFC(core.RFC7662Config{AnyAudience: true})(c)
		c.ClientID, c.ClientSecret = "test", "test"
		c.Logger = slog.New(slog.NewTextHandler(&b, nil))
	}))
	if b.Len() > 0 {
		t.Errorf("the log says %s", &b)
	}
}

package core_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// oidc-provider 9 answers 400 where others answer 401: to a bearer token of ours, and to credentials that are not form-encoded.
func TestBadRequestNamesWhatToCheck(t *testing.T) {
	srv := coretest.New()
	srv.Inject(coretest.Introspection, coretest.Always, coretest.Status(400))
	err := mobileFirst(t, srv).Ready(t.Context())
	e, ok := errors.AsType[*core.EndpointError](err)
	if !ok || e.Status != 400 || !strings.Contains(err.Error(), "check the URL, and how our credentials are sent") {
		t.Errorf("got %v, want what to check", err)
	}
}

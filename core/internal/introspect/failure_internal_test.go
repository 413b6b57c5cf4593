package introspect

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/internal/admission"
	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/tokensource"
)

// AV-01, AV-02: what the end of a call shows about the endpoint, and whether it is worth a second
// call.
func TestClassify(t *testing.T) {
	at := func(status int, cause error) error {
		return &tokensource.EndpointError{Endpoint: introspectionEndpoint, Status: status, Err: cause}
	}
	const none, answered, doubtful, broken = admission.None, admission.Answered, admission.Doubtful, admission.Broken
	i := &Introspector{server: rfc}
	for _, tt := range []struct {
		name     string
		err      error
		evidence admission.Evidence
		again    bool
	}{
		{"an answer", nil, answered, false},
		{"a conflict", ErrConflict, answered, false},
		{"an answer that cannot be used", at(200, errors.New("scope is a list")), answered, false},
		{"a page", at(200, &notJSONError{errors.New("HTML")}), doubtful, false},
		{"too long an answer", at(0, endpoint.ErrTooLarge), answered, false},
		{"a bad request", at(400, nil), answered, false},
		{"too long a URL", at(414, nil), answered, false},
		{"our credentials refused", at(401, nil), doubtful, false},
		{"our scope lacking", at(403, nil), doubtful, false},
		{"nothing there", at(404, nil), doubtful, false},
		{"too many requests", at(429, nil), doubtful, false},
		{"a redirect", at(302, nil), doubtful, false},
		{"500", at(500, nil), doubtful, true},
		{"501", at(501, nil), doubtful, false},
		{"502", at(502, nil), doubtful, true},
		{"504", at(504, nil), doubtful, true},
		{"503 with a time", &tokensource.EndpointError{Endpoint: introspectionEndpoint, Status: 503, RetryAfter: time.Second}, doubtful, false},
		{"no connection", at(0, errors.New("connection refused")), broken, true},
		{"no answer in time", at(0, context.DeadlineExceeded), broken, false},
		{"too little time", at(0, fmt.Errorf("%w: %w", errNoTime, context.DeadlineExceeded)), none, false},
		{"a panic of ours", at(0, errPanic), none, false},
		{"trouble with our own token", &tokensource.EndpointError{Endpoint: "token", Status: 500}, none, false},
		{"trouble with our secret", errors.New("vault is sealed"), none, false},
	} {
		if got := i.classify(tt.err); got.Evidence != tt.evidence {
			t.Errorf("%s is evidence %v, want %v", tt.name, got.Evidence, tt.evidence)
		}
		if got := transient(tt.err); got != tt.again {
			t.Errorf("%s is worth a second call: %v, want %v", tt.name, got, tt.again)
		}
	}
	if got := i.classify(&tokensource.EndpointError{Endpoint: introspectionEndpoint, Status: 429, RetryAfter: 7 * time.Second}); got.StayAway != 7*time.Second {
		t.Errorf("the time to stay away is %v", got.StayAway)
	}
}

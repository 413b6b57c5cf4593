package jose

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"
)

// SV-08: verifying takes no lock: it goes on while another caller is in the state of fetching.
func TestVerifyTakesNoLock(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"` + base64.RawURLEncoding.EncodeToString(public) + `"}]}`))
	}))
	defer srv.Close()
	k := NewKeeper(Options{URL: srv.URL})
	if err := k.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	token, err := Sign(private, Header{}, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, err := k.Verify(t.Context(), token, Algorithms); err != nil {
		t.Error(err)
	}
}

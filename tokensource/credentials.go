package tokensource

import (
	"cmp"
	"context"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/contain"
)

// credentials are what authenticates the client.
type credentials struct {
	// method sends them, and sets used to the fingerprint of the secret or key that was sent last.
	method func(used *fingerprint) clientauth.Method
	// now returns the fingerprint of the present secret or key. It is nil if that cannot change.
	now func(context.Context) (fingerprint, error)
	// name is what is wrong when the server refuses them, and also what else may be.
	name, also string
}

// credentials returns those of a Config without mistakes.
func (c Config) credentials() credentials {
	switch {
	case c.ClientAssertion != nil:
		return assertionCredentials(c.assertion())
	case c.isByCertificate():
		return credentials{
			method: func(*fingerprint) clientauth.Method { return clientauth.Certificate(c.ClientID) },
			name:   "certificate",
		}
	}
	return c.secretCredentials()
}

func assertionCredentials(a *clientauth.Assertion) credentials {
	key := newFingerprintKey()
	sent := credentials{
		method: func(used *fingerprint) clientauth.Method {
			watched := *a
			watched.Used = func(thumbprint string) { *used = key.of(thumbprint) }
			return &watched
		},
		name: "key", also: ", or the server knows it by another ClientAssertion.KeyID, or ClientAssertion.Audience is not the server's issuer, or a clock is wrong",
	}
	if a.Func != nil {
		sent.name, sent.also = "assertion", ""
	}
	if a.KeyFunc != nil {
		sent.now = func(ctx context.Context) (fingerprint, error) {
			thumbprint, err := a.Thumbprint(ctx)
			return key.of(thumbprint), err
		}
	}
	return sent
}

func (c Config) secretCredentials() credentials {
	key, secret := newFingerprintKey(), c.secret()
	sent := credentials{
		method: func(used *fingerprint) clientauth.Method {
			return clientauth.New(clientauth.Style(cmp.Or(c.ClientAuth, BasicRaw)), c.ClientID, func(ctx context.Context) (string, error) {
				secret, err := secret(ctx)
				*used = key.of(secret)
				return secret, err
			})
		},
		name: "secret",
	}
	if c.ClientSecretFunc != nil {
		sent.now = func(ctx context.Context) (fingerprint, error) {
			secret, err := secret(ctx)
			return key.of(secret), err
		}
	}
	return sent
}

// secret returns the function that reads the client's secret. A panic in the program's function is
// an error of it.
func (c Config) secret() clientauth.Secret {
	if c.ClientSecretFunc == nil {
		return func(context.Context) (string, error) { return string(c.ClientSecret), nil }
	}
	hook := &contain.Hook{Name: "Config.ClientSecretFunc", Log: c.Logger}
	return func(ctx context.Context) (string, error) {
		secret, err := Secret(""), errPanicked
		hook.Call(func() { secret, err = c.ClientSecretFunc(ctx) })
		return string(secret), err
	}
}

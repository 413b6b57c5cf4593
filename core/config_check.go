package core

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/tokensource"
)

// maxResponseBytes keeps the places in an answer within 32 bits.
const maxResponseBytes = 1 << 30

// minCacheBytes is what 64 usual answers take.
const minCacheBytes = 64 << 10

// ConfigError is a mistake in one field of a Config; errors.AsType finds it in what [New] returns.
type ConfigError = tokensource.ConfigError

func mistake(field string, err error) error { return &ConfigError{Field: "Config." + field, Err: err} }

// joinMistakes makes one error, with one line for each mistake.
func joinMistakes(mistakes []error) error {
	for i, m := range mistakes {
		mistakes[i] = fmt.Errorf("core: %w", m)
	}
	if len(mistakes) == 1 {
		return mistakes[0]
	}
	return errors.Join(mistakes...)
}

// check returns the mistakes in c, the most important first.
func (c *Config) check() (mistakes []error) {
	add := func(err error) {
		if err != nil {
			mistakes = append(mistakes, err)
		}
	}
	mistakes = append(c.checkProfile(), c.checkClient()...)
	add(c.checkAuthMethod())
	if err := endpoint.CheckTransport(c.Transport); err != nil {
		add(mistake("Transport", err))
	}
	if c.ClientCertificate != nil && c.Transport != nil {
		add(mistake("ClientCertificate", errors.New("and Config.Transport are both set: let the Transport's TLSClientConfig have it, as GetClientCertificate")))
	}
	switch {
	case c.CAFile != "" && c.Transport != nil:
		add(mistake("CAFile", errors.New("and Config.Transport are both set: let the Transport wrap tokensource.NewTransport(caFile)")))
	case c.CAFile != "":
		if _, err := endpoint.OpenTransport(1, c.CAFile); err != nil {
			add(mistake("CAFile", err))
		}
	}
	return append(mistakes, c.checkNumbers()...)
}

// checkNumbers returns the mistakes in the fields that are numbers and durations.
func (c *Config) checkNumbers() (mistakes []error) {
	for _, f := range []struct {
		name  string
		value int64
		text  any
	}{
		{"CacheTTL", int64(valueOr(c.CacheTTL, 0)), valueOr(c.CacheTTL, 0)},
		{"NegativeTTL", int64(valueOr(c.NegativeTTL, 0)), valueOr(c.NegativeTTL, 0)},
		{"Skew", int64(c.Skew), c.Skew},
		{"Timeout", int64(c.Timeout), c.Timeout},
		{"CacheEntries", int64(c.CacheEntries), c.CacheEntries},
		{"NegativeEntries", int64(c.NegativeEntries), c.NegativeEntries},
		{"CacheBytes", int64(c.CacheBytes), c.CacheBytes},
		{"MaxTokenBytes", int64(c.MaxTokenBytes), c.MaxTokenBytes},
		{"MaxResponseBytes", int64(c.MaxResponseBytes), c.MaxResponseBytes},
		{"MaxInFlight", int64(c.MaxInFlight), c.MaxInFlight},
	} {
		if f.value < 0 {
			mistakes = append(mistakes, mistake(f.name, fmt.Errorf("is %v, want >= 0", f.text)))
		}
	}
	if c.MaxResponseBytes > maxResponseBytes {
		mistakes = append(mistakes, mistake("MaxResponseBytes", fmt.Errorf("is %d, want at most %d", c.MaxResponseBytes, maxResponseBytes)))
	}
	if c.Timeout > 0 && (c.Timeout < minTimeout || c.Timeout > maxTimeout) {
		mistakes = append(mistakes, mistake("Timeout", fmt.Errorf("is %v, want %v to %v", c.Timeout, minTimeout, maxTimeout)))
	}
	if c.CacheBytes > 0 && c.CacheBytes < minCacheBytes {
		mistakes = append(mistakes, mistake("CacheBytes", fmt.Errorf("is %d, want at least %d, or 0 for 64 MiB: it counts bytes", c.CacheBytes, minCacheBytes)))
	}
	return mistakes
}

func (c *Config) checkProfile() []error {
	p := &c.Profile
	if p.field == "" {
		return []error{mistake("Profile", errors.New("is not set: use core.MobileFirst8(base), core.MobileFirst7(config), core.Curity(config) or core.RFC7662(config)"))}
	}
	mistakes := slices.Clone(p.mistakes)
	if p.server != nil {
		u, err := endpoint.CheckURL(p.server.URL(), c.InsecureHTTP)
		if err == nil && u.Scheme == "http" && c.isByCertificate() && c.Transport == nil {
			err = errors.New("is http://, where no certificate is presented: use https")
		}
		if err != nil {
			mistakes = append([]error{&ConfigError{Field: p.field, Err: err}}, mistakes...)
		}
		mistakes = append(mistakes, c.checkAnswers()...)
	}
	return mistakes
}

// checkAnswers returns the mistakes in how the server's signed answers are checked.
func (c *Config) checkAnswers() (mistakes []error) {
	answers := c.Profile.server.Answers()
	if answers == nil {
		return nil
	}
	if _, err := endpoint.CheckURL(answers.KeysURL, c.InsecureHTTP); err != nil {
		mistakes = append(mistakes, &ConfigError{Field: c.Profile.keysField, Err: err})
	}
	if answers.Audience == "" && c.Profile.source != nil {
		mistakes = append(mistakes, &ConfigError{
			Field: "RFC7662Config.JWTAnswers.Audience", Err: errors.New("is empty, and there is no Config.ClientID in its place"),
		})
	}
	return mistakes
}

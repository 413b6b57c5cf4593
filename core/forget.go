package core

import (
	"errors"
	"slices"
	"strings"

	"github.com/mfpguard/mfpguard/internal/authfield"
	"github.com/mfpguard/mfpguard/internal/memcache"
)

// Forget drops what is remembered about the token of p, for a logout: the next request with it
// asks the server, and an answer that is on its way is not remembered. It concerns this process
// only. The error says that p is not a Principal of this Verifier, or of a server of [Several], and
// nothing was dropped.
func (v *Verifier) Forget(p Principal) error {
	if err := v.check(); err != nil {
		return err
	}
	switch {
	case p.in == nil:
		return errors.New("core: Forget got the zero Principal: take the one of the request (FromContext)")
	case p.from.v != v && (v.servers == nil || !slices.Contains(v.servers.all, p.from.v)):
		return errors.New("core: Forget got a Principal of another Verifier")
	}
	p.from.v.forget(p.in.Key)
	return nil
}

// forget drops what is remembered about key. What guards have asked for their requests counts no
// longer for others that follow.
func (v *Verifier) forget(key memcache.Key) {
	v.asked.Store(&origin{v})
	v.cache.forget(key)
}

// ForgetToken is [Verifier.Forget] for a token, or for the value of an Authorization field with
// bearer credentials. The error says that s is neither; it does not contain s.
func (v *Verifier) ForgetToken(s string) error {
	if err := v.check(); err != nil {
		return err
	}
	token := trim(s)
	scheme, rest := authfield.CutToken(token)
	if strings.EqualFold(scheme, "Bearer") && (rest == "" || rest[0] == ' ') {
		token = strings.TrimLeft(rest, " ")
	}
	if v.servers != nil {
		i := v.servers.pick(token)
		if i < 0 {
			return errors.New("core: ForgetToken got nothing that a server is named for, and none is the Default")
		}
		v = v.servers.all[i]
	}
	if token == "" || len(token) > v.maxToken || !v.profile.server.WellFormed(token) {
		return errors.New("core: ForgetToken got neither a token nor the value of an Authorization field with bearer credentials")
	}
	v.forget(v.keys.key(token))
	return nil
}

package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
)

// Server is one of the servers of a Verifier that [Several] returns. Make it with [Default] or
// [Issuer]. The zero Server is a mistake that Several reports.
type Server struct {
	v         *Verifier
	issuer    string
	isDefault bool
}

// Default is the server for each token that no other server is named for: one that is no JWT, has
// no "iss", or has the "iss" of none of them.
func Default(v *Verifier) Server { return Server{v: v, isDefault: true} }

// Issuer is the server for the tokens that look like a JWT and have this "iss". It is compared
// code point by code point: a slash at the end makes another issuer.
func Issuer(issuer string, v *Verifier) Server { return Server{v: v, issuer: issuer} }

// Several returns a Verifier for tokens of more than one authorization server, for instance during
// a migration. It is used as any other. Make the Verifier of each server with [New]:
//
//	v, err := core.Several(core.Default(mfp), core.Issuer("https://kc.example.com/realms/a", kc))
//
// The "iss" of a token that looks like a JWT picks the server that is named for exactly this
// issuer. Each other token goes to the Default. Without a Default it is refused with 401
// invalid_token and [ReasonIssuer], and no server is asked. (The Default so sees the tokens of all
// issuers that are not named: leave it out where it should not.) Of credentials in two parts
// (MobileFirst 7.x) the first part picks. The same token goes to the same server always, and never
// to a second one, whatever the first one says and however it fails.
//
// The "iss" is not verified when it picks, and proves nothing: the server that it picks decides.
// It can name no address: only servers of this list are asked. If a token has several, the first
// one counts; an escape stands for its character, but one written as two escapes is no issuer.
//
// Each server keeps what its Config says: client, cache, bounds, circuit, Logger and Trace. So the
// users of one notice no trouble of another. The challenge of a request without usable credentials
// is that of the Default, or else of the first server; a refusal before a server is picked goes to
// its Logger and Trace. MaxTokenBytes is the one of the server that is picked.
//
//   - Guard needs a Requirement that each server can read.
//   - Ready asks all servers at once, and fails if one of them does. For a readiness probe that is
//     too strict: one dead server would take the program away from the users of the others. Let
//     the probe call Ready of each server's own Verifier, and fail when all of them do.
//   - Forget and ForgetToken reach the server that the token belongs to. So does Forget of its own
//     Verifier.
//   - Stats has the sums. CircuitOpen reports whether one is open.
//
// One Verifier may be named for several issuers. An error names all mistakes, one a line; each is a
// [*ConfigError].
func Several(list ...Server) (*Verifier, error) {
	if mistakes := checkServers(list); len(mistakes) > 0 {
		return nil, joinMistakes(mistakes)
	}
	s := &servers{byIssuer: map[string]int{}, fallback: -1}
	for _, one := range list {
		i := slices.Index(s.all, one.v)
		if i < 0 {
			i = len(s.all)
			s.all, s.names = append(s.all, one.v), append(s.names, one.name())
		}
		if one.isDefault {
			s.fallback = i
		} else {
			s.byIssuer[one.issuer] = i
			s.longest = max(s.longest, len(one.issuer))
		}
		s.maxToken = max(s.maxToken, one.v.maxToken)
	}
	s.lead = max(s.fallback, 0)
	return &Verifier{servers: s}, nil
}

// name is what an error calls the server.
func (s Server) name() string {
	if s.isDefault {
		return "the default server"
	}
	return "the server of issuer " + strconv.Quote(s.issuer)
}

// servers is what a Verifier of Several has, and nothing else.
type servers struct {
	all      []*Verifier // each once
	names    []string    // of them
	byIssuer map[string]int
	fallback int // the Default, -1 for none
	lead     int // the one whose challenge is used before one is picked
	longest  int // of the issuers
	maxToken int // the greatest
}

// pick returns which server a token goes to, or -1. It is the only place where that is decided.
func (s *servers) pick(token string) int {
	var buf [256]byte
	if i, ok := s.byIssuer[string(unverifiedIssuer(token, buf[:0], s.longest))]; ok {
		return i
	}
	return s.fallback
}

// choice is what a Guard for several servers has beside its Requirement.
type choice struct {
	*servers
	guards []*Guard // as all
}

func (s *servers) guard(need Requirement) (*Guard, error) {
	if err := need.check(anyServer); err != nil {
		return nil, err
	}
	c := &choice{servers: s}
	for i, v := range s.all {
		g, err := v.Guard(need)
		if err != nil {
			return nil, fmt.Errorf("%w (%s)", err, s.names[i])
		}
		c.guards = append(c.guards, g)
	}
	return &Guard{need: need, choice: c}, nil
}

// anyServer can read each scope element that is one.
var anyServer = introspect.NewRFC7662("", "", nil)

// authorize lets the Guard of one server decide.
func (c *choice) authorize(ctx context.Context, r Request) (Principal, *Denial) {
	lead := c.guards[c.lead]
	token, err := credentials(r.Authorization, c.maxToken)
	if err != nil {
		return lead.Authorize(ctx, r) // which finds the same
	}
	if i := c.pick(token); i >= 0 {
		return c.guards[i].Authorize(ctx, r)
	}
	// No server seems to have issued it. ReasonMalformed stays for what can be no token.
	if err = checkToken(lead.v.profile.server, token); err == nil {
		err = errNoServer
		lead.v.report(ctx, Principal{}, lead.v.keys.key(token), err, 0)
	}
	return Principal{}, lead.refuse(ctx, err)
}

// ready asks all servers at once, so that none spends the time of another.
func (s *servers) ready(ctx context.Context) error {
	failed := make([]error, len(s.all))
	var asked sync.WaitGroup
	for i, v := range s.all {
		asked.Go(func() { failed[i] = v.ready(ctx, s.names[i]+": ") })
	}
	asked.Wait()
	return errors.Join(failed...)
}

func (s *servers) stats() (sum Stats) {
	for _, v := range s.all {
		one := v.Stats()
		sum.ActiveEntries += one.ActiveEntries
		sum.InactiveEntries += one.InactiveEntries
		sum.ActiveBytes += one.ActiveBytes
		sum.InFlight += one.InFlight
		sum.Waiting += one.Waiting
		sum.CircuitOpen = sum.CircuitOpen || one.CircuitOpen
	}
	return sum
}

package clientauth

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mfpguard/mfpguard/internal/jose"
)

// Check calls add for each mistake in a, with the name of the field. The text of the error
// completes a sentence that begins with the field. Check calls no function of a but Key.Public.
func (a *Assertion) Check(add func(field string, err error)) {
	var set []string
	for _, source := range []struct {
		field string
		isSet bool
	}{{"Key", a.Key != nil}, {"KeyFunc", a.KeyFunc != nil}, {"Func", a.Func != nil}} {
		if source.isSet {
			set = append(set, source.field)
		}
	}
	switch {
	case len(set) == 0:
		add("Key", errors.New("is not set, and KeyFunc and Func are not either: set one of them"))
	case len(set) > 1:
		add(set[0], fmt.Errorf("and %s are set: choose one", strings.Join(set[1:], " and ")))
	case a.Func != nil:
		a.checkUnused(add)
	default:
		a.checkSigned(add)
	}
}

// checkUnused is for an assertion that was made elsewhere.
func (a *Assertion) checkUnused(add func(field string, err error)) {
	for _, f := range []struct{ name, value string }{{"KeyID", a.KeyID}, {"Algorithm", a.Algorithm}, {"Audience", a.Audience}} {
		if f.value != "" {
			add(f.name, errors.New("has no meaning beside Func, which returns a complete assertion: remove it"))
		}
	}
}

// checkSigned is for an assertion that a signs.
func (a *Assertion) checkSigned(add func(field string, err error)) {
	known := a.Algorithm == "" || slices.Contains(jose.Algorithms, a.Algorithm)
	if !known {
		add("Algorithm", fmt.Errorf("is %q, want one of %q, or none for that of the key", a.Algorithm, jose.Algorithms))
	}
	if a.Key != nil {
		algorithm := a.Algorithm
		if !known {
			algorithm = ""
		}
		err := errors.New("cannot be used: its method Public panicked")
		a.Panics.Call(func() { _, err = jose.AlgorithmFor(a.Key.Public(), algorithm) })
		if err != nil {
			add("Key", err)
		}
	}
	if a.Audience == "" {
		add("Audience", errors.New("is empty: set it to the issuer identifier of the server"))
	} else if err := Post.check(a.Audience); err != nil {
		add("Audience", err)
	}
}

// CheckAssertion returns an error if jwt, after [Trim], cannot be a JWT in its compact form. The
// error does not contain it.
func CheckAssertion(jwt string) error {
	jwt = Trim(jwt)
	if jwt == "" {
		return errors.New("is empty")
	}
	for i := range len(jwt) {
		if jwt[i] <= 0x20 || jwt[i] > 0x7e {
			return errors.New("has a blank or a character that no JWT has")
		}
	}
	return nil
}

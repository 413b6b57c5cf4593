package core

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/internal/strictjson"
	"github.com/mfpguard/mfpguard/tokensource"
)

// MobileFirst8 is IBM MobileFirst Foundation 8.0. Base is the address of the runtime's API,
// https://host:port/<runtime>/api, for instance https://mfp.example.com:9443/mfp/api; an external authorization server such
// as DataPower may have another path, or none. The service needs a confidential client whose allowed scope covers
// authorization.introspect.
//
// What is special about it: the introspection endpoint takes a bearer token and no client credentials; credentials travel
// as raw Basic; "exp" is in milliseconds (seconds are understood too); 409 asks the mobile client to repeat its request; and
// challenges have exactly the three forms that its client SDKs can read, with no realm.
func MobileFirst8(base string) Profile {
	p := Profile{
		name:            "MobileFirst8",
		clientAuth:      tokensource.BasicRaw,
		tokenScope:      "authorization.introspect",
		sendHint:        true,
		lenientTimes:    true,
		conflicts:       true,
		members:         mfpMembers,
		unfitScopeChars: ",=",
		defaultClients:  "test:test admin:nimda push:hsup",
	}
	trimmed := strings.TrimRight(base, "/")
	u, err := url.Parse(trimmed)
	switch {
	case base == "":
		p.err = errors.New("the base URL is empty, want https://host:port/<runtime>/api")
	case err != nil:
		p.err = errors.New("the base URL is not a URL, want https://host:port/<runtime>/api")
	case u.RawQuery != "" || u.ForceQuery:
		p.err = errors.New("the base URL has a query, want https://host:port/<runtime>/api")
	case strings.Contains(u.Path+"/", "/az/v1/"):
		p.err = errors.New("the base URL already has /az/v1 on it: leave that off, want https://host:port/<runtime>/api")
	}
	p.tokenURL = trimmed + "/az/v1/token"
	p.endpoint = trimmed + "/az/v1/introspection"
	p.notFound = "nothing is served there: check the runtime's name in the base URL"
	if err == nil && !strings.HasSuffix(u.Path, "/api") {
		p.notFound = "nothing is served there: the base URL of MobileFirst 8.0 ends in /api, as in https://host:port/<runtime>/api"
	}
	return p
}

// mfpMembers checks the members that only MobileFirst has. Null and absent are the same: tokens of confidential clients have
// no application, device or user.
func mfpMembers(o strictjson.Object, in *introspection) error {
	app, hasApp, err := o.Object("mfp-application")
	if err != nil {
		return err
	}
	device, hasDevice, err := o.Object("mfp-device")
	if err != nil {
		return err
	}
	user, hasUser, err := o.Object("mfp-user")
	if err != nil {
		return err
	}
	if _, _, err := o.Object("mfp-checks"); err != nil {
		return err
	}
	_, errApp := mfpApplication(app)
	_, errDevice := mfpDevice(device)
	u, errUser := mfpUser(user)
	if err := errors.Join(errApp, errDevice, errUser); err != nil {
		return err
	}
	in.mobile, in.hasApplication, in.hasDevice = true, hasApp, hasDevice
	in.hasUser = hasUser && u.ID != "" && u.ID != "anonymous"
	return nil
}

func mfpApplication(o strictjson.Object) (a Application, err error) {
	return a, members(o, "mfp-application", []member{{"id", &a.ID}, {"clientPlatform", &a.Platform}, {"version", &a.Version}})
}

func mfpDevice(o strictjson.Object) (d Device, err error) {
	return d, members(o, "mfp-device", []member{
		{"id", &d.ID}, {"hardware", &d.Hardware}, {"platform", &d.Platform}, {"deviceDisplayName", &d.DisplayName}, {"status", &d.Status},
	})
}

func mfpUser(o strictjson.Object) (u User, err error) {
	err = members(o, "mfp-user", []member{{"id", &u.ID}, {"displayName", &u.DisplayName}, {"authenticatedBy", &u.AuthenticatedBy}})
	if err != nil {
		return User{}, err
	}
	if at, present, err := o.Number("authenticatedAt"); err != nil {
		return User{}, fmt.Errorf("in mfp-user: %w", err)
	} else if present {
		u.AuthenticatedAt = time.UnixMilli(int64(min(max(at, 0), float64(endOfTime)))) // milliseconds
	}
	attributes, _, err := o.Object("attributes")
	if err != nil {
		return User{}, fmt.Errorf("in mfp-user: %w", err)
	}
	u.Attributes = attributes
	return u, nil
}

// member is a member that must be a string, and where it goes. Null is absent.
type member struct {
	name string
	to   *string
}

func members(o strictjson.Object, of string, all []member) error {
	for _, m := range all {
		s, _, err := o.OptionalString(m.name)
		if err != nil {
			return fmt.Errorf("in %s: %w", of, err)
		}
		*m.to = s
	}
	return nil
}

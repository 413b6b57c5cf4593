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

// mfpObjects are the members that only MobileFirst has.
var mfpObjects = []string{"mfp-application", "mfp-device", "mfp-user", "mfp-checks"}

// mfpMembers reads them. Null and absent are the same: tokens of confidential clients have no application, device or user.
// An identity hangs on the user and its id, and on the application and its id. The rest is only shown, and left out where it
// cannot be read.
func mfpMembers(o strictjson.Object, in *introspection, left *unread) error {
	app, hasApp, err := o.Object("mfp-application")
	if err != nil {
		return err
	}
	user, hasUser, err := o.Object("mfp-user")
	if err != nil {
		return err
	}
	_, errApp := mfpApplication(app, left)
	u, errUser := mfpUser(user, left)
	if err := errors.Join(errApp, errUser); err != nil {
		return err
	}
	device, hasDevice, err := o.Object("mfp-device")
	left.add("", err)
	mfpDevice(device, left)
	checks, _, err := o.Object("mfp-checks")
	left.add("", err)
	left.broken("mfp-checks", checks)
	in.mobile, in.hasApplication, in.hasDevice = true, hasApp, hasDevice
	in.hasUser = hasUser && u.ID != "" && u.ID != "anonymous"
	return nil
}

func mfpApplication(o strictjson.Object, left *unread) (a Application, err error) {
	const of = "mfp-application"
	if a.ID, _, err = o.OptionalString("id"); err != nil {
		return Application{}, fmt.Errorf("in %s: %w", of, err)
	}
	left.show(of, o, []member{{"clientPlatform", &a.Platform}, {"version", &a.Version}})
	left.broken(of, o)
	return a, nil
}

func mfpDevice(o strictjson.Object, left *unread) (d Device) {
	const of = "mfp-device"
	left.show(of, o, []member{
		{"id", &d.ID}, {"hardware", &d.Hardware}, {"platform", &d.Platform}, {"deviceDisplayName", &d.DisplayName}, {"status", &d.Status},
	})
	left.broken(of, o)
	return d
}

func mfpUser(o strictjson.Object, left *unread) (u User, err error) {
	const of, attached = "mfp-user", "attributes"
	if u.ID, _, err = o.OptionalString("id"); err != nil {
		return User{}, fmt.Errorf("in %s: %w", of, err)
	}
	left.show(of, o, []member{{"displayName", &u.DisplayName}, {"authenticatedBy", &u.AuthenticatedBy}})
	at, present, err := o.Number("authenticatedAt")
	left.add(of, err)
	if present {
		u.AuthenticatedAt = time.UnixMilli(int64(min(max(at, 0), float64(endOfTime)))) // milliseconds
	}
	attributes, _, err := o.Object(attached)
	left.add(of, err)
	left.broken("the attributes of "+of, attributes)
	left.broken(of, o, attached)
	u.Attributes = attributes.Whole()
	return u, nil
}

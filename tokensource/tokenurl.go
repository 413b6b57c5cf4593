package tokensource

import (
	"errors"
	"net/url"
	"path"
	"strings"
)

// checkTokenPath returns an error if the path of a TokenURL is that of something else. Its text
// completes "TokenURL ...".
func checkTokenPath(u *url.URL) error {
	trimmed := strings.TrimRight(u.Path, "/")
	switch last := path.Base(trimmed); {
	case trimmed == "":
		return errors.New("has no path: append that of the token endpoint, for MobileFirst 8.0 /<runtime>/api/az/v1/token")
	case last == "introspect", last == "introspection":
		return errors.New("is the introspection endpoint: want the token endpoint, for MobileFirst 8.0 https://host:port/<runtime>/api/az/v1/token")
	case last == "api":
		return errors.New("is the base URL of MobileFirst: append /az/v1/token")
	case strings.HasSuffix(trimmed, "/az/v1"):
		return errors.New("ends in /az/v1: append /token")
	}
	return nil
}

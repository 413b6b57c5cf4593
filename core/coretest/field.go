package coretest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Field returns the value of a header field, however h spells its name in upper and lower case. It
// returns "" if the field is absent. Guards write WWW-Authenticate and MFP-Conflict as the clients
// of MobileFirst expect them, not as Go spells them. So Get does not find them in the header of a
// [net/http/httptest.ResponseRecorder]. Over a connection Go's client changes the names, and Get
// works.
//
// Several values are joined with a comma and a blank, as HTTP joins fields, so that a test sees a
// field that was sent twice.
func Field(h http.Header, name string) string {
	var values []string
	for _, n := range slices.Sorted(maps.Keys(h)) {
		if strings.EqualFold(n, name) {
			values = append(values, h[n]...)
		}
	}
	return strings.Join(values, ", ")
}

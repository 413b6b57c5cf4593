package coretest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Field returns the value of a header field, in whatever upper and lower case the name stands in h;
// "" if it is absent. Guards write WWW-Authenticate and MFP-Conflict as MobileFirst's clients expect
// them, not as Go spells them, so Get of the header of an [net/http/httptest.ResponseRecorder] does
// not find them. Over a connection Go's client changes the names, and Get works.
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

// Package roundtrip makes an HTTP transport from a function, for tests.
package roundtrip

import "net/http"

// Func implements [http.RoundTripper].
type Func func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f Func) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

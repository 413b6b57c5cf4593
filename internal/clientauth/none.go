package clientauth

import (
	"context"
	"net/http"
	"net/url"
)

// None sends no credentials.
var None Method = MethodFunc(func(context.Context, http.Header, url.Values) error { return nil })

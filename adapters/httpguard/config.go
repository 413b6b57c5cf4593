package httpguard

import (
	"net/http"

	"github.com/mfpguard/mfpguard/adapters/internal/refusal"
	"github.com/mfpguard/mfpguard/core"
)

// Config changes what a guard does with a request before and after the decision about its token.
// The zero value changes nothing. If one of its functions panics, the request does not reach the
// next handler, and the panic goes to the server or to a recovery middleware in front.
type Config struct {
	// Next reports whether the guard is skipped for a request. Nil skips no request. A skipped
	// request has no Principal, whatever its token.
	Next func(*http.Request) bool
	// ErrorHandler answers a refused request. Nil means [Write].
	//
	// The fields of the denial are set before it runs, and it may change or delete them with
	// w.Header(). To hide that there is a route, delete WWW-Authenticate. A body that it writes
	// without a status gets that of the denial. If it writes neither a status nor a body, the
	// denial is written as it is.
	ErrorHandler func(http.ResponseWriter, *http.Request, *core.Denial)
}

// only returns the Config of a variable argument.
func only(config []Config) Config {
	switch len(config) {
	case 0:
		return Config{}
	case 1:
		return config[0]
	}
	panic("httpguard: more than one Config: merge them into one")
}

func (c *Config) refuse(w http.ResponseWriter, r *http.Request, d *core.Denial) {
	if c.ErrorHandler == nil {
		Write(w, d)
		return
	}
	refusal.Prepare(w, d)
	a := &answer{ResponseWriter: w, status: d.Status}
	c.ErrorHandler(a, r, d)
	if !a.wrote {
		Write(a, d)
	}
}

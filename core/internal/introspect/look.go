package introspect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/flight"
	"github.com/mfpguard/mfpguard/internal/strictjson"
	"github.com/mfpguard/mfpguard/tokensource"
)

const (
	lookEvery  = time.Minute
	lookTime   = 3 * time.Second // for all of a look
	lookOnce   = time.Second     // for one of its requests
	maxLook    = 256 << 10       // bytes of an answer
	maxQuoted  = 100             // of what a server says
	usualPlace = "/mfp"          // of a MobileFirst runtime
)

// Lookout finds out what kind of server stands where the configured one does not answer. It asks
// without credentials, and about no token but [Probe]. It is safe for concurrent use.
type Lookout struct {
	server    Server
	transport http.RoundTripper
	panics    contain.Hook

	flights flight.Group[struct{}, string]

	mu   sync.Mutex
	last time.Time // when a look began
	saw  string    // in that look
}

// NewLookout returns a Lookout for the place of s.
func NewLookout(s Server, transport http.RoundTripper, log *slog.Logger) *Lookout {
	return &Lookout{
		server: s, transport: transport, panics: contain.Hook{Name: "Config.Transport", Log: log},
		flights: flight.Group[struct{}, string]{Timeout: lookTime},
	}
}

// Look returns what stands there, in words that follow those of failure, the error of a question.
// It is "" if nothing was recognised, or if failure leaves no doubt. It looks once a minute at
// most; meanwhile it returns what it saw in the last look.
func (l *Lookout) Look(ctx context.Context, failure error) string {
	if !isDoubtful(failure) || l.server.Answers() != nil && isKeysError(failure) {
		return "" // the keys have an address of their own
	}
	e, _ := errors.AsType[*tokensource.EndpointError](failure)
	saw, _, err := l.flights.Do(ctx, struct{}{}, time.Time{}, func(ctx context.Context, _ func()) (string, error) {
		return l.look(ctx, e.Status), nil // it never says that it is sent: so it ends with its last caller
	})
	if err != nil || saw == "" {
		return ""
	}
	return "; " + saw
}

// look returns what seek finds, or has found a short time ago.
func (l *Lookout) look(ctx context.Context, status int) (saw string) {
	l.mu.Lock()
	if !l.last.IsZero() && time.Since(l.last) < lookEvery {
		defer l.mu.Unlock()
		return l.saw
	}
	l.last, l.saw = time.Now(), ""
	l.mu.Unlock()
	l.panics.Call(func() { saw = l.seek(ctx, status) })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.saw = saw
	return saw
}

// seek asks at a few places, and returns what the first one shows that is known. The configured
// endpoint answered with status.
func (l *Lookout) seek(ctx context.Context, status int) string {
	u, err := url.Parse(l.server.URL())
	if err != nil {
		return ""
	}
	origin := u.Scheme + "://" + u.Host
	for _, place := range metadataPlaces {
		if saw := l.inMetadata(origin+place, l.ask(ctx, origin+place, true)); saw != "" {
			return saw
		}
	}
	for _, runtime := range runtimesOf(u.EscapedPath()) {
		if saw := l.atRuntime(ctx, origin+runtime, status); saw != "" {
			return saw
		}
	}
	return ""
}

// metadataPlaces are where servers have their metadata: any, and Curity as it is by default.
var metadataPlaces = []string{
	"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/oauth/v2/oauth-anonymous/.well-known/openid-configuration",
}

// atRuntime returns which MobileFirst has its runtime or project at base, "" for none.
func (l *Lookout) atRuntime(ctx context.Context, base string, status int) string {
	res8, res7 := l.probe(ctx, base+"/api"+path8), l.probe(ctx, base+path7)
	at8 := fmt.Sprintf("MobileFirst 8.0 seems to be there: core.MobileFirst8(%q) fits", base+"/api")
	at7 := fmt.Sprintf("MobileFirst 7.x seems to be there: core.MobileFirst7 with the base %q fits", base)
	switch {
	case res8 != nil && marksOfMobileFirst8(res8) != "":
		return at8
	case res7 != nil && marksOfMobileFirst7(res7) != "":
		return at7
	case statusOf(res8, status) == statusOf(res7, status): // something answers so everywhere
		return ""
	case res8 != nil && answersAsMobileFirst8(res8):
		return at8
	case res7 != nil && answersAsMobileFirst7(res7):
		return at7
	}
	return ""
}

// runtimesOf returns what may name the runtime or project of a MobileFirst server: a part of the
// path, and the usual name.
func runtimesOf(path string) []string {
	for _, end := range []string{"/api" + path8, path8, path7} {
		if before, ok := strings.CutSuffix(path, end); ok {
			return []string{strings.TrimSuffix(before, "/api")} // MobileFirst 7 with the base of 8
		}
	}
	if first, _, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/"); ok && first != "" && "/"+first != usualPlace {
		return []string{"/" + first, usualPlace}
	}
	return []string{usualPlace}
}

// probe asks about the probe, unless the place is that of the server itself, which has answered.
func (l *Lookout) probe(ctx context.Context, place string) *endpoint.Response {
	if place == l.server.URL() {
		return nil
	}
	return l.ask(ctx, place, false)
}

// statusOf is the status of an answer, or otherwise if there is none.
func statusOf(res *endpoint.Response, otherwise int) int {
	if res == nil {
		return otherwise
	}
	return res.Status
}

// ask returns nil if there is no answer.
func (l *Lookout) ask(ctx context.Context, place string, get bool) *endpoint.Response {
	ctx, cancel := context.WithTimeout(ctx, lookOnce)
	defer cancel()
	c := endpoint.New(endpoint.Options{URL: place, Transport: l.transport, MaxBody: maxLook})
	var res *endpoint.Response
	var err error
	if get {
		res, err = c.Get(ctx, mediaJSON)
	} else {
		res, err = c.Once(ctx, url.Values{"token": {Probe}}, nil)
	}
	if err != nil {
		return nil
	}
	return res
}

// inMetadata returns what a metadata document at place says. It is shown to an operator and used
// for nothing.
func (l *Lookout) inMetadata(place string, res *endpoint.Response) string {
	if res == nil || res.Status != http.StatusOK {
		return ""
	}
	o, err := strictjson.Parse(res.Body)
	if err != nil {
		return ""
	}
	issuer, _, _ := o.String("issuer")
	introspection, _, _ := o.String("introspection_endpoint")
	switch {
	case issuer == "", introspection == l.server.URL():
		return ""
	case introspection == "":
		return fmt.Sprintf("%s names no introspection endpoint: core.RFC7662 fits, if this server has one", place)
	}
	fit := kindRFC7662
	if strings.HasSuffix(introspection, "/oauth-introspect") {
		fit = kindCurity
	}
	return fmt.Sprintf("%s names the introspection endpoint %.*q: %s fits", place, maxQuoted, introspection, fit.profile)
}

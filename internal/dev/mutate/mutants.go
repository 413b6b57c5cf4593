package main

import "slices"

const (
	inCore       = "./core"
	inIntrospect = "./core/internal/introspect " + inCore
	inAdapters   = "./adapters/httpguard ./adapters/ginguard ./adapters/fiberguard"
	inSource     = "./tokensource"
	inFlight     = "./internal/flight " + inCore
	inGate       = "./internal/admission " + inCore
)

var mutants = slices.Concat(
	decisionMutants,
	answerMutants,
	availabilityMutants,
	connectionMutants,
	guardMutants,
	factMutants,
	eventMutants,
	refusalMutants,
	adapterMutants,
	mobileFirst7Mutants,
	coretestMutants,
	signedAnswerMutants,
	serverMutants,
	discoverMutants,
	joseMutants,
	recogniseMutants,
	clientAuthMutants,
	refusedCertificateMutants,
	hotMutants,
)

// decisionMutants make wrong decisions, and ask or tell what they should not.
var decisionMutants = []mutant{
	// The decision.
	{"decision: inactive is access", "core/decision.go", "case !in.Active:", "case false:", inCore},
	{"decision: another token type passes", "core/decision.go", "case in.TokenType > introspect.TypeBearer:", "case false:", inCore},
	{"decision: what is no access token passes", "core/decision.go", "case in.Use != introspect.UseAccess:", "case false:", inCore},
	{"decision: bound tokens pass", "core/decision.go", "case in.IsBound():", "case false:", inCore},
	{"decision: expired is access", "core/decision.go", "now >= in.Expires+skew", "false", inCore},
	{"decision: the moment of exp is still valid", "core/decision.go", "now >= in.Expires+skew", "now > in.Expires+skew", inCore},
	{"decision: skew shortens exp", "core/decision.go", "now >= in.Expires+skew", "now >= in.Expires-skew", inCore},
	{"decision: nbf is not checked", "core/decision.go", "case in.NotBefore > future:", "case false:", inCore},
	{"decision: nbf ignores skew", "core/decision.go", "case in.NotBefore > future:", "case in.NotBefore > now+introspect.Instant(leeway.Milliseconds()):", inCore},
	{"decision: iat in the future passes", "core/decision.go", "case in.IssuedAt > future:", "case false:", inCore},
	{"decision: iat after exp passes", "core/decision.go", "in.IssuedAt > in.Expires", "false", inCore},
	{"decision: issuer is not checked", "core/decision.go", "in.Issuer() != v.profile.issuer", "false", inCore},
	{"decision: audience is not checked", "core/decision.go", "!slices.ContainsFunc(in.Audience, v.matchesAudience)", "slices.ContainsFunc(in.Audience, func(string) bool { return false })", inCore},
	{"decision: scope is not checked", "core/decision.go", "case !need.met(in.Scope()):", "case false:", inCore},
	{"decision: allOf is anyOf", "core/requirement.go", "\tcase allOf:\n\t\tfor _, s := range r.scope {\n\t\t\tif !g.Has(s) {\n\t\t\t\treturn false", "\tcase allOf:\n\t\tfor _, s := range r.scope {\n\t\t\tif g.Has(s) {\n\t\t\t\treturn true", inCore},
	{"decision: the zero Requirement is met", "core/requirement.go", "unset kind = iota", "unset kind = iota + 9", inCore},
	{"decision: optional waives a bad token", "core/guard.go", "if g.need.optional && err == ErrNoToken {", "if g.need.optional {", inCore},

	// Bearer credentials.
	{"bearer: the first of several fields counts", "core/bearer.go", "\tdefault:\n\t\treturn \"\", ErrAmbiguous", "\tdefault:", inCore},
	{"bearer: any scheme is bearer", "core/bearer.go", `if scheme != "Bearer" && !strings.EqualFold(scheme, "Bearer") {`, `if scheme == "" {`, inCore},
	{"bearer: no blank behind the scheme", "core/bearer.go", "len(token) == len(rest) || ", "", inCore},
	{"bearer: no limit", "core/bearer.go", " || len(token) > limit", "", inCore},
	{"bearer: the limit is off by one", "core/bearer.go", "len(token) > limit", "len(token) >= limit", inCore},
	{"bearer: no grammar", "core/guard.go", "if err := checkToken(v.profile.server, token); err != nil {", "if err := checkToken(v.profile.server, token); err == ErrNoToken {", inCore},
	{"bearer: comma-joined is malformed", "core/bearer.go", `if _, more, found := strings.Cut(token, ","); found && strings.Trim(more, ", \t") != "" {`, `if false {`, inCore},
	{"bearer: a merged second field goes unseen", "core/bearer.go", "if joinsBearer(v) {", "if false {", inCore},
	{"bearer: padding alone is a token", "core/internal/introspect/rfc7662.go", `return body != ""`, "return true", inIntrospect},

	// Reading answers.
	{"answer: a missing active is inactive", "core/internal/introspect/answer.go", "return reading{}, errors.New(`member \"active\" is missing`)", "_ = errors.New; return reading{in: &Introspection{}}, nil", inIntrospect},
	{"answer: any status is read", "core/internal/introspect/answer.go", "if res.Status != http.StatusOK {", "if res.Status >= http.StatusInternalServerError {", inIntrospect},
	{"answer: any media type is read", "core/internal/introspect/answer.go", "if mediaType(res.Header) != mediaJSON {", "if mediaType(res.Header) == mediaJSON+mediaJSON {", inIntrospect},
	{"answer: seconds everywhere", "core/internal/introspect/instant.go", "if v < millisFrom {", "if true {", inIntrospect},
	{"answer: milliseconds in the strict profile", "core/internal/introspect/instant.go", "if v >= millisFrom {", "if false {", inIntrospect},
	{"answer: no clamp at the far end", "core/internal/introspect/instant.go", "min(max(v, 1), float64(endOfTime))", "max(v, 1)", inIntrospect},
	{"answer: exp 0 is no exp", "core/internal/introspect/instant.go", "max(v, 1)", "max(v, 0)", inIntrospect},
	{"answer: cnf is ignored", "core/internal/introspect/answer.go", `o.Raw("cnf")`, `o.Raw("no cnf")`, inIntrospect},
	{"answer: token_type is ignored", "core/internal/introspect/answer.go", "tokenTypeOf(tokenType), useOf", `tokenTypeOf(""), useOf`, inIntrospect},
	{"answer: refresh tokens pass", "core/internal/introspect/answer.go", `case "refresh_token", "refresh", "offline":`, `case "none":`, inIntrospect},
	{"answer: ID tokens pass", "core/internal/introspect/answer.go", `case "id_token", "id":`, `case "none":`, inIntrospect},
	{"answer: duplicate names pass", "internal/strictjson/nameset.go", "if _, dup := s.all[name]; dup {", "if false {", "./internal/strictjson " + inCore},
	{"answer: anonymous is a user", "core/internal/introspect/mobilefirst8.go", ` || u.ID == "anonymous"`, "", inIntrospect},
	{"answer: 409 is trouble", "core/internal/introspect/mobilefirst8.go", "if res.Status == http.StatusConflict {", "if false {", inIntrospect},

	// Remembering.
	{"cache: exp does not end it", "core/caching.go", "until = at + left", "_ = left", inCore},
	{"cache: TTL does not end it", "core/caching.go", "until, ended := in.Asked+ttl, false", "until, ended := in.Asked+ttl+1e15, false", inCore},
	{"cache: TTL counts from the answer", "core/caching.go", "until, ended := in.Asked+ttl, false", "until, ended := at+ttl, false", inCore},
	{"cache: own deadline is not checked", "internal/memcache/cache.go", "if over(state, now) {", "if false {", "./internal/memcache " + inCore},
	{"cache: negative TTL is the positive one", "core/caching.go", "in.Asked + c.negativeTTL", "in.Asked + c.ttl", inCore},
	{"cache: negative answers displace", "core/caching.go", "c.inactive.Set(key, in.Asked, at, until)", "c.active.Set(key, in, at, until)", inCore},
	{"cache: an inactive answer leaves the active one", "core/caching.go", "\tif !in.Active {\n\t\tc.active.Delete(key)", "\tif !in.Active {", inCore},
	{"cache: an active answer leaves the inactive one", "core/caching.go", "\tc.inactive.Delete(key)\n\tttl := ", "\tttl := ", inCore},
	{"cache: MaxAge is ignored", "core/caching.go", "return !r.fresh || age <= r.maxAge", "return true", inCore},
	{"cache: MaxAge(0) takes what is remembered", "core/caching.go", "if need.fresh && need.maxAge == 0 {", "if false {", inCore},
	{"cache: MaxAge joins older flights", "core/caching.go", "notBefore = time.Now().Add(-need.maxAge)", "_ = need", inCore},
	{"cache: no second look", "core/caching.go", "in := c.find(key, need, time.Since(c.epoch)); in != nil", "in := c.find(key, need, time.Since(c.epoch)); false", inCore},
	{"cache: Forget keeps the entry", "core/caching.go", "\tc.flights.Forget(key, func() {\n\t\tc.active.Delete(key)", "\tc.flights.Forget(key, func() {", inCore},
	{"cache: Forget lets the flight fill", "internal/flight/flight.go", "\tg.drop(key, func(*call[V]) bool { return true })\n\tdrop()", "\tdrop()", inFlight},
	{"cache: key of a prefix", "core/key.go", "unsafe.Slice(unsafe.StringData(token), len(token))", "unsafe.Slice(unsafe.StringData(token), min(len(token), 100))", inCore},
	{"cache: key of the length", "core/key.go", "unsafe.Slice(unsafe.StringData(token), len(token))", "unsafe.Slice(&make([]byte, len(token)+1)[0], len(token))", inCore},
	{"cache: fixed hash key", "core/key.go", "\tvar key [16]byte\n\trand.Read(key[:])\n", "\tvar key [16]byte\n", inCore},
	{"cache: unbounded", "internal/memcache/shard.go", "s.count > s.capacity || s.held > s.bytes {", "s.held > s.bytes {", "./internal/memcache"},

	// Flights.
	{"flight: tied to the leader", "internal/flight/flight.go", "context.WithTimeout(context.WithoutCancel(ctx), g.Timeout)", "context.WithTimeout(ctx, g.Timeout)", inFlight},
	{"flight: no timeout", "internal/flight/flight.go", "context.WithTimeout(context.WithoutCancel(ctx), g.Timeout)", "context.WithTimeout(context.WithoutCancel(ctx), 1000*g.Timeout)", inFlight},
	{"flight: nobody joins", "internal/flight/flight.go", "if c = joinable(calls, notBefore); c != nil {", "if c = joinable(calls, notBefore); c != nil && false {", inFlight},
	{"flight: waiters outwait their context", "internal/flight/flight.go", "case <-ctx.Done():\n\t\tg.leave(key, c)\n\t\treturn v, shared, context.Cause(ctx)\n\tcase <-c.ctx.Done():", "case <-c.ctx.Done():", inFlight},

	// Asking.
	{"asking: our own token is not renewed", "core/internal/introspect/ask.go", "failed != nil || fresh.AccessToken == used.AccessToken {", `failed != nil || fresh.AccessToken != "" {`, inIntrospect},
	{"asking: redirects are followed", "internal/endpoint/client.go", "return http.ErrUseLastResponse", "return nil", "./internal/endpoint " + inCore + " " + inSource},
	{"asking: unlimited answers", "internal/endpoint/client.go", "rest.SetResponseBodyLimit(maxBody)", "_ = maxBody", "./internal/endpoint " + inCore},
	{"asking: retries without a budget", "internal/endpoint/retry.go", " || !c.budget.Spend()", "", "./internal/endpoint"},
	{"asking: any number of calls in flight", "core/config.go", "Slots: cmp.Or(c.MaxInFlight, inFlight),", "Slots: cmp.Or(0, 1<<20),", inCore},
	{"asking: the circuit never opens", "internal/admission/circuit.go", "\tdefault:\n\t\tc.open(now, o)", "\tdefault:\n\t\tc.close(now)", inGate},
	{"asking: one bad answer counts against the endpoint", "core/internal/introspect/failure.go", "case e.Status == http.StatusOK && !isForeign(err), ", "case isForeign(err) && false, ", inIntrospect},
	{"asking: InsecureSkipVerify is fine", "internal/endpoint/transport.go", "if t.TLSClientConfig.InsecureSkipVerify {", "if false {", "./internal/endpoint " + inCore + " " + inSource},
	{"asking: http anywhere", "internal/endpoint/url.go", "case !insecureHTTP && !Loopback(u.Hostname()):", "case false:", "./internal/endpoint " + inCore + " " + inSource},

	// Blame and challenges.
	{"denial: our trouble is the user's", "core/denial.go", `return fmt.Errorf("%w: %w", ErrUnavailable, err)`, `return fmt.Errorf("%w: %w", ErrInvalidToken, err)`, inCore},
	{"denial: no Retry-After", "core/denial.go", "\t\t\t\td.Header = append(d.Header, Field{\"Retry-After\", retryAfter(cause)})\n", "", inCore},
	{"denial: a challenge for trouble", "core/denial.go", "{ErrUnavailable, http.StatusServiceUnavailable, false,", "{ErrUnavailable, http.StatusServiceUnavailable, true,", inCore},
	{"denial: cacheable", "core/denial.go", `{"Cache-Control", "no-store"}, `, "", inCore},
	{"denial: error code without credentials", "core/denial.go", `{ErrNoToken, http.StatusUnauthorized, true, "",`, `{ErrNoToken, http.StatusUnauthorized, true, "invalid_token",`, inCore},
	{"denial: realm unquoted", "core/internal/introspect/rfc7662.go", "quoter.Replace(s.realm)", "s.realm", inIntrospect},
	{"denial: scope with a comma is fine", "core/internal/introspect/mobilefirst8.go", `return ",=", "at`, `return "", "at`, inIntrospect},

	// Our own token.
	{"source: expired tokens are handed out", "tokensource/renewing.go", "if age, ok := l.usable(); ok {", "if age, ok := l.usable(); ok || true {", inSource},
	{"source: no early renewal", "tokensource/lease.go", "window := min(life/5, maxWindow)", "window := min(life/5000, maxWindow)", inSource},
	{"source: the window does not scale", "tokensource/lease.go", "window := min(life/5, maxWindow)", "window := maxWindow", inSource},
	{"source: no jitter", "tokensource/lease.go", "rand.Float64()*0.2 - 0.1", "rand.Float64() * 0", inSource},
	{"source: lifetime from the answer on", "tokensource/answer.go", "sent.Add(life)", "time.Now().Add(life)", inSource},
	{"source: no backoff", "tokensource/backoff.go", "s.retryAt = now.Add(wait)", "s.retryAt = now", inSource},
	{"source: refusals back off like hiccups", "tokensource/backoff.go", "if isRefusal(s.lastErr) {", "if false {", inSource},
	{"source: Retry-After is ignored", "tokensource/backoff.go", "d = max(d, e.RetryAfter)", "_ = e", inSource},
	{"source: Invalidate drops any token", "tokensource/renewing.go", "l == nil || l.token.AccessToken != t.AccessToken {", "l == nil {", inSource},
	{"source: fetch tied to its caller", "tokensource/fetch.go", "context.WithTimeout(context.WithoutCancel(ctx), s.timeout)", "context.WithTimeout(ctx, s.timeout)", inSource},
	{"source: several fetches at once", "tokensource/renewing.go", "if s.flight != nil {\n\t\treturn s.flight, nil\n\t}", "", inSource},
	{"source: lacking scope goes unseen", "tokensource/answer.go", `err == nil && g.complete && missing != "" {`, `err == nil && g.complete && missing == "x" {`, inSource},
	{"source: each renewal warns about the scope", "tokensource/report.go", "regrant: missing != t.missing,", `regrant: missing != "",`, inSource},
	{"source: the same failure is told each time", "tokensource/report.go", "again: kind == t.failure}", "again: false}", inSource},
	{"source: a token that was never there is lost", "tokensource/report.go", "c.lost = f.begun, before", "c.lost = f.begun, true || before", inSource},
	{"source: each failure loses the token", "tokensource/report.go", "if !valid && t.without.IsZero() {", "if !valid {", inSource},
	{"source: no end of lifetimes", "tokensource/answer.go", "min(math.Floor(seconds), maxLifetime.Seconds())", "math.Floor(seconds)", inSource},
	{"source: expires_in 0 is fine", "tokensource/answer.go", "case seconds < 1:", "case false:", inSource},
	{"source: any token type", "tokensource/answer.go", `if !strings.EqualFold(kind, "Bearer") {`, `if kind == "" {`, inSource},
	{"source: secrets print themselves", "tokensource/secret.go", "func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }", "func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, string(s)) }", inSource},
	{"source: errors keep what was sent", "internal/endpoint/redact.go", "if repeats(err.Error(), secret, host) {", "if secret == \"\" {", "./internal/endpoint"},
	{"source: short secrets are secrets anywhere", "internal/endpoint/repeat.go", "(len(secret) >= minLong || isWord(text, start, end))", "true", "./internal/endpoint"},
	{"source: long secrets are words", "internal/endpoint/repeat.go", "len(secret) >= minLong || ", "", "./internal/endpoint"},
	{"source: a host is a secret", "internal/endpoint/repeat.go", "return covers(host)", "return false", "./internal/endpoint"},
	{"source: a secret's line break is sent", "internal/clientauth/clientauth.go", "return Trim(v), nil", "return v, nil", "./internal/clientauth"},
	{"source: a TokenURL may be any", "tokensource/config_check.go", "\t\terr = checkTokenPath(u)\n", "", inSource},
	{"source: the zero Source is one", "tokensource/source.go", "return s != nil && s.fetch != nil", "return s != nil", inSource},
	{"source: Basic does not form-encode", "internal/clientauth/basic.go", "setBasic(header, url.QueryEscape(b.id), url.QueryEscape(secret))", "setBasic(header, b.id, secret)", "./internal/clientauth " + inCore + " " + inSource},

	// A job's requests.
	{"transport: the token goes everywhere", "tokensource/transport.go", "return t.origins[o], nil", "return true, nil", inSource},
	{"transport: http to anybody", "tokensource/transport.go", "if r.URL.Scheme != \"https\" && !t.source.insecure", "if false && !t.source.insecure", inSource},
	{"transport: a refused token is kept", "tokensource/call.go", "(Token, bool) {\n\tc.src.Invalidate(used)", "(Token, bool) {", inSource},
	{"transport: a 401 of somebody else keeps the token", "tokensource/call.go", "\t\t\tc.src.Invalidate(used)\n", "", inSource},
	{"transport: a 401 of somebody else is repeated", "tokensource/challenge.go", "return c, found == 1", "return c, found < 2", inSource},
	{"transport: trailers are copied", "tokensource/call.go", "r.Trailer = c.r.Trailer //", "_ = c.r.Trailer //", inSource},
	{"transport: trailers are sent twice", "tokensource/call.go", "if len(c.r.Trailer) > 0 {", "if false {", inSource},
	{"transport: a step-up that gains nothing", "tokensource/stepup.go", `strings.ReplaceAll(wanted, registeredClient, "")) != "" {`, `strings.ReplaceAll(wanted, registeredClient, "")) == "x" {`, inSource},
	{"resty: a second attempt has the body that is left", "adapters/restysource/body.go", "if e.first == nil {", "if true {", "./adapters/restysource"},
	{"resty: a body outlives its request", "adapters/restysource/body.go", "\t\te.first = nil\n", "_ = e", "./adapters/restysource"},
	{"transport: renewal without end", "tokensource/call.go", "if c.renewed || !c.rewindable() {", "if !c.rewindable() {", inSource},
	{"transport: whatever scope a resource asks for", "tokensource/stepup.go", "case !t.allows(e):", "case false:", inSource},
	{"transport: conflicts without end", "tokensource/conflict.go", "if c.conflicts == maxConflicts {", "if false {", inSource},
	{"transport: an empty body is sent again", "tokensource/call.go", "return c.r.Body == nil || c.r.Body == http.NoBody || c.r.GetBody != nil", "return true", inSource},
	{"transport: the answer shows the token", "tokensource/call.go", "res.Request = c.r // without", "_ = c.r // without", inSource},

	// Where the server is not to blame.
	{"blame: hurried calls count against the endpoint", "core/internal/introspect/failure.go", "case errors.Is(err, errNoTime), ", "case ", inIntrospect},
	{"blame: a long token counts against the endpoint", "core/internal/introspect/failure.go", ", e.Status != http.StatusOK && i.server.subject(e.Status) == theToken:", ":", inIntrospect},
	{"blame: the queue leaves no time", "core/internal/introspect/introspector.go", "Patience: c.Timeout * 2 / 5", "Patience: c.Timeout", inIntrospect},
	{"source: the log runs under the lock", "tokensource/fetch.go", "\t\ts.report(context.WithoutCancel(f.ctx), *event, c)", "\t\ts.mu.Lock()\n\t\ts.report(context.WithoutCancel(f.ctx), *event, c)\n\t\ts.mu.Unlock()", inSource},
	{"transport: a remembered scope is a dead end", "tokensource/call.go", "if errors.Is(err, ErrInvalidScope) && c.src != c.t.source {", "if errors.Is(err, ErrInvalidScope) && c.src == nil {", inSource},
	{"blame: a hanging token endpoint has no name", "core/internal/introspect/failure.go", `case !ok && i.tokenURL != "":`, "case false:", inIntrospect},
	{"source: callers wait for an abandoned fetch", "tokensource/fetch.go", "late := time.AfterFunc(s.timeout+grace,", "late := time.AfterFunc(time.Hour,", inSource},
	{"source: the Sources of a client without bound", "tokensource/scope.go", "if len(c.sources) >= maxRemembered {", "if false {", inSource},
}

package main

// discoverMutants trust metadata too much, or ask for it too often.
var discoverMutants = []mutant{
	{"discover: a document of any issuer", metadataFile, "if m.Issuer != issuer {", "if m.Issuer == \"\" {", inCore},
	{"discover: issuers without regard to case", metadataFile, "if m.Issuer != issuer {", "if !strings.EqualFold(m.Issuer, issuer) {", inCore},
	{"discover: a slash at the end does not count", metadataFile, "if m.Issuer != issuer {", "if strings.TrimSuffix(m.Issuer, \"/\") != strings.TrimSuffix(issuer, \"/\") {", inCore},
	{"discover: duplicates pass", metadataFile, "strictjson.Parse(body)", "strictjson.ParseLenient(body)", inCore},
	{"discover: no default for the token endpoint", metadataFile, "m.TokenAuthMethods = []string{clientSecretBasic}", "_ = clientSecretBasic", inCore},
	{"discover: alg none", metadataFile, "strings.EqualFold(alg, \"none\") || ", "", inCore},
	{"discover: algs with a shared secret", metadataFile, " || strings.HasPrefix(strings.ToUpper(alg), \"HS\")", "", inCore},
	{"discover: endpoints without TLS", hostsFile, "case u.Scheme == \"http\" && (!h.plain || !endpoint.Loopback(u.Hostname())):", "case false:", inCore},
	{"discover: plain endpoints of a TLS issuer", hostsFile, "(!h.plain || !endpoint.Loopback(u.Hostname()))", "!endpoint.Loopback(u.Hostname())", inCore},
	{"discover: addresses of the link", hostsFile, "case h.forbids(u.Hostname()):", "case false:", inCore},
	{"discover: mapped addresses of the link", hostsFile, "ip.Unmap().WithZone(\"\")", "ip.WithZone(\"\")", inCore},
	{"discover: endpoints on any host", hostsFile, "case !slices.Contains(h.places, place(u)):", "case false:", inCore},
	{"discover: endpoints on any port", hostsFile, "return net.JoinHostPort(strings.ToLower(u.Hostname()), port)", "return net.JoinHostPort(strings.ToLower(u.Hostname()), port[:0])", inCore},
	{"discover: the wrong place of RFC 8414", "core/discover.go", "return origin + \"/.well-known/oauth-authorization-server\" + path", "return origin + path + \"/.well-known/oauth-authorization-server\"", inCore},
	{"discover: an issuer with a query", "core/discover.go", "case strings.Contains(issuer, \"?\"):", "case false:", inCore},
	{"discover: an issuer without TLS", "core/discover.go", "case u.Scheme == \"http\" && !endpoint.Loopback(u.Hostname()):", "case false:", inCore},
	{"discover: any status", discoveryFile, "if res.Status != http.StatusOK {", "if res.Status >= 300 {", inCore},
	{"discover: any media type", discoveryFile, "if !strings.EqualFold(strings.TrimSpace(kind), \"application/json\") {", "if kind == \"\" {", inCore},
	{"discover: unlimited documents", discoveryFile, "MaxBody: maxMetadata", "MaxBody: 100*maxMetadata", inCore},
	{"discover: no pause between requests", discoveryFile, "if wait <= 0 {", "if wait <= 0 || d.failed == nil {", inCore},
	{"discover: no backoff", discoveryFile, "\t\td.next = time.Now().Add(wait)", "\t\td.next = time.Time{}", inCore},
	{"discover: the backoff does not grow", discoveryFile, "metadataPause<<min(d.failures, 10)", "metadataPause<<0", inCore},
	{"discover: Retry-After is ignored", discoveryFile, "wait = max(wait, e.RetryAfter)", "_ = e", inCore},
	{"discover: a caller that left is a failure", discoveryFile, "case errors.Is(ctx.Err(), context.Canceled):", "case false && ctx != nil:", inCore},
	{"discover: the last good one is lost", discoveryFile, "return d.last, fmt.Errorf(", "return nil, fmt.Errorf(", inCore},
	{"discover: connections stay", discoveryFile, "defer d.own.CloseIdleConnections()", "_ = d.own", inCore},
	{"discover: any authentication", discoveredFile, "len(ours) == 0 || len(theirs) == 0 || slices", "len(ours) == 0 || len(theirs) >= 0 || slices", inCore},
	{"discover: no bearer tokens", discoveredFile, " || strings.EqualFold(method, bearerToken) && slices.Contains(ours, bearerToken)", "", inCore},
	{"discover: no alias for TLS certificates", discoveredFile, "if m.TLSIntrospectionURL != \"\" && (", "if false && (", inCore},
	{"discover: the alias for all", discoveredFile, "if m.TLSIntrospectionURL != \"\" && (", "if m.TLSIntrospectionURL != \"\" || (", inCore},
	{"discover: the issuer is not checked", "core/rfc7662.go", "return c.Metadata.Issuer", "return c.Issuer", inCore},
	{"discover: another address beside it", discoveredFile, "!slices.Contains(known, c.IntrospectionURL):", "len(known) == 0:", inCore},
	{"discover: another issuer beside it", discoveredFile, "if c.Issuer != \"\" && c.Issuer != m.Issuer {", "if false {", inCore},
}

const (
	metadataFile   = "core/metadata.go"
	hostsFile      = "core/hosts.go"
	discoveryFile  = "core/discovery.go"
	discoveredFile = "core/discovered.go"
)

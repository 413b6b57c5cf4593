package main

// serverMutants break the choice between several servers, and what it must not reach.
var serverMutants = []mutant{
	// Which server a token goes to.
	{"servers: any issuer is that of the first", "core/servers.go", "\treturn s.fallback\n", "\treturn max(s.fallback, 0)\n", inCore},
	{"servers: a slash at the end is the same issuer", "core/servers.go", "s.byIssuer[one.issuer] = i", "s.byIssuer[one.issuer], s.byIssuer[one.issuer+\"/\"] = i, i\n\t\t\ts.longest = len(one.issuer) + 1", inCore},
	{"servers: the default is the last", "core/servers.go", "if one.isDefault {", "if s.fallback = i; one.isDefault {", inCore},
	{"servers: a second server is asked", "core/servers.go", "return c.guards[i].Authorize(ctx, r)", "p, d := c.guards[i].Authorize(ctx, r)\n\t\tif d == nil {\n\t\t\treturn p, d\n\t\t}\n\t\treturn lead.Authorize(ctx, r)", inCore},
	{"servers: the default one is asked about all", "core/servers.go", "if i := c.pick(token); i >= 0 {", "if i := c.lead; c.fallback >= 0 {", inCore},
	{"servers: no server lets pass", "core/servers.go", "return Principal{}, lead.refuse(ctx, err)", "return Principal{}, nil", inCore},
	{"servers: what no server can read has no issuer", "core/servers.go", "if err = checkToken(lead.v.profile.server, token); err == nil {", "if err = nil; err == nil {", inCore},
	{"servers: no server is no issuer", "core/reason.go", "{errNoServer, ReasonIssuer}", "{errNoServer, ReasonMalformed}", inCore},
	{"servers: a refusal without a server is not logged", "core/servers.go", "\t\tlead.v.report(ctx, Principal{}, lead.v.keys.key(token), err, 0)\n", "", inCore},
	{"servers: the first one has the challenge", "core/servers.go", "s.lead = max(s.fallback, 0)", "s.lead = 0", inCore},
	{"servers: the least bound counts", "core/servers.go", "s.maxToken = max(s.maxToken, one.v.maxToken)", "s.maxToken = min(max(s.maxToken, 1<<20), one.v.maxToken)", inCore},
	{"servers: only one reads the scope", "core/servers.go", "\t\tif err != nil {\n\t\t\treturn nil, fmt.Errorf(\"%w (%s)\", err, s.names[i])", "\t\tif err != nil && i == 0 {\n\t\t\treturn nil, fmt.Errorf(\"%w (%s)\", err, s.names[i])", inCore},
	{"servers: the need of the context is lost", "core/servers.go", "return &Guard{need: need, choice: c}, nil", "return &Guard{choice: c}, nil", inCore},

	// What is not for one request.
	{"servers: Ready asks one after the other", "core/servers.go", "asked.Go(func() { failed[i] = v.ready(ctx, s.names[i]+\": \") })", "failed[i] = v.ready(ctx, s.names[i]+\": \")", inCore},
	{"servers: Ready asks the first", "core/servers.go", "return errors.Join(failed...)", "return errors.Join(failed[:1]...)", inCore},
	{"servers: Ready does not say who", "core/servers.go", "s.names[i]+\": \"", "s.names[0]+\": \"", inCore},
	{"servers: Stats are those of the last", "core/servers.go", "sum.Waiting += one.Waiting", "sum.Waiting = one.Waiting", inCore},
	{"servers: any circuit but one", "core/servers.go", "sum.CircuitOpen = sum.CircuitOpen || one.CircuitOpen", "sum.CircuitOpen = one.CircuitOpen", inCore},
	{"servers: two names count twice", "core/servers.go", "\t\tif i < 0 {", "\t\tif true {", inCore},
	{"forget: no server of several", "core/forget.go", "!slices.Contains(v.servers.all, p.from.v)", "!slices.Contains(v.servers.all, v)", inCore},
	{"forget: any server of several", "core/forget.go", "!slices.Contains(v.servers.all, p.from.v)", "slices.Contains(v.servers.all, v)", inCore},
	{"forget: the first of several", "core/forget.go", "v = v.servers.all[i]", "v = v.servers.all[0]", inCore},

	// The mistakes.
	{"servers: none is enough", "core/servers_check.go", "if len(list) == 0 {", "if false {", inCore},
	{"servers: an issuer twice", "core/servers_check.go", "case slices.ContainsFunc(list[:i], same):", "case slices.ContainsFunc(list[:0], same):", inCore},
	{"servers: an issuer without a name", "core/servers_check.go", `case !s.isDefault && s.issuer == "":`, "case false:", inCore},
	{"servers: Several inside", "core/servers_check.go", "case s.v.servers != nil:", "case false:", inCore},
	{"servers: an issuer that its server refuses", "core/servers_check.go", "s.v.profile.issuer != s.issuer", "false", inCore},

	// The issuer of a token.
	{"issuer: of any depth", "core/issuer.go", "\t\tcase '{', '[':\n\t\t\tdepth++\n", "\t\tcase '{', '[':\n", inCore},
	{"issuer: a quote ends each string", "core/issuer.go", `if i := bytes.IndexByte(run, '\\'); i >= 0 {`, "if i := 0; i < 0 {", inCore},
	{"issuer: the beginning of one", "core/issuer.go", "if ok = ok && len(into)+len(run) <= most; ok {", "if ok = ok && len(into) <= most; ok {", inCore},
	{"issuer: a name that begins so", "core/issuer.go", "string(c.text(buf[:0], len(name))) == name", "strings.HasPrefix(string(c.text(buf[:0], 99)), name)", inCore},
	{"issuer: the last one counts", "core/issuer.go", "case isIssuer, c.skip(b) != ',':", "case c.skip(b) != ',':", inCore},
	{"issuer: of what is encrypted", "core/issuer.go", `ok && !strings.Contains(signature, ".")`, `ok && !strings.Contains(signature, "..")`, inCore},
	{"issuer: of two tokens with a comma", "core/issuer.go", `if strings.Contains(credentials, ",") {`, "if false {", inCore},
	{"issuer: of the second part", "core/issuer.go", `first, _, _ := strings.Cut(credentials, " ")`, `first := credentials[strings.LastIndex(credentials, " ")+1:]`, inCore},
	{"issuer: half a character is one", "core/issuer.go", "if !utf8.ValidRune(r) {", "if false {", inCore},
	{"issuer: what is no base64url is left out", "core/issuer.go", "\tif err != nil {\n\t\tc.rest = \"\"\n\t}\n", "\t_ = err\n", inCore},
}

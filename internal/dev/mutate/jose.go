package main

// joseMutants take signatures that they must not, and fetch keys too often or not at all.
var joseMutants = []mutant{
	{"jose: any algorithm of a list", "internal/jose/verify.go", "!slices.Contains(algorithms, h.Algorithm) || ", "", inJOSE},
	{"jose: crit is read over", "internal/jose/verify.go", `[]string{"crit", "b64"}`, `[]string{"b64"}`, inJOSE},
	{"jose: a letter's last bits do not count", "internal/jose/verify.go", "base64.RawURLEncoding.Strict()", "base64.RawURLEncoding", inJOSE},
	{"jose: line breaks in a token", "internal/jose/verify.go", ` || strings.ContainsAny(compact, "\r\n")`, "", inJOSE},
	{"jose: a key's alg does not count", "internal/jose/key.go", "k.algorithms = []string{alg}", "_ = alg", inJOSE},
	{"jose: keys for encryption check signatures", "internal/jose/key.go", `|| present && use != "sig"`, `|| present && use == ""`, inJOSE},
	{"jose: private keys are used", "internal/jose/key.go", `[]string{"d", "p",`, `[]string{"p",`, inJOSE},
	{"jose: weak keys are used", "internal/jose/algorithm.go", "minRSABits = 2048", "minRSABits = 1024", inJOSE},
	{"jose: a kid selects nothing", "internal/jose/keyset.go", "if selects && k.id != t.KeyID {", "if false {", inJOSE},
	{"jose: a token tries all keys", "internal/jose/keyset.go", "if tries == maxTries {", "if false {", inJOSE},
	{"jose: all keys of a set are kept", "internal/jose/keyset.go", "len(keys) == maxKeys {", "false {", inJOSE},
	{"jose: each unknown kid fetches", "internal/jose/keeper.go", "case now < k.refetchAt:", "case false:", inJOSE},
	{"jose: no kid fetches", "internal/jose/keyset.go", "errors.Is(err, ErrUnknownKey) || ", "", inJOSE},
	{"jose: keys newer than the token are fetched again", "internal/jose/keeper.go", "set.asked >= came || ", "came < 0 || ", inJOSE},
	{"jose: a signature that fits no key fetches nothing", "internal/jose/keyset.go", "(s.single || t.KeyID == \"\")", "s.single && false", inJOSE},
	{"jose: keys are never asked for again", "internal/jose/fetch.go", "k.due.Store(int64(set.asked + set.life))", "_ = set.life", inJOSE},
	{"jose: keys are used for ever", "internal/jose/keeper.go", "now-set.asked < keepFor", "true", inJOSE},
	{"jose: a failed refetch uses up the five minutes", "internal/jose/fetch.go", "\tk.due.Store(int64(k.retryAt))\n", "", inJOSE},
	{"jose: no pause after a failure", "internal/jose/fetch.go", "time.Since(k.epoch)+pause", "time.Since(k.epoch)", inJOSE},
	{"jose: each failure is logged", "internal/jose/fetch.go", "tell := !k.told || empty && !k.toldEmpty", "tell := true", inJOSE},
	{"jose: a set without keys is a good one", "internal/jose/keyset.go", "\tif len(keys) == 0 {\n", "\tif false {\n", inJOSE},
	{"jose: a waiter outwaits its context", "internal/jose/fetch.go", "case <-ctx.Done():", "case <-make(chan struct{}):", inJOSE},
	{"jose: a document of any size", "internal/jose/keeper.go", "MaxBody: maxDocument", "MaxBody: 16 * maxDocument", inJOSE},
	{"document: asked for as JSON", "internal/endpoint/document.go", `"Accept": {accept}`, `"Accept": {"application/json"}`, "./internal/endpoint"},
	{"document: posted", "internal/endpoint/client.go", "if !a.get {", "if a.form != nil || a.get {", "./internal/endpoint"},
}

const inJOSE = "./internal/jose"

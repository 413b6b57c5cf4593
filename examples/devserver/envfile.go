package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// writeEnvFile makes a file for a shell to source: the environment of a service, and tokens, which
// are too long for a terminal. What the file of another profile has set there before ends. Only its
// owner can read it.
func (p *profile) writeEnvFile(srv *coretest.Server, url string) (file string, err error) {
	f, err := os.CreateTemp("", "devserver-*.env")
	if err != nil {
		return "", err
	}
	fmt.Fprintf(f, "unset %s\n", strings.Join(variablesOfAll(), " "))
	fmt.Fprintf(f, "export MFPGUARD_SERVER=%s%s\n", url, p.server)
	for _, v := range p.environment {
		fmt.Fprintf(f, "export %s=%s\n", v[0], strings.ReplaceAll(v[1], "{url}", url))
	}
	for _, t := range p.tokens() {
		t.grant.Lifetime = tokenLifetime
		credentials, idToken := p.mint(srv, t.grant)
		if idToken != "" {
			credentials = `"` + credentials + " " + idToken + `"`
		}
		fmt.Fprintf(f, "export %s=%s\n", t.variable, credentials)
	}
	return f.Name(), f.Close() // which also tells of a full disk
}

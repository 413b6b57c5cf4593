package main

import (
	"fmt"
	"os"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// writeEnvFile makes a file for a shell to source: the environment of a service, and tokens, which
// are too long for a terminal. Only its owner can read it.
func writeEnvFile(srv *coretest.Server, url string) (file string, err error) {
	f, err := os.CreateTemp("", "devserver-*.env")
	if err != nil {
		return "", err
	}
	fmt.Fprintf(f, "export MFPGUARD_SERVER=%s/mfp/api\n", url)
	fmt.Fprintf(f, "export MFPGUARD_CLIENT_ID=%s\n", clients[0].ID)
	fmt.Fprintf(f, "export MFPGUARD_CLIENT_SECRET=%s\n", clients[0].Secret)
	for _, t := range tokens {
		t.grant.Lifetime = tokenLifetime
		fmt.Fprintf(f, "export %s=%s\n", t.variable, srv.Mint(t.grant))
	}
	return f.Name(), f.Close() // which also tells of a full disk
}

package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// clients are those of a MobileFirst development server.
var clients = []coretest.Client{
	{ID: "test", Secret: "test", AllowedScope: "*"},
	{ID: "admin", Secret: "nimda", AllowedScope: "push.* mfp.admin.plugins settings.read"},
	{ID: "push", Secret: "hsup", AllowedScope: "authorization.introspect"},
}

// tokens are the tokens that the server prints.
var tokens = []struct {
	variable, whose string
	grant           coretest.Grant
}{
	{"ALICE", "alice", coretest.Grant{Scope: "RegisteredClient accessRestricted transfer", User: user("alice")}},
	{"BOB", "bob", coretest.Grant{Scope: "RegisteredClient", User: user("bob")}},
	{"APP", "an app, nobody has signed in", coretest.Grant{Scope: "RegisteredClient accessRestricted"}},
	{"SERVICE", "a service", coretest.Grant{Scope: "authorization.introspect", Confidential: true}},
}

const tokenLifetime = 24 * time.Hour

const introduction = `A MobileFirst 8 authorization server for development: {url}/mfp/api
What it knows, it forgets when it stops.

`

const setup = `
To run an example against it, in another terminal (or nethttp, or fiber)

    export MFPGUARD_SERVER={url}/mfp/api
    export MFPGUARD_CLIENT_ID=test
    export MFPGUARD_CLIENT_SECRET=test
    go run ./examples/gin

`

const trials = `
To try there, and what comes back

    # a token for a confidential client: 200
    curl -i -u test:test -d grant_type=client_credentials -d scope=authorization.introspect {url}/mfp/api/az/v1/token
    # a question about a token, as a service asks it: 200
    curl -i -H "Authorization: Bearer $SERVICE" -d token=$ALICE {url}/mfp/api/az/v1/introspection
    # the example service, without a token: 401
    curl -i http://127.0.0.1:8080/balance
    # with a token that lacks the scope: 403
    curl -i -H "Authorization: Bearer $BOB" http://127.0.0.1:8080/balance
    # with one that has it: 200
    curl -i -H "Authorization: Bearer $ALICE" http://127.0.0.1:8080/balance
    # who am I: 200
    curl -i -H "Authorization: Bearer $APP" http://127.0.0.1:8080/me
    # a new token for anybody and anything: 200
    curl -i -d scope="RegisteredClient pay" -d user=carol -d lifetime=10m {url}/dev/mint
    # the end of one: 204
    curl -i -d token=$ALICE {url}/dev/revoke
    # the service still remembers it, for a minute: 200
    curl -i -H "Authorization: Bearer $ALICE" http://127.0.0.1:8080/balance
    # but asks about it before a transfer: 401
    curl -i -X POST -H "Authorization: Bearer $ALICE" http://127.0.0.1:8080/transfer

`

// welcome makes the clients and the tokens, and prints how to use them.
func welcome(w io.Writer, srv *coretest.Server, url string) {
	fill := strings.NewReplacer("{url}", url)
	fill.WriteString(w, introduction)
	writeClients(w, srv)
	fill.WriteString(w, setup)
	writeTokens(w, srv)
	fill.WriteString(w, trials)
}

func writeClients(w io.Writer, srv *coretest.Server) {
	columns := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(columns, "Clients\tsecret\tscope they may ask for")
	for _, c := range clients {
		srv.SetClient(c)
		fmt.Fprintf(columns, "    %s\t%s\t%s\n", c.ID, c.Secret, c.AllowedScope)
	}
	columns.Flush()
}

func writeTokens(w io.Writer, srv *coretest.Server) {
	fmt.Fprintf(w, "Tokens for a third terminal, good until %s\n\n", time.Now().Add(tokenLifetime).Format(time.DateTime))
	for _, t := range tokens {
		t.grant.Lifetime = tokenLifetime
		fmt.Fprintf(w, "    # %s: %s\n    export %s=%s\n", t.whose, t.grant.Scope, t.variable, srv.Mint(t.grant))
	}
}

func user(id string) *coretest.User {
	return &coretest.User{ID: id, DisplayName: id, AuthenticatedBy: "UserLogin"}
}

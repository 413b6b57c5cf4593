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
	{"APP", "an app without a user", coretest.Grant{Scope: "RegisteredClient accessRestricted"}},
	{"SERVICE", "a service", coretest.Grant{Scope: "authorization.introspect", Confidential: true}},
}

const tokenLifetime = 24 * time.Hour

const introduction = `A MobileFirst 8 authorization server for development: {url}/mfp/api
What it knows, it forgets when it stops.

`

const setup = `
In each other terminal, first (the file is deleted when this server stops)

    source {file}

It sets MFPGUARD_SERVER, MFPGUARD_CLIENT_ID and MFPGUARD_CLIENT_SECRET for a service, and tokens to call it with:

`

const trials = `
Then an example, such as gin (or nethttp, fiber; job sends a push message)

    go run github.com/mfpguard/mfpguard/examples/gin@latest     # in a clone: go run ./examples/gin

and in a third terminal what it answers

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
    # a new token for any user and any scope: 200
    curl -i -d scope="RegisteredClient pay" -d user=carol -d lifetime=10m {url}/dev/mint
    # the end of one: 204
    curl -i -d token=$ALICE {url}/dev/revoke
    # the service still remembers it, for a minute: 200
    curl -i -H "Authorization: Bearer $ALICE" http://127.0.0.1:8080/balance
    # but asks about it before a transfer: 401
    curl -i -X POST -H "Authorization: Bearer $ALICE" http://127.0.0.1:8080/transfer

`

// welcome makes the clients and the tokens, and prints how to use them.
func welcome(w io.Writer, srv *coretest.Server, url, file string) {
	fill := strings.NewReplacer("{url}", url, "{file}", file)
	fill.WriteString(w, introduction)
	writeClients(w, srv)
	fill.WriteString(w, setup)
	writeTokens(w)
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

func writeTokens(w io.Writer) {
	columns := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, t := range tokens {
		fmt.Fprintf(columns, "    $%s\t%s\t%s\n", t.variable, t.whose, t.grant.Scope)
	}
	columns.Flush()
	fmt.Fprintf(w, "\nThe tokens are good until %s.\n", time.Now().Add(tokenLifetime).Format(time.DateTime))
}

func user(id string) *coretest.User {
	return &coretest.User{ID: id, DisplayName: id, AuthenticatedBy: "UserLogin"}
}

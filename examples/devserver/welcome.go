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

// sample is a token that the server prints the name of.
type sample struct {
	variable, whose string
	grant           coretest.Grant
}

// tokens are the tokens that the server prints the names of.
func (p *profile) tokens() []sample {
	all := []sample{
		{"ALICE", "alice", coretest.Grant{Scope: p.everybody + " accessRestricted transfer", User: user("alice")}},
		{"BOB", "bob", coretest.Grant{Scope: p.everybody, User: user("bob")}},
		{"APP", "an app without a user", coretest.Grant{Scope: p.everybody + " accessRestricted"}},
	}
	if p.dialect == coretest.MobileFirst8 {
		all = append(all, sample{"SERVICE", "a service", coretest.Grant{Scope: "authorization.introspect", Confidential: true}})
	}
	return all
}

const tokenLifetime = 24 * time.Hour

const introduction = `A {title} authorization server for development: {url}{server}
What it knows, it forgets when it stops.

`

const setup = `
In each other terminal, first (the file is deleted when this server stops)

    source {file}

It sets {variables} for a service, and tokens to call it with:

`

const trials = `
Then an example, such as gin (or nethttp, fiber{job})

    go run github.com/mfpguard/mfpguard/examples/gin@latest     # in a clone: go run ./examples/gin

and in a third terminal what it answers

{questions}    # the example service, without a token: 401
    curl -i http://127.0.0.1:8080/balance
    # with a token that lacks the scope: 403
    curl -i -H "Authorization: Bearer $BOB" http://127.0.0.1:8080/balance
    # with one that has it: 200
    curl -i -H "Authorization: Bearer $ALICE" http://127.0.0.1:8080/balance
    # who am I: 200
    curl -i -H "Authorization: Bearer $APP" http://127.0.0.1:8080/me
    # a new token for any user and any scope: 200
    curl -i -d scope="{everybody} pay" -d user=carol -d lifetime=10m {url}/dev/mint
    # the end of one: 204
    curl -i -d "token=$ALICE" {url}/dev/revoke
    # the service still remembers it, for a minute: 200
    curl -i -H "Authorization: Bearer $ALICE" http://127.0.0.1:8080/balance
    # but asks about it before a transfer: 401
    curl -i -X POST -H "Authorization: Bearer $ALICE" http://127.0.0.1:8080/transfer

`

// welcome prints how to use the server.
func welcome(w io.Writer, p *profile, url, file string) {
	job := ""
	if p.dialect == coretest.MobileFirst8 {
		job = "; job sends a push message"
	}
	fill := strings.NewReplacer("{url}", url, "{file}", file, "{title}", p.title, "{server}", p.server, "{variables}", p.variables(),
		"{everybody}", p.everybody, "{job}", job, "{questions}", strings.ReplaceAll(p.questions, "{url}", url))
	fill.WriteString(w, introduction)
	if p.dialect != coretest.MobileFirst7 { // which has no clients with a secret
		writeClients(w)
	}
	fill.WriteString(w, setup)
	writeTokens(w, p)
	fill.WriteString(w, trials)
}

func writeClients(w io.Writer) {
	columns := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(columns, "Clients\tsecret\tscope they may ask for")
	for _, c := range clients {
		fmt.Fprintf(columns, "    %s\t%s\t%s\n", c.ID, c.Secret, c.AllowedScope)
	}
	columns.Flush()
}

func writeTokens(w io.Writer, p *profile) {
	columns := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, t := range p.tokens() {
		fmt.Fprintf(columns, "    $%s\t%s\t%s\n", t.variable, t.whose, t.grant.Scope)
	}
	columns.Flush()
	fmt.Fprintf(w, "\nThe tokens are good until %s.\n", time.Now().Add(tokenLifetime).Format(time.DateTime))
}

func user(id string) *coretest.User {
	return &coretest.User{ID: id, DisplayName: id, AuthenticatedBy: "UserLogin"}
}

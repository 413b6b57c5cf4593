package main

// introduction gets a paragraph about the server, and the addresses of the API and of the server.
const introduction = `%s
Here package coretest plays that server. A Gin API takes its tokens with one line for a route:

    r.GET("/balance", ginguard.Require(v, core.AllOf("accessRestricted")), balance)

For each request you see the answer, its cause (for the log of the API, not for the caller), what the cache
of the guard had, and which calls the guard made to the authorization server (AS).

API                   %s
Authorization server  %s
`

// whatNext gets the flags of the devserver.
const whatNext = `
What next

    go get github.com/mfpguard/mfpguard@latest
        and copy the program in https://pkg.go.dev/github.com/mfpguard/mfpguard into your module
    go run github.com/mfpguard/mfpguard/examples/devserver@latest%s
        is such a server for your own program, with tokens and curl commands to try
    https://pkg.go.dev/github.com/mfpguard/mfpguard/core/coretest
        is such a server for your tests
    https://github.com/mfpguard/mfpguard/blob/main/examples/README.md
        has services for net/http, Gin and Fiber, jobs, recipes, and what an operator must know
`

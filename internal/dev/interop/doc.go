// Package interop proves that the guard and the token source meet authorization servers that nobody here has written:
// ory/fosite, in this process, and oidc-provider, in a child process of node. One table of behaviours is driven against both.
//
// It is a module of its own, so that its dependencies are nobody else's. It needs node 20 or later, and npm, which fetches
// oidc-provider into oidcprovider/node_modules on the first run. Everything listens on 127.0.0.1 only. To run it:
//
//	cd internal/dev/interop && go test -race ./...
package interop

// Package interop tests the guard and the token source against authorization servers of other
// projects: ory/fosite, in this process, and oidc-provider, in a child process of node. The same
// table of behaviours runs against both.
//
// It is a module of its own, so that users of mfpguard do not get its dependencies. It needs node
// 20 or later, and npm, which fetches oidc-provider into oidcprovider/node_modules on the first
// run. All servers listen on 127.0.0.1 only. To run it:
//
//	cd internal/dev/interop && go test -race ./...
package interop

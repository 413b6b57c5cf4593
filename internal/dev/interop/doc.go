// Package interop tests the guard and the token source against authorization servers of other
// projects: ory/fosite, in this process, and oidc-provider, in a child process of node. The same
// table of behaviours runs against both.
//
// oidc-provider alone also has what fosite lacks at its introspection endpoint: clients that
// authenticate with a key or a TLS certificate, and signed answers. It publishes its metadata and
// its keys. So does zitadel/oidc, in this process, with the storage of its own example. It is the
// second server for these because it shares no code with oidc-provider and is a plain Go module.
// Its metadata lists how clients authenticate at the introspection endpoint, which the other's does
// not. It introspects its own JWTs, and its answers need not have an "iss".
//
// It is a module of its own, so that users of mfpguard do not get its dependencies. It needs node
// 20 or later, and npm, which fetches oidc-provider into oidcprovider/node_modules on the first
// run. All servers listen on 127.0.0.1 only. To run it:
//
//	cd internal/dev/interop && go test -race ./...
package interop

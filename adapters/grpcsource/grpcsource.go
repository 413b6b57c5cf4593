// Package grpcsource sends the token of a [tokensource.Source] with gRPC calls.
//
//	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(creds),
//		grpc.WithPerRPCCredentials(grpcsource.New(src)))
//
// It does not import gRPC: [Credentials] has the methods of
// google.golang.org/grpc/credentials.PerRPCCredentials.
package grpcsource

import (
	"context"

	"github.com/mfpguard/mfpguard/tokensource"
)

// Credentials implements credentials.PerRPCCredentials of gRPC. It is safe for concurrent use.
type Credentials struct{ source *tokensource.Source }

// New returns Credentials that send the token of src.
func New(src *tokensource.Source) Credentials { return Credentials{src} }

// GetRequestMetadata returns the authorization of one call. It waits for a token no longer than
// ctx.
//
// gRPC does not report a refused token to the Credentials. Call [tokensource.Source.Invalidate]
// after a call that ends with codes.Unauthenticated.
func (c Credentials) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	token, err := c.source.Token(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + string(token.AccessToken)}, nil
}

// RequireTransportSecurity returns true: gRPC does not send the token over a connection without
// TLS.
func (Credentials) RequireTransportSecurity() bool { return true }

package grpcsource_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/adapters/grpcsource"
	"github.com/mfpguard/mfpguard/tokensource"
)

// perRPC is google.golang.org/grpc/credentials.PerRPCCredentials, as of gRPC 1.
type perRPC interface {
	GetRequestMetadata(ctx context.Context, uri ...string) (map[string]string, error)
	RequireTransportSecurity() bool
}

func TestCredentials(t *testing.T) {
	var c perRPC = grpcsource.New(tokensource.Static("c4n4ry"))
	got, err := c.GetRequestMetadata(t.Context(), "https://api.invalid/shop.Orders")
	if err != nil || len(got) != 1 || got["authorization"] != "Bearer c4n4ry" {
		t.Errorf("metadata is %v, %v", got, err)
	}
	if !c.RequireTransportSecurity() {
		t.Error("the token may go out in the clear")
	}
	if s := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(s, "c4n4ry") {
		t.Errorf("the credentials show the token: %s", s)
	}
}

func TestNoToken(t *testing.T) {
	down := errors.New("down")
	c := grpcsource.New(tokensource.Func(func(context.Context) (tokensource.Token, error) { return tokensource.Token{}, down }))
	if got, err := c.GetRequestMetadata(t.Context()); !errors.Is(err, down) || got != nil {
		t.Errorf("metadata is %v, %v, want none and %v", got, err, down)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	never := tokensource.Func(func(context.Context) (tokensource.Token, error) { panic("not wanted") })
	if _, err := grpcsource.New(never).GetRequestMetadata(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
}

// Credentials without a Source have errors and no panics.
func TestNoSource(t *testing.T) {
	for name, c := range map[string]grpcsource.Credentials{"nil": grpcsource.New(nil), "zero": {}, "a zero Source": grpcsource.New(new(tokensource.Source))} {
		if got, err := c.GetRequestMetadata(t.Context()); err == nil || got != nil || !strings.Contains(err.Error(), "make it with New, Func or Static") {
			t.Errorf("%s: metadata is %v, %v", name, got, err)
		}
	}
}

func ExampleNew() {
	credentials := grpcsource.New(tokensource.Static("t0k3n"))
	metadata, err := credentials.GetRequestMetadata(context.Background())
	fmt.Println(metadata, err)
	// Output: map[authorization:Bearer t0k3n] <nil>
}

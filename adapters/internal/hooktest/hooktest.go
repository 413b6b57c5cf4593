// Package hooktest tests what the Config, the accessor and the exported Write of an adapter must
// do, alike for every framework. The adapters' tests give it a [Serve] function that translates.
package hooktest

import (
	"context"
	"fmt"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// Answer is the answer under way, as a hook of the framework sees it.
type Answer interface {
	Set(name, value string) // a field, with the framework's usual function
	Del(name string)
	Status(code int) // an answer without a body
	Body(s string)   // a body, without a word about the status
	Write(d *core.Denial)
}

// Config is the Config of an adapter.
type Config struct {
	Next         func(path string) bool
	ErrorHandler func(Answer, *core.Denial)
}

// Guard is one call of an adapter's Require.
type Guard struct {
	Need    core.Requirement
	Configs []Config
}

// Route is a route behind any number of guards, for all methods.
type Route struct {
	Path   string
	Guards []Guard
	// Handle returns the body of an answer with status 200. Principal is the adapter's accessor.
	Handle func(ctx context.Context, principal func() core.Principal) string
}

// Serve starts a server of the framework on 127.0.0.1:0 with a recovery middleware in front, as
// usual for the framework. It stops it in t.Cleanup.
type Serve func(t testing.TB, v *core.Verifier, routes ...Route) (addr string)

// Run checks an adapter.
func Run(t *testing.T, serve Serve) {
	t.Run("hooks", func(t *testing.T) { hooks(t, serve) })
	t.Run("hooks and other denials", func(t *testing.T) { troubles(t, serve) })
	t.Run("skip", func(t *testing.T) { skips(t, serve) })
	t.Run("accessor", func(t *testing.T) { accessors(t, serve) })
	t.Run("two guards", func(t *testing.T) { twoGuards(t, serve) })
	t.Run("two Configs panic", func(t *testing.T) { twoConfigs(t, serve) })
}

// verifier asks an authorization server that is reached without a socket.
func verifier(t testing.TB, change ...func(*core.Config)) (*core.Verifier, *coretest.Server) {
	t.Helper()
	as := coretest.New()
	c := core.Config{
		Profile: core.MobileFirst8(as.BaseURL()), ClientID: "test", ClientSecret: "test", Transport: as.Transport(),
	}
	for _, change := range change {
		change(&c)
	}
	v, err := core.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v, as
}

// caller shows the caller that the accessor returns.
func caller(_ context.Context, principal func() core.Principal) string {
	return "handler for " + principal().ClientID()
}

func found(ctx context.Context, _ func() core.Principal) string {
	p, ok := core.FromContext(ctx)
	return fmt.Sprint("handler for ", p.ClientID(), ok)
}

func guards(need core.Requirement, configs ...Config) []Guard { return []Guard{{need, configs}} }

// twoConfigs is a mistake in the program, found when it starts. MW-04
func twoConfigs(t *testing.T, serve Serve) {
	v, _ := verifier(t)
	defer func() {
		const want = "guard: more than one Config: merge them into one"
		if said := fmt.Sprint(recover()); len(said) < len(want) || said[len(said)-len(want):] != want {
			t.Errorf("panic %q, want one that ends in %q", said, want)
		}
	}()
	serve(t, v, Route{"/", guards(core.Authenticated(), Config{}, Config{}), caller})
}

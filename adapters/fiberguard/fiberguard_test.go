package fiberguard_test

import (
	"net"
	"testing"

	"github.com/gofiber/fiber/v2"

	"github.com/mfpguard/mfpguard/adapters/adaptertest"
	"github.com/mfpguard/mfpguard/adapters/fiberguard"
	"github.com/mfpguard/mfpguard/core"
)

func TestConformance(t *testing.T) {
	adaptertest.Run(t, func(t testing.TB, v *core.Verifier, routes []adaptertest.Route) string {
		app := fiber.New(fiber.Config{
			DisableStartupMessage: true,
			ReadBufferSize:        64 << 10,
			ErrorHandler:          fiberguard.ErrorHandler,
		})
		for _, r := range routes {
			app.All(r.Path, fiberguard.Require(v, r.Need), func(c *fiber.Ctx) error {
				return c.SendString(r.Handle(c.UserContext()))
			})
		}
		return start(t, app)
	})
}

// start serves an app on a free port and returns its address.
func start(t testing.TB, app *fiber.App) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- app.Listener(listener) }()
	t.Cleanup(func() {
		listener.Close() // app.Shutdown does nothing to an app that is only about to listen
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

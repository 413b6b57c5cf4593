// Fiber is an API on Fiber v2 that accepts MobileFirst access tokens.
//
//	go run ./examples/devserver   # in another terminal: prints what to source here
//	go run ./examples/fiber
//
// These environment variables configure it:
//
//   - MFPGUARD_* are about the authorization server: see core.FromEnv.
//   - LISTEN_ADDR is the address to listen on, by default 127.0.0.1:8080.
//   - CORS_ORIGIN is the origin whose pages may call the API, such as https://app.example.com.
//     By default no page of another origin may.
//
// The programs nethttp and gin do the same.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/cors"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"github.com/mfpguard/mfpguard/adapters/fiberguard"
	"github.com/mfpguard/mfpguard/core"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Stderr))
}

// run serves until ctx ends and returns the exit code: 2 for a mistake in the environment.
func run(ctx context.Context, stderr io.Writer) int {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	api, ln, err := setup(ctx, log)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	log.Info("listening", "addr", ln.Addr().String())
	if err := serve(ctx, api, ln); err != nil {
		log.Error("stopped", "error", err)
		return 1
	}
	log.Info("stopped")
	return 0
}

func setup(ctx context.Context, log *slog.Logger) (*fiber.App, net.Listener, error) {
	config, err := core.FromEnv()
	if err != nil {
		return nil, nil, err
	}
	config.Logger = log
	v, err := core.New(config)
	if err != nil {
		return nil, nil, err
	}
	origin := os.Getenv("CORS_ORIGIN")
	if err := checkOrigin(origin); err != nil {
		return nil, nil, err
	}
	ln, err := net.Listen("tcp", cmp.Or(os.Getenv("LISTEN_ADDR"), "127.0.0.1:8080"))
	if err != nil {
		return nil, nil, fmt.Errorf("LISTEN_ADDR: %w", err)
	}
	go func() {
		if err := v.Ready(ctx); err != nil { // it will be as soon as the authorization server is
			log.Warn("tokens cannot be checked yet", "error", err)
		}
	}()
	return newAPI(v, origin), ln, nil
}

func newAPI(v *core.Verifier, origin string) *fiber.App {
	app := fiber.New(fiber.Config{
		ErrorHandler:          fiberguard.ErrorHandler, // the default one may answer with the token that it was sent
		ReadBufferSize:        16 << 10,                // for long tokens: Fiber answers 431 to a header over 4 KiB otherwise
		ReadTimeout:           10 * time.Second,
		IdleTimeout:           time.Minute,
		DisableStartupMessage: true,
	})
	app.Use(recover.New()) // Fiber lets a panic end the program otherwise
	if origin != "" {
		app.Use(newCORS(origin)) // before the guards, because preflight requests carry no token
	}
	app.Get("/public", text("public"))
	app.Get("/me", fiberguard.Require(v, core.Authenticated()), me)
	app.Get("/balance", fiberguard.Require(v, core.AllOf("accessRestricted")), text("17364.9"))
	// MaxAge(0): before it moves money, the guard asks the server about the token each time.
	transfer := core.AllOf("accessRestricted", "transfer").MaxAge(0)
	app.Post("/transfer", fiberguard.Require(v, transfer), text("transferred"))
	return app
}

// me answers with the principal of the caller.
func me(c *fiber.Ctx) error {
	return c.JSON(fiberguard.Principal(c))
}

func text(body string) fiber.Handler {
	return func(c *fiber.Ctx) error { return c.SendString(body) }
}

// newCORS lets pages of one origin call the API. It exposes the two fields that MobileFirst clients
// act on. Otherwise the browser would hide the challenge, and the client would never get a token.
func newCORS(origin string) fiber.Handler {
	return cors.New(cors.Config{
		AllowOriginsFunc: func(o string) bool { return o == origin },
		AllowMethods:     "GET,POST",
		ExposeHeaders:    "WWW-Authenticate,MFP-Conflict",
	})
}

// checkOrigin returns an error if origin is neither empty nor in the form that browsers send.
func checkOrigin(origin string) error {
	u, err := url.Parse(origin)
	if origin != "" && (err != nil || u.Scheme == "" || u.Host == "" || origin != strings.ToLower(u.Scheme+"://"+u.Host)) {
		return fmt.Errorf("CORS_ORIGIN is %q, want an origin such as https://app.example.com", origin)
	}
	return nil
}

// serve answers requests until ctx ends, and then finishes those in progress.
func serve(ctx context.Context, app *fiber.App, ln net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- app.Listener(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return app.ShutdownWithTimeout(10 * time.Second)
	}
}

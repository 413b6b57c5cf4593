// Gin is an API on Gin that accepts MobileFirst access tokens.
//
//	go run ./examples/devserver   # in another terminal: prints what to source here
//	go run ./examples/gin
//
// These environment variables configure it:
//
//   - MFPGUARD_* are about the authorization server: see core.FromEnv.
//   - LISTEN_ADDR is the address to listen on, by default 127.0.0.1:8080.
//   - CORS_ORIGIN is the origin whose pages may call the API, such as https://app.example.com.
//     By default no page of another origin may.
//
// The programs nethttp and fiber do the same.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/mfpguard/mfpguard/adapters/ginguard"
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

func setup(ctx context.Context, log *slog.Logger) (http.Handler, net.Listener, error) {
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

func newAPI(v *core.Verifier, origin string) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Recovery())
	if origin != "" {
		r.Use(cors(origin)) // before the guards, because preflight requests carry no token
	}
	r.GET("/public", text("public"))
	r.GET("/me", ginguard.Require(v, core.Authenticated()), me)
	r.GET("/balance", ginguard.Require(v, core.AllOf("accessRestricted")), text("17364.9"))
	// MaxAge(0): before it moves money, the guard asks the server about the token each time.
	transfer := core.AllOf("accessRestricted", "transfer").MaxAge(0)
	r.POST("/transfer", ginguard.Require(v, transfer), text("transferred"))
	return r
}

// me answers with the principal of the caller.
func me(c *gin.Context) {
	c.JSON(http.StatusOK, ginguard.Principal(c))
}

func text(body string) gin.HandlerFunc {
	return func(c *gin.Context) { c.String(http.StatusOK, "%s", body) }
}

// cors lets pages of one origin call the API. It exposes the two fields that MobileFirst clients
// act on. Otherwise the browser would hide the challenge, and the client would never get a token.
func cors(origin string) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Writer.Header().Add("Vary", "Origin")
		if c.GetHeader("Origin") == origin {
			c.Header("Access-Control-Allow-Origin", origin)
			c.Header("Access-Control-Expose-Headers", "WWW-Authenticate, MFP-Conflict")
		}
		if c.Request.Method == http.MethodOptions && c.GetHeader("Access-Control-Request-Method") != "" {
			c.Header("Access-Control-Allow-Methods", "GET, POST")
			c.Header("Access-Control-Allow-Headers", c.GetHeader("Access-Control-Request-Headers"))
			c.AbortWithStatus(http.StatusNoContent)
		}
	}
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
func serve(ctx context.Context, api http.Handler, ln net.Listener) error {
	server := &http.Server{Handler: api, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}

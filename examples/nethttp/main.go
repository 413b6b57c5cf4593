// Nethttp is an API on net/http that accepts MobileFirst access tokens.
//
//	go run ./examples/devserver   # in another terminal: prints what to source here
//	go run ./examples/nethttp
//
// These environment variables configure it:
//
//   - MFPGUARD_* are about the authorization server: see core.FromEnv.
//   - LISTEN_ADDR is the address to listen on, by default 127.0.0.1:8080.
//   - CORS_ORIGIN is the origin whose pages may call the API, such as https://app.example.com.
//     By default no page of another origin may.
//
// The programs gin and fiber do the same.
package main

import (
	"cmp"
	"context"
	"encoding/json"
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

	"github.com/mfpguard/mfpguard/adapters/httpguard"
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
	mux := http.NewServeMux()
	mux.HandleFunc("GET /public", text("public"))
	mux.Handle("GET /me", httpguard.Require(v, core.Authenticated())(http.HandlerFunc(me)))
	mux.Handle("GET /balance", httpguard.Require(v, core.AllOf("accessRestricted"))(text("17364.9")))
	// MaxAge(0): before it moves money, the guard asks the server about the token each time.
	transfer := core.AllOf("accessRestricted", "transfer").MaxAge(0)
	mux.Handle("POST /transfer", httpguard.Require(v, transfer)(text("transferred")))
	return cors(origin, mux) // before the guards, because preflight requests carry no token
}

// me answers with the principal of the caller.
func me(w http.ResponseWriter, r *http.Request) {
	body, err := json.Marshal(httpguard.Principal(r))
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
}

// cors lets pages of one origin call the API. It exposes the two fields that MobileFirst clients
// act on. Otherwise the browser would hide the challenge, and the client would never get a token.
func cors(origin string, next http.Handler) http.Handler {
	if origin == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		if r.Header.Get("Origin") == origin {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Expose-Headers", "WWW-Authenticate, MFP-Conflict")
		}
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
			w.Header().Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
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

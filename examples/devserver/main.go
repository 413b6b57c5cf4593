// Devserver is an authorization server for development without MobileFirst. It is package coretest
// as a program.
//
//	go run ./examples/devserver [-addr 127.0.0.1:9080] [-profile mobilefirst8]
//
// The profile is the kind of server: mobilefirst8, mobilefirst7, curity or rfc7662.
//
// It prints its URL, its clients, the name of a file to source, and curl commands to try. The file
// has the environment variables for a service, and some tokens.
//
// It keeps everything in memory. Every program that reaches it can make any token. So it refuses an
// address that is not on loopback, unless -insecure-public is given.
//
// In addition to the endpoints of that server it serves
//
//	POST /dev/mint    form: scope, user, lifetime, jwt (all optional)  makes a token, answers JSON
//	POST /dev/revoke  form: token                                      makes it inactive, answers 204
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run serves until ctx ends and returns the exit code: 2 for a mistake on the command line.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("devserver", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:9080", "address to listen on")
	public := flags.Bool("insecure-public", false, "allow an address that others can reach")
	name := flags.String("profile", profiles[0].dialect.String(), "the kind of server: mobilefirst8, mobilefirst7, curity or rfc7662")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "devserver: what is %q? All is said with flags, see -help\n", flags.Arg(0))
		return 2
	}
	p, err := profileOf(*name)
	if err != nil {
		fmt.Fprintln(stderr, "devserver:", err)
		return 2
	}
	ln, err := listen(*addr, *public)
	if err != nil {
		fmt.Fprintln(stderr, "devserver:", err)
		return 2
	}
	url := "http://" + reachable(ln.Addr().(*net.TCPAddr))
	srv := newServer(p, url)
	file, err := p.writeEnvFile(srv, url)
	if err != nil {
		fmt.Fprintln(stderr, "devserver: writing the file with the tokens:", err)
		return 1
	}
	defer os.Remove(file)
	welcome(stdout, p, url, file)
	log := slog.New(slog.NewTextHandler(stderr, nil))
	log.Info("listening", "addr", ln.Addr().String())
	if err := serve(ctx, logged(log, newHandler(srv, p)), ln); err != nil {
		log.Error("stopped", "error", err)
		return 1
	}
	log.Info("stopped")
	return 0
}

// newServer returns the server of a profile that is reached at url.
func newServer(p *profile, url string) *coretest.Server {
	srv := coretest.New()
	srv.URL = url
	srv.Only(p.dialect)
	for _, c := range clients {
		srv.SetClient(c)
	}
	srv.AddApp("com.acme.shop") // for push messages
	return srv
}

// listen opens addr. If addr is not on loopback, public must be set.
func listen(addr string, public bool) (net.Listener, error) {
	a, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("-addr: %w", err)
	}
	if !a.IP.IsLoopback() && !public {
		return nil, fmt.Errorf("-addr %s is not on loopback, and every program that reaches this server can make tokens (-insecure-public allows it)", addr)
	}
	return net.ListenTCP("tcp", a)
}

// reachable returns the address under which this host reaches a listener on a.
func reachable(a *net.TCPAddr) string {
	if a.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", a.Port)
	}
	return a.String()
}

// logged writes a line for each request. It shows what a service asks, and what it remembers.
func logged(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.Info("asked", "method", r.Method, "path", r.URL.Path)
		next.ServeHTTP(w, r)
	})
}

// serve answers requests until ctx ends. Then it waits a short time for those in progress.
func serve(ctx context.Context, h http.Handler, ln net.Listener) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if server.Shutdown(ctx) == nil {
		return nil
	}
	return server.Close() // Shutdown would wait for connections that clients keep at hand without using them
}

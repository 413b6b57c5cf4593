// Quickstart shows what a guarded API answers, when and why. It starts an authorization server
// (package coretest in place of MobileFirst), a Gin API and a caller, all on loopback:
//
//	go run github.com/mfpguard/mfpguard/examples/quickstart@latest
//
// or, in a clone, go run ./examples/quickstart. With -profile mobilefirst7, curity or rfc7662 the
// server is one of that kind.
//
// It checks every answer, and exits with 1 if an answer differs from the text.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/gin-gonic/gin"

	"github.com/mfpguard/mfpguard/adapters/ginguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

func main() {
	name := flag.String("profile", coretest.MobileFirst8.String(), "the kind of server: mobilefirst8, mobilefirst7, curity or rfc7662")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "quickstart: what is %q? All is said with flags, see -help\n", flag.Arg(0))
		os.Exit(2)
	}
	p, err := profileOf(*name)
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(2)
	}
	if err := run(context.Background(), os.Stdout, p); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, p *profile) error {
	srv := coretest.NewServer()
	defer srv.Close()
	srv.Only(p.dialect)

	notes := &notebook{}
	config := p.config(srv)
	config.Logger = slog.New(slog.DiscardHandler) // the story has the causes; a service leaves this out
	config.Trace = notes.trace()
	v, err := core.New(config)
	if err != nil {
		return err
	}
	api := httptest.NewServer(newAPI(v))
	defer api.Close()

	fmt.Fprintf(out, introduction, p.about, api.URL, srv.EndpointURL(p.dialect, coretest.Introspection))
	c := &caller{client: api.Client(), api: api.URL, server: srv, notes: notes, out: out}
	if err := c.tell(ctx, story(srv, p)); err != nil {
		return err
	}
	flags := ""
	if p.dialect != coretest.MobileFirst8 {
		flags = " -profile " + p.dialect.String()
	}
	_, err = fmt.Fprintf(out, whatNext, flags)
	return err
}

// newAPI is the service: the part that you would write.
func newAPI(v *core.Verifier) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.GET("/public", func(c *gin.Context) {
		c.String(http.StatusOK, "public")
	})
	r.GET("/me", ginguard.Require(v, core.Authenticated()), func(c *gin.Context) {
		c.JSON(http.StatusOK, ginguard.Principal(c))
	})
	r.GET("/balance", ginguard.Require(v, core.AllOf("accessRestricted")), func(c *gin.Context) {
		c.String(http.StatusOK, "17364.9")
	})
	// MaxAge(0): before it moves money, the guard asks the server about the token each time.
	r.POST("/transfer", ginguard.Require(v, core.AllOf("accessRestricted", "transfer").MaxAge(0)), func(c *gin.Context) {
		c.String(http.StatusOK, "transferred")
	})
	r.POST("/logout", ginguard.Require(v, core.Authenticated()), func(c *gin.Context) {
		if err := v.Forget(ginguard.Principal(c)); err != nil {
			c.Error(err)
			c.Status(http.StatusInternalServerError)
			return
		}
		c.Status(http.StatusNoContent)
	})
	return r
}

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/tokensource"
)

// config is the target of the messages and our credentials.
type config struct {
	app     string
	pushURL string // the push service's base
	token   tokensource.Config
}

// fromEnv reads MFPGUARD_* for one app.
func fromEnv(app string) (config, error) {
	base, err := core.FromEnv() // the rules for servers and secrets are the same as a guard's
	if err != nil {
		return config{}, err
	}
	if p := os.Getenv("MFPGUARD_PROFILE"); p != "" && p != "mobilefirst8" {
		return config{}, fmt.Errorf("MFPGUARD_PROFILE is %q, and the push service is one of mobilefirst8", p)
	}
	c := newConfig(app, os.Getenv("MFPGUARD_SERVER"), os.Getenv("PUSH_URL"))
	c.token.ClientID = base.ClientID
	c.token.ClientSecret, c.token.ClientSecretFunc = base.ClientSecret, base.ClientSecretFunc
	c.token.Timeout = base.Timeout
	c.token.CAFile = base.CAFile
	c.token.InsecureHTTP = base.InsecureHTTP
	return c, c.check()
}

// newConfig is a config without credentials.
func newConfig(app, server, push string) config {
	return config{
		app:     app,
		pushURL: strings.TrimRight(push, "/"),
		token: tokensource.Config{
			TokenURL: strings.TrimRight(server, "/") + "/az/v1/token",
			Scope:    "messages.write push.application." + app,
		},
	}
}

func (c config) check() error {
	if strings.ContainsAny(c.app, " /") || tokensource.CheckScope(c.app) != nil {
		return fmt.Errorf("-app is %q, which no app is called", c.app)
	}
	if err := checkURL(c.pushURL, c.token.InsecureHTTP); err != nil {
		return fmt.Errorf("PUSH_URL %w", err)
	}
	return nil
}

// checkURL returns errors that do not contain the URL, which may contain a password.
func checkURL(raw string, insecureHTTP bool) error {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return errors.New("is not set, want https://host:port/imfpush/v1")
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return errors.New("is not a plain URL, want https://host:port/imfpush/v1")
	case strings.Contains(u.Path+"/", "/apps/"):
		return errors.New("already has /apps on it: leave that off, want https://host:port/imfpush/v1")
	case u.Scheme == "https", u.Scheme == "http" && (insecureHTTP || loopback(u.Hostname())):
		return nil
	}
	return errors.New("is not https://, and sends tokens in the clear: use https, or set MFPGUARD_INSECURE_HTTP=1")
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// messagesURL is where the app's messages are posted.
func (c config) messagesURL() string {
	return c.pushURL + "/apps/" + url.PathEscape(c.app) + "/messages"
}

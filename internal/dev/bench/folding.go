package main

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/mfpguard/mfpguard/tokensource"
)

// A redirector plays an API and all other hosts. It redirects from its origin to another host, and
// notes which hosts got a token.
type redirector struct {
	origin, to string
	leaks      int
}

// RoundTrip implements [http.RoundTripper].
func (d *redirector) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/token") {
		return answer(r, `{"access_token":"own","token_type":"Bearer","expires_in":3599}`), nil
	}
	res := answer(r, `{}`)
	if r.URL.Host == d.origin {
		res.StatusCode = http.StatusFound
		res.Header.Set("Location", d.to)
		return res, nil
	}
	if r.Header.Get("Authorization") != "" {
		d.leaks++
	}
	return res, nil
}

// measureFolding has an API redirect to hosts that equal its origin after Unicode case folding.
func measureFolding(settings) ([]target, error) {
	const origin = "mfp.ibm.test"
	foreign := []string{"mfp.\u0130bm.test", "mfp.\u0131bm.test", "mfp.%C4%B0bm.test", "mfp.ibm.te\u017ft"}
	leaks := 0
	for _, host := range foreign {
		d := &redirector{origin: origin, to: "https://" + host + "/messages"}
		source, err := tokensource.New(tokensource.Config{
			TokenURL: "https://as.invalid/token", ClientID: "bench", ClientSecret: "not-a-secret", Transport: d,
		})
		if err != nil {
			return nil, err
		}
		client := &http.Client{Transport: source.Transport(d, "https://"+origin)}
		if res, err := client.Get("https://" + origin + "/messages"); err == nil {
			_ = res.Body.Close()
		}
		leaks += d.leaks
	}
	return []target{{
		what:    "redirects to hosts that Unicode case folding turns into our origin: tokens sent there",
		found:   fmt.Sprintf("%d of %d", leaks, len(foreign)),
		want:    "none",
		reached: leaks == 0,
	}}, nil
}

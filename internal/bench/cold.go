package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/core"
)

// bareRoundTrip does by hand what a cold check cannot do without: post the form and read the answer.
func bareRoundTrip(client *http.Client, address, token string) error {
	body := url.Values{"token": {token}, "token_type_hint": {"access_token"}}.Encode()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, address+"/mfp/api/az/v1/introspection", strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Authorization", "Bearer own")
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.ReadAll(res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", res.StatusCode)
	}
	return nil
}

// coldCheck is a contender that asks the server each time.
func coldCheck(name string, v *core.Verifier, token string) contender {
	need := requirement.MaxAge(0)
	field := []string{"Bearer " + token}
	return contender{name, func(n int) {
		for range n {
			if _, denial := v.Authorize(context.Background(), field, need); denial != nil {
				panic(denial.Body)
			}
		}
	}}
}

func measureCold(s settings) (*result, error) {
	address, stop, err := startServer()
	if err != nil {
		return nil, err
	}
	defer stop()
	onTheWire, err := verifier(nil, func(c *core.Config) { c.Profile = core.MobileFirst8(address + "/mfp/api") })
	if err != nil {
		return nil, err
	}
	inProcess, err := verifier(&stub{}, nil)
	if err != nil {
		return nil, err
	}
	token := numbered(goodToken, 1, signedSize)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	client := &http.Client{Transport: transport}
	defer client.CloseIdleConnections()
	stubbed := &http.Client{Transport: &stub{}}
	bare := func(name string, c *http.Client) contender {
		return contender{name, func(n int) {
			for range n {
				if err := bareRoundTrip(c, address, token); err != nil {
					panic(err)
				}
			}
		}}
	}
	all := []contender{
		bare("bare round trip, loopback", client),
		coldCheck("core.Authorize with MaxAge(0), loopback", onTheWire, token),
		bare("bare http.Client, no socket", stubbed),
		coldCheck("core.Authorize with MaxAge(0), no socket", inProcess, token),
	}
	l := raceFor(s, 40*time.Millisecond, all...)
	r := newResult("check", "CPU of this process", "time", "allocations")
	for i, c := range all {
		r.row(c.name, ns(l.cpuNS(i)), ns(l.ns(i)), count(allocations(c)))
	}
	extra := median(combine(l.cpu[1], l.cpu[0], func(a, b float64) float64 { return a - b }))
	over := median(combine(l.cpu[1], l.cpu[0], func(a, b float64) float64 { return a / b }))
	r.note("The server is a process of its own. Over a bare round trip a cold check takes %s of CPU, %s.", more(extra), times(over))
	r.atMost("cold check: CPU over a bare round trip", extra, 25e3, more)
	r.atMost("cold check: CPU, ratio to a bare round trip", over, 1.25, times)
	return r, nil
}

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/core"
)

// bareRoundTrip is the part of a cold check that cannot be avoided: it posts the form and reads the
// answer.
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

// atOnce is how many cold checks run at the same time. With one at a time, most of the CPU time is
// spent by Go's scheduler, which looks for work. In a busy server it does not.
const atOnce = 16

// coldCheck is a contender that asks the server each time, in g goroutines.
func coldCheck(name string, g int, v *core.Verifier, token string) contender {
	guard := guardFor(v, requirement.MaxAge(0))
	return contender{name, func(n int) {
		ctx, cancel := context.WithCancel(context.Background()) // like that of a request: it may end
		defer cancel()
		share(g, n, func(worker, n int) {
			request := present(token + strconv.Itoa(worker)) // calls about one token are shared
			for range n {
				if _, denial := guard.Authorize(ctx, request); denial != nil {
					panic(denial.Body)
				}
			}
		})
	}}
}

// bareCheck is a contender that runs bareRoundTrip.
func bareCheck(name string, g int, client *http.Client, address, token string) contender {
	return contender{name, func(n int) {
		share(g, n, func(_, n int) {
			for range n {
				if err := bareRoundTrip(client, address, token); err != nil {
					panic(err)
				}
			}
		})
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
	transport.MaxIdleConnsPerHost = atOnce
	client := &http.Client{Transport: transport}
	defer client.CloseIdleConnections()
	const ours, bare = "core.Authorize with MaxAge(0)", "bare round trip"
	many := ", loopback, " + count(atOnce) + " at a time"
	all := []contender{
		bareCheck(bare+many, atOnce, client, address, token),
		coldCheck(ours+many, atOnce, onTheWire, token),
		bareCheck(bare+", loopback, one at a time", 1, client, address, token),
		coldCheck(ours+", loopback, one at a time", 1, onTheWire, token),
		bareCheck(bare+", no socket", 1, &http.Client{Transport: &stub{}}, address, token),
		coldCheck(ours+", no socket", 1, inProcess, token),
	}
	l := raceFor(s, 40*time.Millisecond, all...)
	r := newResult("check", "CPU of this process", "over bare", "", "time", "allocations")
	for i, c := range all {
		base := i &^ 1
		r.row(c.name, ns(l.cpuNS(i)), more(l.cpuAbove(i, base)), times(l.cpuOver(i, base)), ns(l.ns(i)), count(allocations(c)))
	}
	r.note("The server is a process of its own. One at a time, a good part of either is Go's scheduler looking for work.")
	r.atMost("cold check: CPU over a bare round trip", l.cpuAbove(1, 0), 25e3, more)
	r.atMost("cold check: CPU, ratio to a bare round trip", l.cpuOver(1, 0), 1.25, times)
	return r, nil
}

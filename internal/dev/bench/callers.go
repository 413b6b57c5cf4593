package main

import (
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// A kind is a kind of callers in the outage.
type kind struct {
	prefix string
	each   int // requests of this kind in a turn
	pool   int // tokens; 0 means that each request has a new one
	status int // the right answer to their token
}

// turns a second. Each has all kinds of callers in it, in the same order in each run.
const turns = 5

var kinds = []kind{
	{goodToken, 40, 200, http.StatusOK},
	{revokedToken, 10, 50, http.StatusUnauthorized},
	{lackingToken, 10, 50, http.StatusForbidden},
	{garbageToken, 1, 0, http.StatusUnauthorized},
	{newToken, 1, 0, http.StatusOK},
}

// A place is the position of a request in its turn.
type place struct {
	kind
	nth int // request of its kind
}

var turn = newTurn()

func newTurn() []place {
	var all []place
	for _, k := range kinds {
		for i := range k.each {
			all = append(all, place{k, i})
		}
	}
	rand.New(rand.NewPCG(5, 5)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// token returns the token of this place in the nth turn.
func (p place) token(n int) string {
	n = n*p.each + p.nth
	if p.pool > 0 {
		n %= p.pool
	}
	return numbered(p.prefix, n, signedSize)
}

// A sample is the end of one request. Times count from the beginning of the run.
type sample struct {
	place
	begun, ended time.Duration
	status       int  // 0 means no answer
	wrong        bool // the answer is not the right one for the token, or a refusal has the wrong form
}

// callers send their requests on time, even if answers are late.
type callers struct {
	client *http.Client
	url    string

	mu  sync.Mutex
	all []sample
}

func newCallers(url string) *callers {
	return &callers{
		url:    url,
		client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 4096}},
	}
}

// run sends requests for d and returns a sample of each.
func (c *callers) run(begun time.Time, d time.Duration) []sample {
	pace(float64(turns*len(turn)), d, func(i int) {
		s := sample{place: turn[i%len(turn)], begun: time.Since(begun)}
		s.status, s.wrong = c.send(s.place, s.token(i/len(turn)))
		s.ended = time.Since(begun)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all = append(c.all, s)
	})
	c.client.CloseIdleConnections()
	return c.all
}

func (c *callers) send(p place, token string) (status int, wrong bool) {
	r, err := http.NewRequest(http.MethodGet, c.url, nil)
	if err != nil {
		return 0, true
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := c.client.Do(r)
	if err != nil {
		return 0, false
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if res.StatusCode == unavailable {
		return unavailable, res.Header.Get("Retry-After") == "" || res.Header.Get("WWW-Authenticate") != ""
	}
	return res.StatusCode, res.StatusCode != p.status
}

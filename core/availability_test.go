package core_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// AV-01: whatever the endpoint, or a firewall before it, answers to one client's tokens, the calls
// for others go on, and each gets what its own answer deserves.
func TestHostileClientStopsNobodyElse(t *testing.T) {
	body := func(s string) coretest.Fault { return coretest.Body(200, "application/json", s) }
	for _, tt := range []struct {
		name    string
		fault   coretest.Fault
		hostile string
	}{
		{"403", coretest.Status(403), "503"},
		{"401", coretest.Status(401), "503"},
		{"404", coretest.HTML(404), "503"},
		{"429", coretest.Status(429), "503"},
		{"500", coretest.Status(500), "503"},
		{"502", coretest.HTML(502), "503"},
		{"503 Retry-After: 60", coretest.Status(503, "Retry-After", "60"), "503"},
		{"429 Retry-After: 60", coretest.Status(429, "Retry-After", "60"), "503"},
		{"a redirect", coretest.Redirect(302, "https://mfp.invalid/login"), "503"},
		{"a hang", coretest.Hang(), "503"},
		{"a reset", coretest.Reset(), "503"},
		{"a cut answer", coretest.Truncate(), "503"},
		{"200 with a page", coretest.HTML(200), "503"},
		{"200 that is no JSON", body(`{"active":tru`), "503"},
		{"200 with a Latin-1 byte in a name that matters", body("{\"active\":true,\"username\":\"M\xfcller\"}"), "503"},
		{"200 with half a surrogate pair in a name that matters", body(`{"active":true,"username":"\ud83d"}`), "503"},
		{"200 with a decisive member twice", body(`{"active":true,"active":true}`), "503"},
		{"200 without active", body(`{}`), "503"},
		{"200 with half a surrogate pair in a display name", body(`{"active":true,"client_id":"c","mfp-user":{"id":"u","displayName":"\ud83d"}}`), "ok"}, // JL-03
		{"200 with a Latin-1 byte in an attribute", body("{\"active\":true,\"mfp-user\":{\"id\":\"u\",\"attributes\":{\"city\":\"K\xf6ln\"}}}"), "ok"},
		{"200 with an attribute twice", body(`{"active":true,"mfp-user":{"id":"u","attributes":{"a":1,"a":2}}}`), "ok"},
		{"200 with attributes that nest too deep", body(`{"active":true,"mfp-user":{"id":"u","attributes":{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}}}`), "ok"},
		{"an endless answer", coretest.Oversize(2 << 20), "503"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv)
				srv.Inject(coretest.Introspection, coretest.Always, forTokens("bad", 50*time.Millisecond, tt.fault))
				var others, hostile tally
				every(100*time.Millisecond, 20*time.Second, func(i int) {
					if i%2 == 0 {
						others.send(t, v, srv.Mint(coretest.Grant{}), core.Authenticated())
					}
					if i%5 == 0 {
						for k := range 6 {
							hostile.send(t, v, fmt.Sprintf("bad../../../etc/passwd%d.%d", i, k), core.Authenticated())
						}
					}
				})
				if got := others.share("ok"); got < 0.99 {
					t.Errorf("%.1f %% of the others got in, after %v", 100*got, others.refused)
				}
				if p99 := others.percentile(0.99); p99 > time.Second {
					t.Errorf("the others waited up to %v", p99)
				}
				if got := hostile.share(tt.hostile); got != 1 {
					t.Errorf("%.1f %% of the hostile requests got %s: %v", 100*got, tt.hostile, hostile.ended)
				}
			})
		})
	}
}

// AV-01: a token that is refused with 401 or 403 costs the others nothing while the token endpoint has
// trouble: it may be that token which is refused, so ours is used until there is another.
func TestRefusedTokensDoNotCostUsOurs(t *testing.T) {
	for name, fault := range map[string]coretest.Fault{
		"500": coretest.Status(500), "3s": coretest.Delay(3 * time.Second), "a hang": coretest.Hang(),
	} {
		for _, also := range []coretest.Fault{nil, coretest.Status(503, "Retry-After", "60")} {
			t.Run(fmt.Sprint("the token endpoint has ", name, ", and a second kind of token: ", also != nil), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := coretest.New()
					v := mobileFirst(t, srv)
					authorize(t.Context(), v, bearer("warm"), core.Authenticated())
					bad := forTokens("bad", 20*time.Millisecond, coretest.Status(403))
					if also != nil {
						bad = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
							forTokens("worse", 0, also)(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
								forTokens("bad", 20*time.Millisecond, coretest.Status(403))(w, r, next)
							}))
						}
					}
					srv.Inject(coretest.Introspection, coretest.Always, bad)
					srv.Inject(coretest.Token, coretest.Always, fault)
					var others, hostile tally
					every(100*time.Millisecond, 30*time.Second, func(i int) {
						if i%2 == 0 {
							others.send(t, v, srv.Mint(coretest.Grant{}), core.Authenticated())
						}
						hostile.send(t, v, fmt.Sprint([]string{"bad", "worse"}[i%2], i), core.Authenticated())
					})
					if got := others.share("ok"); got < 0.99 {
						t.Errorf("%.1f %% of the others got in", 100*got)
					}
					if p99 := others.percentile(0.99); p99 > 200*time.Millisecond {
						t.Errorf("the others waited up to %v", p99)
					}
					hostile.all.Wait()
					time.Sleep(10 * time.Second)
				})
			})
		}
	}
}

// AV-01, AV-14: one token that is answered with an error makes no outage of a slow server.
func TestHostileClientAtASlowServer(t *testing.T) {
	for _, latency := range []time.Duration{900 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second} {
		for name, fault := range map[string]coretest.Fault{"500": coretest.Status(500), "Retry-After": coretest.Status(503, "Retry-After", "60")} {
			t.Run(fmt.Sprint(latency, " ", name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := coretest.New()
					v := mobileFirst(t, srv)
					srv.Inject(coretest.Introspection, coretest.Always, forTokens("bad", latency, fault))
					var others, hostile tally
					every(250*time.Millisecond, 60*time.Second, func(i int) {
						others.send(t, v, srv.Mint(coretest.Grant{}), core.Authenticated())
						for k := range 3 {
							hostile.send(t, v, fmt.Sprint("bad", i, ".", k), core.Authenticated())
						}
					})
					if got := others.share("ok"); got < 0.97 {
						t.Errorf("%.1f %% of the others got in, refused at %v", 100*got, others.refused)
					}
					hostile.all.Wait()
					time.Sleep(10 * time.Second)
				})
			})
		}
	}
}

// AV-02: where some of the answers are failures, that part is refused, less what a repetition
// saves, and no more.
func TestPartialFailureStaysPartial(t *testing.T) {
	for _, rate := range []int{50, 300, 1000, 3000} {
		for _, failing := range []float64{0.1, 0.2, 0.3} {
			t.Run(fmt.Sprintf("%v of %d/s", failing, rate), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := coretest.New()
					v := mobileFirst(t, srv, withTTL(0, 0))
					var mu sync.Mutex
					random := rand.New(rand.NewPCG(uint64(rate), uint64(100*failing)))
					srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(5*time.Millisecond), func(w http.ResponseWriter, r *http.Request, next http.Handler) {
						mu.Lock()
						fails := random.Float64() < failing
						mu.Unlock()
						if fails {
							w.WriteHeader(http.StatusInternalServerError)
							return
						}
						next.ServeHTTP(w, r)
					})
					tok := make([]string, rate)
					for i := range tok {
						tok[i] = srv.Mint(coretest.Grant{})
					}
					var users tally
					duration := max(20*time.Second/time.Duration(rate/50), 2*time.Second)
					every(time.Second/time.Duration(rate), duration, func(i int) {
						users.send(t, v, tok[i%len(tok)], core.Authenticated())
					})
					if refused := users.share("503"); refused > failing*failing+0.06 {
						t.Errorf("%.1f %% were refused, want the %.0f %% that fail twice", 100*refused, 100*failing*failing)
					}
				})
			})
		}
	}
}

// AV-03, A35: a real outage is noticed, spared, and its end is seen soon.
func TestOutageIsNoticed(t *testing.T) {
	for _, tt := range []struct {
		name     string
		down, up func(*coretest.Server)
		slow     time.Duration // until the first failure
		each     int           // calls for each question: a 401 is answered with a fresh token of our own
	}{
		{"500", always500, clear, 0, 1},
		{"no connection", (*coretest.Server).Down, (*coretest.Server).Up, 0, 1},
		{"hang", hang, clear, 5 * time.Second, 1},
		{"401", func(s *coretest.Server) { s.Inject(coretest.Introspection, coretest.Always, coretest.Status(401)) }, clear, 0, 2},
	} {
		for _, length := range []time.Duration{10 * time.Second, 30 * time.Second, 31 * time.Second, 33 * time.Second} {
			t.Run(fmt.Sprint(tt.name, " for ", length), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := coretest.New()
					var stopped, goesOn atomic.Int64
					logs := changes{&stopped, &goesOn}
					v := mobileFirst(t, srv, withTTL(0, 0), logs.config)
					tok := srv.Mint(coretest.Grant{})
					var before tally
					every(10*time.Millisecond, time.Second, func(int) { before.send(t, v, tok, core.Authenticated()) })
					tt.down(srv)
					begun := time.Now()
					calls := srv.Calls().Introspection
					var down tally
					every(10*time.Millisecond, length, func(i int) { down.send(t, v, fmt.Sprint(tok, "x", i), core.Authenticated()) })
					opened := time.Duration(stopped.Load() - begun.UnixNano())
					if limit := tt.slow + 2300*time.Millisecond; stopped.Load() == 0 || opened > limit {
						t.Errorf("noticed after %v, want at most %v", opened, limit)
					}
					// Until it is open 1.1 calls a request, and five repetitions saved up; then one
					// in each pause.
					limit := tt.each * (int(110*opened.Seconds()) + 5 + 10 + int(length/(4*time.Second)))
					if got := srv.Calls().Introspection - calls; got > limit {
						t.Errorf("%d calls in %v, want at most %d", got, length, limit)
					}
					tt.up(srv)
					back := time.Now()
					for i := 0; ; i++ {
						if _, d := authorize(t.Context(), v, bearer(tok), core.Authenticated()); d == nil {
							break
						}
						time.Sleep(50 * time.Millisecond)
					}
					if took := time.Since(back); took > 5*time.Second+tt.slow/5 {
						t.Errorf("the first good answer came %v after the server", took)
					}
					synctest.Wait() // the caller goes on before the line is written
					if goesOn.Load() == 0 {
						t.Error("nothing was logged when the endpoint answered again")
					}
					down.all.Wait()
					time.Sleep(6 * time.Second)
				})
			})
		}
	}
}

func always500(s *coretest.Server) {
	s.Inject(coretest.Introspection, coretest.Always, coretest.Status(500))
}

func hang(s *coretest.Server)  { s.Inject(coretest.Introspection, coretest.Always, coretest.Hang()) }
func clear(s *coretest.Server) { s.Clear(coretest.Introspection) }

// AV-03: a call that fails twice is one failure: the failures of five distinct calls make us ask
// ourselves, not their repetitions.
func TestRepetitionsAreNoFurtherFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		always500(srv)
		for i, want := range []int{2, 4, 6, 7, 9} { // three are repeated; the fifth makes us ask
			authorize(t.Context(), v, bearer(fmt.Sprint("t", i)), core.Authenticated())
			synctest.Wait()
			if got := srv.Calls().Introspection; got != want {
				t.Errorf("after %d failures: %d calls, want %d", i+1, got, want)
			}
		}
	})
}

// AV-03: a server that comes and goes each second serves what comes while it is there.
func TestFlapping(t *testing.T) {
	for _, tt := range []struct {
		name     string
		down, up func(*coretest.Server)
	}{
		{"500", always500, clear},
		{"no connection", (*coretest.Server).Down, (*coretest.Server).Up},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv, withTTL(0, 0))
				tok := make([]string, 100)
				for i := range tok {
					tok[i] = srv.Mint(coretest.Grant{})
				}
				var users tally
				every(5*time.Millisecond, 20*time.Second, func(i int) {
					switch i % 400 {
					case 0:
						tt.down(srv)
					case 200:
						tt.up(srv)
					}
					users.send(t, v, tok[i%len(tok)], core.Authenticated())
				})
				if served := users.share("ok"); served < 0.40 {
					t.Errorf("%.1f %% were served, want 40 %%", 100*served)
				}
				time.Sleep(6 * time.Second)
			})
		})
	}
}

// AV-04: what ends an outage is a question of our own: a hostile token that comes first decides
// nothing.
func TestHostileTokenDoesNotProlongAnOutage(t *testing.T) {
	for name, fault := range map[string]coretest.Fault{
		"403": coretest.Status(403), "500": coretest.Status(500), "a hang": coretest.Hang(), "503 Retry-After: 60": coretest.Status(503, "Retry-After", "60"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv)
				always500(srv)
				for i := range 6 {
					authorize(t.Context(), v, bearer(fmt.Sprint("t", i)), core.Authenticated())
				}
				synctest.Wait()
				if _, d := authorize(t.Context(), v, bearer("other"), core.Authenticated()); outcome(d) != "503" {
					t.Fatalf("got %s, want an outage", outcome(d))
				}
				clear(srv)
				srv.Inject(coretest.Introspection, coretest.Always, forTokens("bad", 50*time.Millisecond, fault))
				time.Sleep(time.Second)
				before := srv.Calls().Introspection
				var hostile tally
				hostile.send(t, v, "bad", core.Authenticated())
				synctest.Wait()
				if got := srv.Requests(coretest.Introspection)[before:]; len(got) != 1 || got[0].Form.Get("token") != "mfpguard-readiness-probe" {
					t.Errorf("asked about %v, want a question of our own", got)
				}
				if _, d := authorize(t.Context(), v, bearer(srv.Mint(coretest.Grant{})), core.Authenticated()); d != nil {
					t.Errorf("got %s: %v", outcome(d), d.Cause)
				}
				if got := hostile.share("503"); got != 1 {
					t.Errorf("the hostile request got %v", hostile.ended)
				}
			})
		})
	}
}

// AV-05: Ready says what is wrong, and stops no calls, also where the endpoint fails for every
// unknown token.
func TestReadyCannotHurt(t *testing.T) {
	for _, status := range []int{404, 500} {
		synctest.Test(t, func(t *testing.T) {
			srv := coretest.New()
			v := mobileFirst(t, srv)
			srv.Inject(coretest.Introspection, coretest.Always, forTokens("mfpguard", 50*time.Millisecond, coretest.Status(status)))
			var users tally
			every(200*time.Millisecond, 20*time.Second, func(i int) {
				users.send(t, v, srv.Mint(coretest.Grant{}), core.Authenticated())
				err := v.Ready(t.Context())
				if e, ok := errors.AsType[*core.EndpointError](err); !ok || e.Status != status {
					t.Errorf("Ready says %v, want the status %d", err, status)
				}
			})
			if got := users.share("ok"); got < 0.99 {
				t.Errorf("%d: %.1f %% of the users got in", status, 100*got)
			}
		})
	}
}

// AV-05: a stranger who presents the token that Ready asks about does not get in its way.
func TestStrangerCannotFailReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv, func(c *core.Config) { c.MaxInFlight = 8 })
		authorize(t.Context(), v, bearer("warm"), core.Authenticated())
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(50*time.Millisecond))
		var garbage tally
		every(time.Millisecond, 10*time.Second, func(i int) {
			garbage.send(t, v, fmt.Sprint("garbage", i), core.Authenticated())
			if i%100 == 0 {
				garbage.send(t, v, "mfpguard-readiness-probe", core.Authenticated().MaxAge(0))
			}
			if i%500 == 250 {
				go func() {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					if err := v.Ready(ctx); err != nil {
						t.Errorf("not ready: %v", err)
					}
				}()
			}
		})
		garbage.all.Wait()
		time.Sleep(6 * time.Second)
	})
}

// AV-05, AV-01: where the endpoint fails for every unknown token, strangers' tokens stop it for
// short only: a good token opens it again.
func TestServerThatFailsUnknownTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		srv.Inject(coretest.Introspection, coretest.Always, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if !strings.HasPrefix(r.PostForm.Get("token"), "good") {
				w.WriteHeader(404)
				return
			}
			next.ServeHTTP(w, r)
		})
		var hostile tally
		every(100*time.Millisecond, 20*time.Second, func(i int) { hostile.send(t, v, fmt.Sprint("bad", i), core.Authenticated()) })
		begun := time.Now()
		for i := 0; ; i++ {
			tok := fmt.Sprint("good", i)
			srv.SetAnswer(tok, active)
			if _, d := authorize(t.Context(), v, bearer(tok), core.Authenticated()); d == nil {
				break
			}
			time.Sleep(200 * time.Millisecond)
		}
		if took := time.Since(begun); took > 25*time.Second {
			t.Errorf("the first good token got in after %v", took)
		}
		hostile.all.Wait()
	})
}

// AV-10: a transport that blocks once and for ever costs its own call; others go on, also when the
// call was our own question.
func TestTransportThatBlocksForEver(t *testing.T) {
	for _, victim := range []string{"good", "mfpguard"} {
		t.Run(victim, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				var blocked atomic.Bool
				srv := coretest.New()
				down := true
				rt := roundTrip(func(r *http.Request) (*http.Response, error) {
					if strings.Contains(r.URL.Path, "introspection") && r.Body != nil {
						form := peek(r)
						if strings.HasPrefix(form.Get("token"), victim) && blocked.CompareAndSwap(false, true) {
							<-release
						}
						if down && victim == "mfpguard" {
							return response(r, 500, "", ""), nil
						}
					}
					return srv.Transport().RoundTrip(r)
				})
				v := mobileFirst(t, srv, func(c *core.Config) { c.Transport = rt; c.MaxInFlight = 1 })
				srv.SetAnswer("good", active)
				begun := time.Now()
				var first tally
				for i := range 6 {
					name := "good"
					if victim == "mfpguard" {
						name = fmt.Sprint("t", i)
					}
					first.send(t, v, name, core.Authenticated())
					time.Sleep(50 * time.Millisecond)
				}
				if got := first.share("503"); got != 1 {
					t.Errorf("the first requests got %v", first.ended)
				}
				down = false
				for time.Since(begun) < 20*time.Second {
					if _, d := authorize(t.Context(), v, bearer("good"), core.Authenticated()); d == nil {
						break
					}
					time.Sleep(100 * time.Millisecond)
				}
				if took := time.Since(begun); took > 8*time.Second {
					t.Errorf("the next good answer came after %v", took)
				}
				close(release)
				time.Sleep(6 * time.Second)
			})
		})
	}
}

// AV-14: a server that takes most of Timeout is heard, and asked once.
func TestSlowServerIsHeard(t *testing.T) {
	for _, delay := range []time.Duration{3 * time.Second, 4500 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			srv := coretest.New()
			v := mobileFirst(t, srv)
			srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(delay))
			var users tally
			every(200*time.Millisecond, 20*time.Second, func(i int) { users.send(t, v, srv.Mint(coretest.Grant{}), core.Authenticated()) })
			if got := users.share("ok"); got != 1 {
				t.Errorf("%v: %v", delay, users.ended)
			}
			if got := srv.Calls().Introspection; got != len(users.waits) {
				t.Errorf("%v: %d calls for %d requests", delay, got, len(users.waits))
			}
		})
	}
}

// AV-14: a second attempt begins only when the first has failed.
func TestNoSecondAttemptBesideTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		srv.Inject(coretest.Introspection, 1, coretest.Delay(2*time.Second), coretest.Status(502))
		tok := srv.Mint(coretest.Grant{})
		begun := time.Now()
		if _, d := authorize(t.Context(), v, bearer(tok), core.Authenticated()); d != nil || time.Since(begun) < 2*time.Second {
			t.Errorf("got %s after %v", outcome(d), time.Since(begun))
		}
		if got := srv.MaxConcurrent(coretest.Introspection); got != 1 {
			t.Errorf("%d attempts at once", got)
		}
	})
}

// A token that ends while its answer is on the way is refused: the time is read again.
func TestTokenEndsWhileTheAnswerIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		tok := srv.Mint(coretest.Grant{Lifetime: 2 * time.Second})
		srv.Inject(coretest.Introspection, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(w, r)
			time.Sleep(3 * time.Second)
		})
		if _, d := authorize(t.Context(), v, bearer(tok), core.Authenticated()); outcome(d) != invalidToken {
			t.Errorf("got %s, want %s", outcome(d), invalidToken)
		}
	})
}

// What callers are told while the circuit is open is the last failure, not the first one ever.
func TestTheLastFailureIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		for _, status := range []int{500, 502, 504} {
			clear(srv)
			srv.Inject(coretest.Introspection, coretest.Always, coretest.Status(status))
			time.Sleep(10 * time.Second)
			for i := range 10 {
				authorize(t.Context(), v, bearer(fmt.Sprintf("%d-%d", status, i)), core.Authenticated())
				time.Sleep(10 * time.Millisecond)
			}
			synctest.Wait()
			authorize(t.Context(), v, bearer("x"), core.Authenticated()) // may be tried
			_, d := authorize(t.Context(), v, bearer("x"), core.Authenticated())
			if e, ok := errors.AsType[*core.EndpointError](d.Cause); !ok || e.Status != status || e.RetryAfter <= 0 {
				t.Errorf("told %v, want status %d", d.Cause, status)
			}
		}
	})
}

// A caller that leaves while its call waits for a slot is no longer waited for, and its call is not
// made (AV-07).
func TestNoCallForWhoHasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv, func(c *core.Config) { c.MaxInFlight = 1 })
		authorize(t.Context(), v, bearer("warm"), core.Authenticated())
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(time.Second))
		var first tally
		first.send(t, v, "first", core.Authenticated())
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, d := authorize(ctx, v, bearer("leaves"), core.Authenticated()); outcome(d) != "503" {
			t.Errorf("got %s", outcome(d))
		}
		first.all.Wait()
		time.Sleep(5 * time.Second)
		if got := srv.Calls().Introspection; got != 2 {
			t.Errorf("%d calls, want none for the one that left", got-1)
		}
	})
}

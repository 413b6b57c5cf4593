package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// demo sends messages to an embedded server, restarts that twice meanwhile, and counts what
// arrived.
type demo struct {
	messages int
	pace     time.Duration // between two messages
	lifetime time.Duration // of a token
	outage   time.Duration // of the second restart

	srv    *coretest.Server
	job    *job
	stdout io.Writer
	begun  time.Time
}

const demoApp = "com.acme.shop"

func newDemo() *demo {
	return &demo{messages: 1000, pace: 10 * time.Millisecond, lifetime: 3 * time.Second, outage: 500 * time.Millisecond}
}

func (d *demo) run(ctx context.Context, stdout, stderr io.Writer) int {
	if err := d.perform(ctx, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "pushjob: demo:", err)
		return exitIncomplete
	}
	return exitDone
}

func (d *demo) perform(ctx context.Context, stdout, stderr io.Writer) error {
	dir, err := os.MkdirTemp("", "pushjob")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	d.srv = coretest.NewServer()
	defer d.srv.Close()
	if err := d.prepare(filepath.Join(dir, "report"), newConsole(stderr)); err != nil {
		return err
	}
	defer d.job.report.close()

	d.stdout, d.begun = stdout, time.Now()
	d.tell("%d messages to %s, whose tokens live %v", d.messages, d.srv.URL, d.lifetime)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, out := io.Pipe()
	go func() { out.CloseWithError(d.write(ctx, out)) }()
	if err := d.job.run(ctx, in); err != nil {
		return fmt.Errorf("the job ended with: %w", err)
	}
	calls := d.srv.Calls()
	d.tell("done, with %d token requests and %d of messages", calls.Token, calls.Push)
	return d.check()
}

func (d *demo) prepare(report string, console *console) error {
	secret := rand.Text()
	d.srv.SetClient(coretest.Client{ID: "pushjob", Secret: secret, AllowedScope: "messages.write push.application.*"})
	d.srv.SetTokenLifetime(d.lifetime)
	d.srv.AddApp(demoApp)
	c := newConfig(demoApp, d.srv.BaseURL(), d.srv.URL+"/imfpush/v1")
	c.token.ClientID, c.token.ClientSecret = "pushjob", tokensource.Secret(secret)
	const workers = 8
	s, err := newSender(c, workers, console)
	if err != nil {
		return err
	}
	r, err := openReport(report)
	if err != nil {
		return err
	}
	d.job = &job{app: demoApp, sender: s, report: r, console: console, workers: workers, patience: patience}
	return nil
}

// write writes the job's input, and restarts the server meanwhile.
func (d *demo) write(ctx context.Context, out io.Writer) error {
	tick := time.NewTicker(d.pace)
	defer tick.Stop()
	for i := range d.messages {
		switch i {
		case d.messages / 3:
			d.tell("at message %d the server restarts with a new key: it refuses every token from before", i)
			d.srv.Restart()
		case d.messages * 2 / 3:
			if err := d.settle(ctx, i); err != nil {
				return err
			}
			d.tell("at message %d the server goes down", i)
			d.srv.Down()
			time.AfterFunc(d.outage, func() {
				d.srv.Restart()
				d.srv.Up()
				d.tell("it is back, with a new key")
			})
		}
		user := "user" + strconv.Itoa(i)
		if _, err := fmt.Fprintf(out, `{"message":{"alert":"For %s"},"target":{"userIds":[%[1]q]}}`+"\n", user); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// settle waits until n messages are answered, and closes the connections. A regular shutdown does
// the same: the server first answers the requests in progress. A message whose connection is cut
// would be unknown, and the demo wants all to be accepted.
func (d *demo) settle(ctx context.Context, n int) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for d.job.tally.count(accepted) < n {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	d.job.sender.direct.CloseIdleConnections()
	return nil
}

// check compares the job's report with the messages that the server has.
func (d *demo) check() error {
	times := map[string]int{}
	for _, m := range d.srv.Messages(demoApp) {
		times[m.Alert]++
	}
	lost, duplicated := 0, 0
	for i := range d.messages {
		n := times["For user"+strconv.Itoa(i)]
		lost += max(1-n, 0)
		duplicated += max(n-1, 0)
	}
	n := d.job.tally.count(accepted)
	fmt.Fprintf(d.stdout, "accepted %d, lost %d, duplicated %d\n", n, lost, duplicated)
	if n != d.messages || lost+duplicated > 0 {
		return fmt.Errorf("want accepted %d, lost 0, duplicated 0", d.messages)
	}
	return nil
}

func (d *demo) tell(format string, args ...any) {
	d.job.console.clear() // standard output may be the same terminal
	fmt.Fprintf(d.stdout, "%4.1fs  %s\n", time.Since(d.begun).Seconds(), fmt.Sprintf(format, args...))
}

// Pushjob sends push messages through MobileFirst: one for each line of a file, each at most once.
//
//	go run ./examples/pushjob -demo   # see it work, with an embedded server that restarts meanwhile
//
//	export MFPGUARD_SERVER=https://mfp.example.com:9443/mfp/api          # the runtime's base URL
//	export PUSH_URL=https://mfp.example.com:9443/imfpush/v1     # the push service's
//	export MFPGUARD_CLIENT_ID=nightly MFPGUARD_CLIENT_SECRET_FILE=/run/secrets/nightly
//	pushjob -app com.acme.shop -in messages.jsonl -report messages.report
//
// The allowed scope of the confidential client must cover messages.write and
// push.application.com.acme.shop. MFPGUARD_TIMEOUT and MFPGUARD_INSECURE_HTTP mean the same as in
// core.FromEnv.
//
// # Input
//
// A line is a JSON object as the push service takes it, with exactly one target: deviceIds,
// platforms, tagNames, userIds, or broadcast. A broadcast must be named, because the push service
// sends a message without a target to all users.
//
//	{"message":{"alert":"Your order is on its way"},"target":{"userIds":["alice"]}}
//	{"message":{"alert":"Sale!"},"target":{"broadcast":true},"settings":{"apns":{"badge":1}}}
//
// Blank lines are skipped. A line with a mistake is rejected with its number and the reason, and
// the job goes on.
//
// # Report
//
// The report tells the outcome of each line. It is in JSON Lines; the last entry for a line counts:
//
//	accepted  the push service answered 202; message_id is its id
//	rejected  the line has a mistake, or the push service refused it
//	unknown   it was sent, and no answer tells what happened
//	unsent    it was certainly not accepted; the trouble outlasted the job's patience
//
// The job writes an entry before it sends a message and another one afterwards, and flushes each to
// disk. So it may be killed at any moment. To go on, run it again with the same input and report.
// It then sends the lines that are neither accepted nor unknown.
//
// The push service cannot detect duplicates, so an unknown line is repeated only with
// -retry-unknown. Type result documents what proves that a message was not accepted.
//
// # Exit codes
//
//	0   every line is accepted
//	1   every line is done, and some are rejected or unknown: see the report
//	2   a mistake in the command line, the environment or the client's rights: do not retry
//	75  stopped early (trouble with the servers, or SIGTERM): run it again to go on
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// The exit codes. A scheduler knows 75 as EX_TEMPFAIL of sysexits.h.
const (
	exitDone       = 0
	exitIncomplete = 1
	exitUsage      = 2
	exitTryAgain   = 75
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once, which the report survives
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// options is the command line.
type options struct {
	app, in, report string
	workers         int
	retryUnknown    bool
	demo            bool
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("pushjob", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.app, "app", "", "`id` of the app to send to, such as com.acme.shop")
	flags.StringVar(&o.in, "in", "-", "`file` with a message on each line; - is standard input")
	flags.StringVar(&o.report, "report", "", "`file` that says which lines have been sent; it is made, or gone on with")
	flags.IntVar(&o.workers, "workers", 8, "how many messages to send at a time, 1 to 256")
	flags.BoolVar(&o.retryUnknown, "retry-unknown", false, "send lines again that may have been accepted: some will arrive twice")
	flags.BoolVar(&o.demo, "demo", false, "send 1000 messages to an embedded server; takes no other flag")
	if err := flags.Parse(args); err != nil {
		return options{}, err // and said so
	}
	var err error
	switch {
	case flags.NArg() > 0:
		err = fmt.Errorf("what is %q? All is said with flags, see -help", flags.Arg(0))
	case o.demo && flags.NFlag() > 1:
		err = errors.New("-demo takes no other flag")
	case o.demo:
	case o.app == "":
		err = errors.New("-app is not set: which app's users are to get the messages?")
	case o.report == "":
		err = errors.New("-report is not set: where may the job note which lines have been sent?")
	case o.workers < 1 || o.workers > 256:
		err = fmt.Errorf("-workers is %d, want 1 to 256", o.workers)
	}
	if err != nil {
		fmt.Fprintln(stderr, "pushjob:", err)
	}
	return o, err
}

// run is the program without its process. It returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		return exitUsage
	case o.demo:
		return newDemo().run(ctx, stdout, stderr)
	}
	return o.send(ctx, stdin, stdout, newConsole(stderr))
}

// send does the job.
func (o options) send(ctx context.Context, in io.Reader, stdout io.Writer, console *console) int {
	if o.in != "-" {
		f, err := os.Open(o.in)
		if err != nil {
			console.say("pushjob: -in: %v", err)
			return exitUsage
		}
		defer f.Close()
		in = f
	}
	j, err := o.prepare(console)
	if err != nil {
		console.say("pushjob: %v", err)
		return exitCode(err)
	}
	defer j.report.close()
	err = j.run(ctx, in)
	fmt.Fprintln(stdout, &j.tally)
	if err != nil {
		console.say("pushjob: %v", err)
	}
	return exitCode(err)
}

// prepare checks all that can be checked before the first message is sent.
func (o options) prepare(console *console) (*job, error) {
	c, err := fromEnv(o.app)
	if err != nil {
		return nil, &halt{exitUsage, err}
	}
	s, err := newSender(c, o.workers, console)
	if err != nil {
		return nil, &halt{exitUsage, err}
	}
	r, err := openReport(o.report)
	if err != nil {
		return nil, err
	}
	return &job{
		app: o.app, sender: s, report: r, console: console,
		workers: o.workers, retryUnknown: o.retryUnknown, patience: patience,
	}, nil
}

// halt is the reason why a job stopped, and its exit code.
type halt struct {
	code int
	err  error
}

// Error implements error.
func (h *halt) Error() string { return h.err.Error() }

// Unwrap returns the cause.
func (h *halt) Unwrap() error { return h.err }

// errIncomplete means that every line is done, but not every line is accepted.
var errIncomplete = errors.New("not every line was accepted: see the report")

func exitCode(err error) int {
	if h, ok := errors.AsType[*halt](err); ok {
		return h.code
	}
	if err != nil {
		return exitIncomplete
	}
	return exitDone
}

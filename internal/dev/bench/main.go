// Command bench compares the guard with its floor and with the alternatives, side by side in one
// process, and prints tables of medians and ratios:
//
//	cd internal/dev/bench && go run .
//
// It is a module of its own, so that users of mfpguard do not get its dependencies. Run it on a
// quiet machine. Ratios hold on other machines, nanoseconds do not. The tests check counts and
// allocations, and no times.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/pprof"
	"time"
)

// A section measures one thing.
type section struct {
	name, title string
	measure     func(settings) (*result, error)
}

var sections = []section{
	{"hit", "A remembered answer: core.Authorize against local verification", measureHit},
	{"parts", "Where the nanoseconds of a hit go", measureParts},
	{"frameworks", "A request in process: bare, guarded, and with golang-jwt", measureFrameworks},
	{"cachesize", "The cache: uniform keys, 1 % writes", measureCacheSize},
	{"memory", "Memory of a remembered answer", measureMemory},
	{"flood", "A flood of unique garbage tokens while good ones keep coming", measureFlood},
	{"cold", "A check that asks the server, over a bare round trip of net/http", measureCold},
	{"hot", "Tokens in use: which requests wait for the server", measureHot},
	{"herd", "1 000 concurrent requests with one new token", measureHerd},
	{"loopback", "End to end over loopback, 64 keep-alive connections", measureLoopback},
	{"tokensource", "Our own token", measureTokenSource},
	{"availability", "Hostile, partial and ordinary failures", measureAvailability},
	{"outage", "A scripted outage, through httpguard, over loopback", measureOutage},
	{"scale", "Calls to the server, calculated and simulated", measureScale},
}

func main() {
	if child() {
		return
	}
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// child does the work of a child process, if another run of this program has started this one.
func child() bool {
	switch name := os.Getenv(panicVariable); {
	case os.Getenv(childVariable) != "":
		serveChild()
	case name != "":
		endure(name)
	default:
		return false
	}
	return true
}

func run(w io.Writer) error {
	only := flag.String("run", "", "run only sections whose `name` matches this regular expression")
	rounds := flag.Int("rounds", 7, "rounds to take the medians of")
	short := flag.Bool("short", false, "run every section briefly; the numbers mean nothing")
	svg := flag.String("svg", "", "write the charts into this `directory`")
	profile := flag.String("cpuprofile", "", "write a CPU profile to this `file`")
	flag.Parse()
	match, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	if *profile != "" {
		var samples bytes.Buffer
		if err := pprof.StartCPUProfile(&samples); err != nil {
			return err
		}
		defer func() {
			pprof.StopCPUProfile()
			if err := os.WriteFile(*profile, samples.Bytes(), 0o644); err != nil {
				log.Print(err)
			}
		}()
	}
	s := settings{rounds: max(*rounds, 1), short: *short}
	found, err := runSections(w, s, match)
	if err != nil || *svg == "" {
		return err
	}
	return writeCharts(*svg, found)
}

// runSections runs the sections whose names match. It prints their results, and the targets at
// the end.
func runSections(w io.Writer, s settings, match *regexp.Regexp) (map[string]*result, error) {
	fmt.Fprintf(w, "%s %s/%s, %d CPUs, medians of %d rounds\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), s.rounds)
	found := map[string]*result{}
	var targets []target
	for _, sec := range sections {
		if !match.MatchString(sec.name) {
			continue
		}
		begun := time.Now()
		r, err := sec.measure(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", sec.name, err)
		}
		fmt.Fprintf(w, "\n### %s\n\n", sec.title)
		r.write(w)
		log.Printf("%s took %.1fs", sec.name, time.Since(begun).Seconds())
		found[sec.name] = r
		targets = append(targets, r.targets...)
		runtime.GC()
	}
	if len(targets) > 0 {
		fmt.Fprint(w, "\n### Targets\n\n")
		writeTargets(w, targets)
	}
	return found, nil
}

// writeCharts draws the results of the sections that ran.
func writeCharts(dir string, found map[string]*result) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, draw := range map[string]func(io.Writer, *result) error{"hit": drawCost, "herd": drawHerd, "outage": drawOutage} {
		r, ok := found[name]
		if !ok {
			continue
		}
		var b bytes.Buffer
		if err := draw(&b, r); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name+".svg"), b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

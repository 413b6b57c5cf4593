package main

// hotMutants ask in the background too often, too late, or at the cost of callers.
var hotMutants = []mutant{
	{"hot: no question in the background", "core/guard.go", "} else if in.Due(at) {", "} else if false {", inCore},
	{"hot: each hit asks", dueFile, "atomic.CompareAndSwapInt64(&in.again, again, math.MaxInt64)", "again < math.MaxInt64", inCore},
	{"hot: it asks too early", "core/background.go", "backgroundPart = 5", "backgroundPart = 4", inCore},
	{"hot: it asks too late", "core/background.go", "backgroundPart = 5", "backgroundPart = 6", inCore},
	{"hot: it asks although the token ends first", "core/caching.go", "if until == in.Asked+ttl {", "if true {", inCore},
	{"hot: the caller waits", "core/background.go", "\treturn began\n", "\tc.fetch(context.Background(), key, token, Requirement{})\n\treturn began\n", inCore},
	{"hot: a failure is asked again", "core/background.go", "if errors.Is(err, introspect.ErrNotAdmitted) {", "if errors.Is(err, introspect.ErrNotAdmitted) || true {", inCore},
	{"hot: what was not asked is not tried again", "core/background.go", "if errors.Is(err, introspect.ErrNotAdmitted) {", "if errors.Is(err, introspect.ErrNotAdmitted) && false {", inCore},
	{"hot: tried again at once", "core/background.go", "later := at + c.remembered(in)/laterPart", "later := at", inCore},
	{"hot: it is not told of the background", "core/background.go", "Known: true, Background: true", "Known: true", inCore},
	{"hot: the answer has no key", "core/background.go", "\t\tnext.Key = key\n", "", inCore},
	{"hot: those who joined share the failure", "core/caching.go", "errors.AsType[*backgroundError](err); ok {", "errors.AsType[*backgroundError](err); ok && false {", inCore},
	{"hot: those who joined wait without end", "core/caching.go", "begun.Add(c.flights.Timeout)", "begun.Add(time.Hour)", inCore},
	{"hot: a failed question is repeated", "core/internal/introspect/call.go", "first && !q.Background && transient(err)", "first && transient(err)", inIntrospect},
	{"hot: calls given up for callers are logged", "core/internal/introspect/report.go", " || errors.Is(err, admission.ErrGaveWay)", "", inIntrospect},
	{"hot: calls given up for callers blame the endpoint", "core/internal/introspect/call.go", " || cause == admission.ErrGaveWay", "", inIntrospect},
	{"hot: a second flight beside one", "internal/flight/flight.go", "\tif len(g.calls[key]) > 0 {\n", "\tif false {\n", inFlight},
	{"hot: those who leave end it", "internal/flight/flight.go", "\tg.begin(context.Background(), key, fn)", "\tg.begin(context.Background(), key, fn).waiting--", inFlight},
	{"hot: spares take all slots", spareFile, "(g.running.Len()+1)*sparePart > g.limit.now", "g.running.Len() >= g.limit.now", inGate},
	{"hot: spares in an outage", spareFile, "g.circuit.state != closed || ", "", inGate},
	{"hot: spares keep their slots", spareFile, "\t\t\tp.cancel(ErrGaveWay)\n", "", inGate},
	{"hot: all spares give way to one caller", spareFile, "coming < wanted", "wanted > 0", inGate},
	{"hot: the oldest spare gives way", spareFile, "e := g.running.Back(); e != nil && coming < wanted; e = e.Prev()", "e := g.running.Front(); e != nil && coming < wanted; e = e.Next()", inGate},
	{"hot: spares give way to strangers whom it does not help", spareFile, "min(g.waiting.unknown.Len(), strangers)", "g.waiting.unknown.Len()", inGate},
	{"hot: strangers wait for spares", spareFile, " + min(g.waiting.unknown.Len(), strangers)", "+ 0*strangers", inGate},
	{"hot: spares give way where slots are free", spareFile, " || g.running.Len() < g.limit.now {", " {", inGate},
}

const (
	dueFile   = "core/internal/introspect/due.go"
	spareFile = "internal/admission/spare.go"
)

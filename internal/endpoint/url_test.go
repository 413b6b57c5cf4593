package endpoint_test

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/internal/endpoint"
)

func TestCheckURL(t *testing.T) {
	tests := []struct {
		name, url string
		insecure  bool
		want      string // in the error; "" is no error
	}{
		{"https", "https://as.test/token", false, ""},
		{"https with a port and a query", "https://as.test:9443/token?t=1", false, ""}, // CC-11
		{"an upper-case scheme", "HTTPS://as.test/token", false, ""},
		// IN-14, CC-02
		{"http to another host", "http://as.test/token", false, "http:// to another host"},
		{"http to another host when allowed", "http://as.test/token", true, ""},
		{"http to localhost", "http://localhost:9080/token", false, ""},
		{"http to LOCALHOST", "http://LOCALHOST:9080/token", false, ""},
		{"http to 127.0.0.1", "http://127.0.0.1:9080/token", false, ""},
		{"http to all of 127/8", "http://127.9.9.9/token", false, ""},
		{"http to ::1", "http://[::1]:9080/token", false, ""},
		{"http to a mapped loopback", "http://[::ffff:127.0.0.1]/token", false, ""},
		{"http to a name that begins like localhost", "http://localhost.evil.test/token", false, "http:// to another host"},
		{"http to a name that ends like localhost", "http://evillocalhost/token", false, "http:// to another host"},
		{"http to a name that begins like an address", "http://127.0.0.1.evil.test/token", false, "http:// to another host"},
		{"http to all interfaces", "http://0.0.0.0/token", false, "http:// to another host"},
		{"http to a private address", "http://10.0.0.1/token", false, "http:// to another host"},
		// CN-08: Unicode folds these to localhost, and the resolver to who knows what.
		{"http to a localhost with a long s", "http://localho\u017ft/token", false, "not ASCII"},
		{"http to it when allowed", "http://localho\u017ft/token", true, "not ASCII"},
		{"a host with a dotted capital I", "https://mfp.\u0130bm.test/token", false, "not ASCII: write it in ASCII (punycode"},
		{"the same, percent-encoded", "https://mfp.%C4%B0bm.test/token", false, "not ASCII"},
		{"the Kelvin sign", "https://\u212a.test/token", false, "not ASCII"},
		{"a host that is not UTF-8", "https://a\xff.test/token", false, "not ASCII"},
		{"the host in punycode", "https://mfp.xn--ibm-8dc.test/token", false, ""},
		{"an umlaut in the path", "https://as.test/t\u00f6ken", false, ""},
		{"another scheme", "ftp://as.test/token", true, `scheme "ftp"`},
		{"a file", "file:///etc/passwd", true, "no host"},
		// LG-06
		{"no scheme", "as.test/token", false, "has no scheme: put https:// in front"},
		{"no scheme, and a port", "as.test:9443/token", false, "has no scheme: put https:// in front"},
		{"no scheme, and a port that is none", "as.test:port/token", false, "has no scheme: put https:// in front"},
		{"no scheme, and a name without a period", "localhost:9443/token", false, "has no scheme: put https:// in front"},
		{"no scheme, and an address", "192.0.2.1:9443/token", false, "has no scheme: put https:// in front"},
		{"no scheme, and an IPv6 address", "[::1]:9443/token", false, "has no scheme: put https:// in front"},
		{"no scheme, and a colon in the path", "as.test/a:b", false, "has no scheme: put https:// in front"},
		{"a host alone", "as", false, "has no scheme: put https:// in front"},
		{"slashes in front", "//as.test/token", false, "put https: in front"},
		{"another scheme with a period", "a.b://as.test/token", false, "has scheme \"a.b\", want https"},
		{"a scheme alone", "https:", false, "no host"},
		{"an opaque URL", "https:as.test/token", false, "no host"},
		{"a port alone", "https://:9443/token", false, "no host"},
		{"an empty string", "", false, "is empty"},
		{"blanks", "   ", false, "white space around it"},
		{"a blank in front", " https://as.test/token", false, "white space around it: remove that"},
		{"a line break", "https://as.test/token\n", false, "white space around it"},
		{"a line break inside", "https://as.test/\ntoken", false, "is not a URL"},
		{"a bad port", "https://as.test:port/token", false, "is not a URL"},
		{"a bad escape", "https://as.test/%zz", false, "is not a URL"},
		{"a bad address", "https://[::1/token", false, "is not a URL"},
		{"user information", "https://id:canary@as.test/token", false, "user information"},
		{"a user", "https://canary@as.test/token", false, "user information"},
		{"an empty user", "https://@as.test/token", false, "user information"},
		{"user information behind a bad port", "https://id:canary@as.test:port/token", false, "is not a URL"},
		{"a fragment", "https://as.test/token#x", false, "fragment"}, // CC-11
		{"an empty fragment", "https://as.test/token#", false, "fragment"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, err := endpoint.CheckURL(tt.url, tt.insecure)
			if tt.want == "" && (err != nil || u == nil) || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("CheckURL(%q) = %v, %v, want %q", tt.url, u, err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the error repeats the password: %v", err)
			}
		})
	}
}

// CN-08
func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "127.0.0.1": true, "::1": true, "::1%lo": true,
		"localho\u017ft": false, "LOCALHO\u017fT": false, "localhost.": false, "": false, "128.0.0.1": false, "::1.test": false,
	} {
		if got := endpoint.Loopback(host); got != want {
			t.Errorf("Loopback(%q) = %v, want %v", host, got, want)
		}
	}
}

// IN-15, IN-16
func TestCheckTransport(t *testing.T) {
	tests := []struct {
		name      string
		transport http.RoundTripper
		want      string
	}{
		{"none", nil, ""},
		{"a nil one", (*http.Transport)(nil), "is a nil *http.Transport"},
		{"the zero one", &http.Transport{}, ""},
		{"our own", endpoint.NewTransport(1), ""},
		{"one that trusts more roots", &http.Transport{TLSClientConfig: &tls.Config{}}, ""},
		{"one of another type", http.NewFileTransport(http.Dir(".")), ""},
		{"one that verifies nobody", &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, "InsecureSkipVerify"},
		{"one with an old floor", &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS11}}, "TLS below 1.2"},
		{"one with a new floor", &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := endpoint.CheckTransport(tt.transport)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// Programs and test tools replace http.DefaultTransport, and some turn its certificate checks off.
func TestNewTransportOwesNothingToTheDefaultTransport(t *testing.T) {
	old := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = old })
	for _, other := range []http.RoundTripper{
		http.NewFileTransport(http.Dir(".")),
		&http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}},
	} {
		http.DefaultTransport = other
		if err := endpoint.CheckTransport(endpoint.NewTransport(64)); err != nil {
			t.Errorf("our transport %v", err)
		}
	}
}

// CC-41, IN-35
func TestRetryAfter(t *testing.T) {
	now := time.Date(2027, 1, 15, 8, 0, 0, 0, time.UTC)
	const limit = time.Minute
	tests := []struct {
		name, value string
		want        time.Duration
	}{
		{"absent", "", 0},
		{"blanks", "   ", 0},
		{"seconds", "7", 7 * time.Second},
		{"seconds between blanks", " 7 ", 7 * time.Second},
		{"zero", "0", 0},
		{"leading zeros", "007", 7 * time.Second},
		{"the limit", "60", limit},
		{"above the limit", "61", limit},
		{"far above the limit", "99999999", limit},
		{"the largest int64", "9223372036854775807", limit},
		{"more than an int64 holds", "9223372036854775808", limit},
		{"more than a uint64 holds", "99999999999999999999999", limit},
		{"negative", "-1", 0},
		{"negative and huge", "-99999999999999999999999", 0},
		{"a plus sign", "+7", 0},
		{"a fraction", "7.5", 0},
		{"an exponent", "1e3", 0},
		{"hexadecimal", "0x10", 0},
		{"a duration", "7s", 0},
		{"two values", "7, 8", 0},
		{"a word", "abc", 0},
		{"a date ahead", "Fri, 15 Jan 2027 08:00:07 GMT", 7 * time.Second},
		{"a date far ahead", "Fri, 15 Jan 2100 08:00:07 GMT", limit},
		{"a date behind", "Fri, 15 Jan 2027 07:59:00 GMT", 0},
		{"a date in RFC 850 form", "Friday, 15-Jan-27 08:00:07 GMT", 7 * time.Second},
		{"a date in ANSI C form", "Fri Jan 15 08:00:07 2027", 7 * time.Second},
		{"half a date", "Fri, 15 Jan", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := endpoint.RetryAfter(http.Header{"Retry-After": {tt.value}}, now, limit); got != tt.want {
				t.Errorf("RetryAfter(%q) = %v, want %v", tt.value, got, tt.want)
			}
		})
	}
	if got := endpoint.RetryAfter(http.Header{}, now, limit); got != 0 {
		t.Errorf("RetryAfter of no field = %v, want 0", got)
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"7", "-1", "99999999999999999999", "abc", "Fri, 15 Jan 2027 08:00:07 GMT", "0x1", "1e9", "\x00"} {
		f.Add(seed, int64(1_800_000_000), int64(time.Minute))
	}
	f.Fuzz(func(t *testing.T, value string, now, limit int64) {
		if limit < 0 {
			limit = ^limit
		}
		got := endpoint.RetryAfter(http.Header{"Retry-After": {value}}, time.Unix(now, 0), time.Duration(limit))
		if got < 0 || got > time.Duration(limit) {
			t.Errorf("RetryAfter(%q) = %v, want between 0 and %v", value, got, time.Duration(limit))
		}
	})
}

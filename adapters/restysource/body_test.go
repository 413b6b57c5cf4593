package restysource_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/mfpguard/mfpguard/adapters/restysource"
	"github.com/mfpguard/mfpguard/tokensource"
)

// opaque is a reader of no known type.
type opaque struct{ io.Reader }

// MW-11: an attempt never has an empty or another body than the first one.
func TestRetriesHaveTheSameBody(t *testing.T) {
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, []byte("the body"), 0o600); err != nil {
		t.Fatal(err)
	}
	open := func() *os.File {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	buffer := func() *bytes.Buffer { return bytes.NewBufferString("the body") }
	half := strings.NewReader("not the body")
	_, _ = half.Seek(4, io.SeekStart)
	for name, set := range map[string]func(*resty.Request){
		"a string":                    func(r *resty.Request) { r.SetBody("the body") },
		"bytes":                       func(r *resty.Request) { r.SetBody([]byte("the body")) },
		"a strings.Reader":            func(r *resty.Request) { r.SetBody(strings.NewReader("the body")) },
		"a strings.Reader, half read": func(r *resty.Request) { r.SetBody(half) },
		"a bytes.Reader":              func(r *resty.Request) { r.SetBody(bytes.NewReader([]byte("the body"))) },
		"a bytes.Buffer":              func(r *resty.Request) { r.SetBody(buffer()) },
		"a file":                      func(r *resty.Request) { r.SetBody(open()) },
		"a reader":                    func(r *resty.Request) { r.SetBody(opaque{buffer()}) },
		"a reader of known length":    func(r *resty.Request) { r.SetBody(opaque{buffer()}).SetContentLength(true) },
		"a form":                      func(r *resty.Request) { r.SetFormData(map[string]string{"a": "the body"}) },
		"a multipart reader":          func(r *resty.Request) { r.SetFileReader("f", "a.txt", opaque{buffer()}) },
		"a multipart field":           func(r *resty.Request) { r.SetMultipartField("f", "a.txt", "text/plain", buffer()) },
		"a multipart file":            func(r *resty.Request) { r.SetFile("f", file) },
	} {
		for how, answer := range map[string]func() (*http.Response, error){
			"no connection": func() (*http.Response, error) { return nil, &net.OpError{Op: "dial", Net: "tcp", Err: io.EOF} },
			"503": func() (*http.Response, error) {
				return &http.Response{StatusCode: 503, Body: http.NoBody, Header: http.Header{}}, nil
			},
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				var got []string
				client := restysource.New(tokensource.Static("t").Transport(roundTrip(func(r *http.Request) (*http.Response, error) {
					body, err := io.ReadAll(r.Body)
					if err != nil {
						t.Error(err)
					}
					got = append(got, r.Header.Get("Content-Type")+" "+string(body))
					return answer()
				})))
				client.SetRetryCount(2).SetRetryWaitTime(time.Nanosecond).SetRetryMaxWaitTime(time.Nanosecond).SetLogger(silent{})
				client.AddRetryCondition(func(r *resty.Response, err error) bool { return err == nil && r.StatusCode() == 503 })
				r := client.R()
				if set(r); name == "a strings.Reader, half read" {
					_, _ = half.Seek(4, io.SeekStart)
				}
				_, _ = r.Post("https://api.invalid/a")
				if len(got) != 3 || len(slices.Compact(slices.Clone(got))) != 1 || !strings.Contains(strings.ReplaceAll(got[0], "+", " "), "the body") {
					t.Errorf("the attempts were %q, want three alike", got)
				}
			})
		}
	}
}

// MW-11: a request that is executed again has its own body, and a redirect keeps to the rules of HTTP.
func TestBodiesOfOtherRequests(t *testing.T) {
	var got []string
	client := restysource.New(tokensource.Static("t").Transport(roundTrip(func(r *http.Request) (*http.Response, error) {
		body := []byte{}
		if r.Body != nil {
			body, _ = io.ReadAll(r.Body)
		}
		got = append(got, r.Method+" "+r.URL.Path+" "+string(body))
		res := &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}}
		switch r.URL.Path {
		case "/303":
			res.StatusCode, res.Header = 303, http.Header{"Location": {"/after"}}
		case "/307":
			res.StatusCode, res.Header = 307, http.Header{"Location": {"/after"}}
		case "/down":
			res.StatusCode = 503
		}
		return res, nil
	})))
	client.SetRetryCount(1).SetRetryWaitTime(time.Nanosecond).SetRetryMaxWaitTime(time.Nanosecond).SetLogger(silent{})
	client.AddRetryCondition(func(r *resty.Response, err error) bool { return err == nil && r.StatusCode() == 503 })
	r := client.R()
	for _, step := range []struct{ path, body string }{{"/a", "one"}, {"/down", "two"}, {"/303", "three"}, {"/307", "four"}, {"/a", "five"}} {
		if _, err := r.SetBody(strings.NewReader(step.body)).Post("https://api.invalid" + step.path); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"POST /a one", "POST /down two", "POST /down two", "POST /303 three", "GET /after ", "POST /307 four", "POST /after four", "POST /a five"}
	if !slices.Equal(got, want) {
		t.Errorf("requests were %q, want %q", got, want)
	}
	client.GetClient().CloseIdleConnections()
}

func TestNewOfNoTransport(t *testing.T) {
	defer func() {
		if r, _ := recover().(string); !strings.Contains(r, "src.Transport") {
			t.Errorf("New(nil) panics with %q, want the fix", r)
		}
	}()
	restysource.New(nil)
}

package ginguard_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/mfpguard/mfpguard/adapters/ginguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// MW-01: files of accepted uploads are removed when the request is over, behind one guard or two, and also after a panic that
// Gin recovers.
func TestUploadsLeaveNoFiles(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	v, as := verifier(t)
	guard := ginguard.Require(v, core.Authenticated())
	spilled := 0
	upload := func(c *gin.Context) {
		if f, err := c.FormFile("file"); err != nil || f.Size != 4<<10 {
			t.Errorf("%+v, %v", f, err)
		}
		spilled += files(t, dir)
		if c.FullPath() == "/panics" {
			panic("upload")
		}
	}
	r := gin.New()
	r.MaxMultipartMemory = 1
	r.Use(gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, _ any) { c.AbortWithStatus(http.StatusInternalServerError) }))
	r.POST("/one", guard, upload)
	r.POST("/two", guard, guard, upload)
	r.POST("/panics", guard, upload)
	server := httptest.NewServer(r)
	defer server.Close()
	for _, path := range []string{"/one", "/one", "/two", "/panics", "/panics"} {
		body, media := form(t)
		r, _ := http.NewRequestWithContext(t.Context(), "POST", server.URL+path, body)
		r.Header.Set("Content-Type", media)
		r.Header.Set("Authorization", "Bearer "+as.Mint(coretest.Grant{}))
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	server.Close() // waits until the requests are over
	if left := files(t, dir); spilled < 5 || left != 0 {
		t.Errorf("%d files while handlers ran, want 5 or more; %d left", spilled, left)
	}
}

func files(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// form returns a form with a file.
func form(t *testing.T) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	f, err := w.CreateFormFile("file", "f.txt")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(f, strings.Repeat("x", 4<<10))
	w.Close()
	return &b, w.FormDataContentType()
}

// MW-02: middleware in front of the guard, and in front of Gin, sees what the routers and the handler have found, as without
// the guard.
func TestWhatTheRouterFoundIsSeenInFront(t *testing.T) {
	v, as := verifier(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/a/{name}", func(_ http.ResponseWriter, r *http.Request) { r.ParseForm() })
	seen := func(guards ...gin.HandlerFunc) (said string) {
		r := gin.New()
		r.Use(func(c *gin.Context) {
			c.Next()
			said = fmt.Sprint(c.FullPath(), " ", c.Param("id"), " ", c.Request.Pattern, " ", c.Request.Form, " ", c.IsAborted())
		})
		r.POST("/a/:id", append(guards, gin.WrapH(mux))...)
		req := httptest.NewRequest("POST", "/a/7?q=1", strings.NewReader("p=2"))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Authorization", "Bearer "+as.Mint(coretest.Grant{}))
		r.ServeHTTP(httptest.NewRecorder(), req)
		return fmt.Sprint(said, " ", req.Pattern, " ", req.PathValue("name"), " ", req.PostForm)
	}
	without, with := seen(), seen(ginguard.Require(v, core.Authenticated()))
	if want := "/a/:id 7 /a/{name} map[p:[2] q:[1]] false /a/{name} 7 map[p:[2]]"; without != want || with != want {
		t.Errorf("without a guard %q, with one %q, want %q", without, with, want)
	}
}

// MW-02: trailers that arrive with a chunked body are seen behind the guard, announced or not.
func TestRequestTrailers(t *testing.T) {
	v, as := verifier(t)
	r := gin.New()
	r.POST("/", ginguard.Require(v, core.Authenticated()), func(c *gin.Context) {
		io.Copy(io.Discard, c.Request.Body)
		c.String(http.StatusOK, c.Request.Trailer.Get("X-Sum"))
	})
	server := httptest.NewServer(r)
	defer server.Close()
	for _, announced := range []string{"", "Trailer: X-Sum\r\n"} {
		answer := raw(t, server.Listener.Addr().String(), "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer "+
			as.Mint(coretest.Grant{})+"\r\n"+announced+"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n")
		if !strings.HasSuffix(answer, "\r\n\r\n7") {
			t.Errorf("with %q: got %s, want the trailer", announced, answer)
		}
	}
}

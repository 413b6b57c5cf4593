package httpguard_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// MW-01: files of accepted uploads are removed when the request is over, behind one guard or two, and also after a panic that
// a middleware in front recovers.
func TestUploadsLeaveNoFiles(t *testing.T) {
	for name, leave := range map[string]func(){"the handler returns": func() {}, "the handler panics": func() { panic("upload") }} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("TMPDIR", dir)
			v, as := verifier(t)
			spilled := 0
			upload := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if err := r.ParseMultipartForm(1); err != nil {
					t.Error(err)
				}
				spilled += len(files(t, dir))
				leave()
			})
			guard := httpguard.Require(v, core.Authenticated())
			mux := http.NewServeMux()
			mux.Handle("/one", recovers(guard(upload)))
			mux.Handle("/two", recovers(guard(guard(upload))))
			server := httptest.NewServer(mux)
			defer server.Close()
			for _, path := range []string{"/one", "/one", "/one", "/two", "/two"} {
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
			if left := files(t, dir); spilled < 5 || len(left) != 0 {
				t.Errorf("%d files while handlers ran, want 5 or more; left: %q", spilled, left)
			}
		})
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "multipart-*"))
	if err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != len(found) {
		t.Errorf("unexpected files: %v", entries)
	}
	return found
}

// form returns a form with a field and a file.
func form(t *testing.T) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("name", "value"); err != nil {
		t.Fatal(err)
	}
	f, err := w.CreateFormFile("file", "f.txt")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(f, strings.Repeat("x", 4<<10))
	w.Close()
	return &b, w.FormDataContentType()
}

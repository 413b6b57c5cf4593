package clientauth_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/internal/clientauth"
)

func TestApply(t *testing.T) {
	tests := []struct {
		name       string
		style      clientauth.Style
		id, secret string
		basic      string // decoded; "" is none
		form       url.Values
	}{
		// IN-07, CC-04
		{"Basic form-encodes both halves", clientauth.Basic, "a:b", "p@ss wörd+/%", "a%3Ab:p%40ss+w%C3%B6rd%2B%2F%25", url.Values{}},
		{"Basic leaves plain characters", clientauth.Basic, "rs1", "s3cret-._~", "rs1:s3cret-._~", url.Values{}},
		{"Basic encodes a tilde-free secret of IBM's", clientauth.Basic, "test", "darwIn$hfr", "test:darwIn%24hfr", url.Values{}},
		// IN-08
		{"raw Basic sends both halves as they are", clientauth.BasicRaw, "test", "darwIn$hfr", "test:darwIn$hfr", url.Values{}},
		{"raw Basic keeps a colon in the secret", clientauth.BasicRaw, "test", "a:b", "test:a:b", url.Values{}},
		{"raw Basic keeps blanks and percent signs", clientauth.BasicRaw, "test", " 100%25 ", "test: 100%25 ", url.Values{}},
		// CC-06
		{"Post sends them in the form alone", clientauth.Post, "a:b", "p@ss wörd", "", url.Values{"client_id": {"a:b"}, "client_secret": {"p@ss wörd"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { // IN-09, CC-07, A74: exactly one way
			c := clientauth.New(tt.style, tt.id, func(context.Context) (string, error) { return tt.secret, nil })
			header, form := http.Header{}, url.Values{}
			if err := c.Apply(t.Context(), header, form); err != nil {
				t.Fatal(err)
			}
			encoded, found := strings.CutPrefix(header.Get("Authorization"), "Basic ")
			if found != (tt.basic != "") {
				t.Fatalf("Authorization is %q", header.Get("Authorization"))
			}
			if got, err := base64.StdEncoding.DecodeString(encoded); string(got) != tt.basic || err != nil {
				t.Errorf("Basic credentials are %q, %v, want %q", got, err, tt.basic)
			}
			if form.Encode() != tt.form.Encode() {
				t.Errorf("form is %q, want %q", form.Encode(), tt.form.Encode())
			}
		})
	}
}

func TestChecks(t *testing.T) {
	const raw, basic, post = clientauth.BasicRaw, clientauth.Basic, clientauth.Post
	id := clientauth.Style.CheckID
	secret := clientauth.Style.CheckSecret
	tests := []struct {
		name  string
		check func(clientauth.Style, string) error
		style clientauth.Style
		value string
		want  string // in the error; "" is no error
	}{
		{"a plain id", id, raw, "orders-api", ""},
		{"an empty id", id, raw, "", "is empty"},                                   // CC-05
		{"an empty id in the form", id, post, "", "is empty"},                      // CC-05
		{"an empty secret", secret, raw, "", "is empty"},                           // CC-05
		{"a colon in a raw id", id, raw, "a:b", "colon"},                           // IN-08
		{"a colon in a form-encoded id", id, basic, "a:b", ""},                     // IN-07
		{"a colon in a posted id", id, post, "a:b", ""},                            //
		{"a colon in a raw secret", secret, raw, "a:b", ""},                        // RFC 7617: the first colon separates
		{"no ASCII in a raw secret", secret, raw, "wörd", "not ASCII"},             // MobileFirst
		{"no ASCII in a form-encoded secret", secret, basic, "wörd", ""},           //
		{"a line break at the end of a secret", secret, raw, "s3cret\n", ""},       // JL-07: a file read whole
		{"a byte order mark before a secret", secret, raw, "\ufeffs3cret\r\n", ""}, // JL-07
		{"line breaks alone", secret, raw, "\r\n\n", "is empty"},                   // JL-07
		{"a mark alone", secret, raw, "\ufeff", "is empty"},                        // JL-07
		{"a line break in a secret", secret, raw, "s3\ncret\n", "control"},         // JL-07
		{"a mark in a secret", secret, raw, "s3\ufeffcret", "not ASCII"},           // JL-07
		{"a line break at the end of an id", id, raw, "id\n", "control"},
		{"a carriage return in an id", id, post, "a\rb", "control"},
		{"a NUL in a secret", secret, basic, "a\x00b", "control"},
		{"DEL in a secret", secret, post, "a\x7fb", "control"},
		{"broken UTF-8", secret, basic, "a\xff", "not valid UTF-8"},
		{"no style", id, "", "orders-api", "unknown style"},
		{"a style nobody knows", id, "digest", "orders-api", "unknown style"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.check(tt.style, tt.value)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error repeats the value: %v", err)
			}
		})
	}
}

// JL-07: what an editor has added to the file of a secret is not sent.
func TestSecretsOfFiles(t *testing.T) {
	for file, want := range map[string]string{
		"s3cret": "s3cret", "s3cret\n": "s3cret", "s3cret\r\n": "s3cret", "s3cret\n\n": "s3cret", "\ufeffs3cret\n": "s3cret",
		" s3cret ": " s3cret ", "s3cret\t": "", // a blank may be meant; a tab cannot be sent
	} {
		for _, style := range []clientauth.Style{clientauth.Basic, clientauth.BasicRaw, clientauth.Post} {
			header, form := http.Header{}, url.Values{}
			err := clientauth.New(style, "a", func(context.Context) (string, error) { return file, nil }).Apply(t.Context(), header, form)
			if want == "" {
				if err == nil {
					t.Errorf("%s: %q was sent", style, file)
				}
				continue
			}
			_, got, _ := (&http.Request{Header: header}).BasicAuth()
			switch style {
			case clientauth.Post:
				got = form.Get("client_secret")
			case clientauth.Basic:
				got, _ = url.QueryUnescape(got)
			}
			if err != nil || got != want {
				t.Errorf("%s: of %q the secret %q was sent, error %v, want %q", style, file, got, err, want)
			}
		}
	}
}

func TestApplyReportsWhatTheCallbackDid(t *testing.T) {
	vault := errors.New("vault is sealed")
	tests := []struct {
		name   string
		secret func(context.Context) (string, error)
		want   string
	}{
		{"an error", func(context.Context) (string, error) { return "", vault }, "reading the client secret: vault is sealed"},
		{"an empty secret", func(context.Context) (string, error) { return "", nil }, "the client secret is empty"},
		{"a secret with a line break", func(context.Context) (string, error) { return "s3\ncret", nil }, "control character"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, style := range []clientauth.Style{clientauth.Basic, clientauth.BasicRaw, clientauth.Post} {
				header, form := http.Header{}, url.Values{}
				err := clientauth.New(style, "a", tt.secret).Apply(t.Context(), header, form)
				if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret") {
					t.Errorf("%s: Apply: %v, want %q", style, err, tt.want)
				}
				if len(header)+len(form) > 0 {
					t.Errorf("%s: half the credentials were set: %v %v", style, header, form)
				}
			}
		})
	}
}

// CC-48
func TestApplyAsksForTheSecretEachTime(t *testing.T) {
	secrets := []string{"s1", "s2"}
	c := clientauth.New(clientauth.Post, "a", func(context.Context) (string, error) {
		s := secrets[0]
		secrets = secrets[1:]
		return s, nil
	})
	for _, want := range []string{"s1", "s2"} {
		form := url.Values{}
		if err := c.Apply(t.Context(), http.Header{}, form); err != nil || form.Get("client_secret") != want {
			t.Errorf("sent %q, %v, want %q", form.Get("client_secret"), err, want)
		}
	}
}

func TestBearer(t *testing.T) {
	header, form := http.Header{}, url.Values{}
	if err := clientauth.Bearer("t0k3n").Apply(t.Context(), header, form); err != nil {
		t.Fatal(err)
	}
	if got := header["Authorization"]; len(got) != 1 || got[0] != "Bearer t0k3n" || len(header)+len(form) != 1 {
		t.Errorf("sent %v and %v, want the token in the Authorization field alone", header, form)
	}
}

package ginguard_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/mfpguard/mfpguard/adapters/ginguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// intrusive are things that error middleware does when the chain is over.
var intrusive = map[string]func(*gin.Context){
	"c.JSON":               func(c *gin.Context) { c.JSON(http.StatusInternalServerError, c.Errors) },
	"c.String":             func(c *gin.Context) { c.String(-1, c.Errors.String()) },
	"c.AbortWithStatus":    func(c *gin.Context) { c.AbortWithStatus(http.StatusInternalServerError) },
	"c.AbortWithError":     func(c *gin.Context) { c.AbortWithError(http.StatusTeapot, errors.New("late")) },
	"c.Writer.Write":       func(c *gin.Context) { c.Writer.Write([]byte("late")) },
	"c.Writer.WriteString": func(c *gin.Context) { c.Writer.WriteString("late") },
	"c.Writer.Flush":       func(c *gin.Context) { c.Writer.Flush() },
	"c.Redirect":           func(c *gin.Context) { c.Redirect(http.StatusFound, "/login") },
}

// MW-04: the cause is in c.Errors, once, and nothing follows the answer, whoever wrote it. A logger in front sees its status and
// size.
func TestNothingFollowsARefusal(t *testing.T) {
	v, as := verifier(t)
	hook := func(c *gin.Context, d *core.Denial) { c.JSON(d.Status, gin.H{"hook": true}) }
	for name, write := range intrusive {
		for _, test := range []struct {
			name   string
			config ginguard.Config
			status int
			body   string
		}{
			{"no hook", ginguard.Config{}, 401, `{"error":"invalid_token"}`},
			{"a hook", ginguard.Config{ErrorHandler: hook}, 401, `{"hook":true}`},
			{"a hook that aborts", ginguard.Config{ErrorHandler: func(c *gin.Context, _ *core.Denial) { c.AbortWithStatus(404) }}, 404, ""},
			{"a hook that sets the status only", ginguard.Config{ErrorHandler: func(c *gin.Context, _ *core.Denial) { c.Status(404) }}, 404, ""},
			{"a hook that writes nothing", ginguard.Config{ErrorHandler: func(*gin.Context, *core.Denial) {}}, 401, `{"error":"invalid_token"}`},
			{"a hook that calls Next", ginguard.Config{ErrorHandler: func(c *gin.Context, _ *core.Denial) { c.Next() }}, 401, `{"error":"invalid_token"}`},
		} {
			var causes []error
			var status, size int
			r := gin.New()
			r.Use(func(c *gin.Context) {
				c.Next()
				status, size = c.Writer.Status(), c.Writer.Size()
			}, func(c *gin.Context) {
				c.Next()
				if len(c.Errors) > 0 {
					causes = append(causes, c.Errors.Last().Err)
					write(c)
				}
			})
			r.GET("/", ginguard.Require(v, core.Authenticated(), test.config), func(c *gin.Context) { c.String(200, "handler") })
			if w := get(r, "Bearer x"); w.Code != test.status || w.Body.String() != test.body {
				t.Errorf("%s, %s: got %d %s, want %d %s", test.name, name, w.Code, w.Body, test.status, test.body)
			}
			if len(causes) != 1 || !errors.Is(causes[0], core.ErrInvalidToken) || status != test.status || size != len(test.body) {
				t.Errorf("%s, %s: causes %v, the logger saw %d and %d bytes", test.name, name, causes, status, size)
			}
			causes = nil
			if w := get(r, "Bearer "+as.Mint(coretest.Grant{})); w.Body.String() != "handler" || len(causes) != 0 {
				t.Errorf("%s, %s: a good token: causes %v, got %s", test.name, name, causes, w.Body)
			}
		}
	}
}

func get(h http.Handler, authorization string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", authorization)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// MW-04: what middleware in front writes to c.Writer after an accepted request is not touched.
func TestMiddlewareMayWriteAfterAHandler(t *testing.T) {
	v, as := verifier(t)
	r := gin.New()
	r.Use(func(c *gin.Context) {
		c.Next()
		c.Writer.WriteString("trailer")
	})
	r.GET("/", ginguard.Require(v, core.Authenticated()), func(c *gin.Context) { c.String(http.StatusOK, "body and ") })
	if w := get(r, "Bearer "+as.Mint(coretest.Grant{})); w.Body.String() != "body and trailer" {
		t.Errorf("got %s", w.Body)
	}
}

// MW-10: what ends with the token is the handler's context. Middleware in front sees the Principal afterwards, in a context that
// goes on.
func TestPrincipalInFrontAfterwards(t *testing.T) {
	v, as := verifier(t)
	for _, need := range []core.Requirement{core.Authenticated(), core.Authenticated().UntilExpiry()} {
		r := gin.New()
		seen := ""
		r.Use(func(c *gin.Context) {
			c.Next()
			seen = ginguard.Principal(c).ClientID()
			if err := c.Request.Context().Err(); err != nil {
				t.Error(err)
			}
		})
		var kept context.Context
		r.GET("/", ginguard.Require(v, need), func(c *gin.Context) { kept = c.Request.Context() })
		get(r, "Bearer "+as.Mint(coretest.Grant{ClientID: "c1"}))
		if _, limited := kept.Deadline(); limited && kept.Err() == nil {
			t.Error("the handler's context goes on")
		}
		if seen != "c1" {
			t.Errorf("the middleware in front sees %q, want c1", seen)
		}
	}
}

package core_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// SV-02, SV-10: each profile, pointed at each server for tests, at the place where its own kind has
// its endpoint.
func TestEachProfileAtEachServer(t *testing.T) {
	profiles := map[coretest.Dialect]func(*coretest.Server) core.Profile{
		coretest.MobileFirst8: func(srv *coretest.Server) core.Profile { return core.MobileFirst8(srv.BaseURL()) },
		coretest.MobileFirst7: func(srv *coretest.Server) core.Profile {
			return core.MobileFirst7(core.MobileFirst7Config{BaseURL: srv.ProjectURL()})
		},
		coretest.Curity: func(srv *coretest.Server) core.Profile {
			return core.Curity(core.CurityConfig{IntrospectionURL: srv.EndpointURL(coretest.Curity, coretest.Introspection), AnyAudience: true})
		},
		coretest.RFC7662: func(srv *coretest.Server) core.Profile {
			return core.RFC7662(core.RFC7662Config{IntrospectionURL: srv.EndpointURL(coretest.RFC7662, coretest.Introspection), AnyAudience: true})
		},
	}
	names := map[coretest.Dialect]string{
		coretest.MobileFirst8: "core.MobileFirst8", coretest.MobileFirst7: "core.MobileFirst7", coretest.Curity: "core.Curity", coretest.RFC7662: "core.RFC7662",
	}
	for configured, profile := range profiles {
		for real, fits := range names {
			t.Run(names[configured]+" at "+real.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := coretest.New()
					srv.Only(real)
					srv.SetClient(coretest.Client{ID: "rs1", Secret: "s3cret", AllowedScope: "authorization.introspect"})
					c := core.Config{Profile: profile(srv), Transport: srv.Transport()}
					if configured != coretest.MobileFirst7 {
						c.ClientID, c.ClientSecret = "rs1", "s3cret"
					}
					err := verifier(t, c).Ready(t.Context())
					if configured == real {
						if err != nil {
							t.Error(err)
						}
						return
					}
					if err == nil || !strings.Contains(err.Error(), fits) || !strings.HasSuffix(err.Error(), " fits") || strings.Contains(err.Error(), "\n") {
						t.Errorf("Ready says %v, want that %s fits", err, fits)
					}
				})
			})
		}
	}
}

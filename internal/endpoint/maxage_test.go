package endpoint_test

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/internal/endpoint"
)

func TestMaxAge(t *testing.T) {
	tests := []struct {
		name   string
		fields []string
		want   time.Duration
		ok     bool
	}{
		{"no field", nil, 0, false},
		{"another directive", []string{"no-store"}, 0, false},
		{"max-age", []string{"max-age=300"}, 5 * time.Minute, true},
		{"among others, in capitals", []string{"Public , Max-Age=60, must-revalidate"}, time.Minute, true},
		{"in quotation marks", []string{`max-age="60"`}, time.Minute, true},
		{"zero", []string{"no-cache, max-age=0"}, 0, true},
		{"two fields: the least", []string{"max-age=60", "max-age=30"}, 30 * time.Second, true},
		{"two in one field: the least", []string{"max-age=30, max-age=60"}, 30 * time.Second, true},
		{"one that cannot be read beside one that can", []string{"max-age=x, max-age=30"}, 0, true},
		{"negative", []string{"max-age=-1"}, 0, true},
		{"without a value", []string{"max-age"}, 0, true},
		{"of shared caches only", []string{"s-maxage=60"}, 0, false},
		{"more than fits", []string{"max-age=99999999999999999999"}, math.MaxInt64, true},
		{"more seconds than fit", []string{"max-age=9223372036854775807"}, math.MaxInt64, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := endpoint.MaxAge(http.Header{"Cache-Control": tt.fields})
			if got != tt.want || ok != tt.ok {
				t.Errorf("MaxAge = %v, %v, want %v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

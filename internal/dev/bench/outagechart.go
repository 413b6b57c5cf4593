package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/template"
	"time"
)

// A strip is the outage of one guard: how many good requests were answered and how many were
// refused in each slice of the time.
type strip struct {
	Name              string
	answered, refused []int
	labels            []stretch
	length            time.Duration
	Y                 int
}

const (
	slice       = 250 * time.Millisecond
	stripLeft   = 16.0
	stripWidth  = 728.0
	stripHeight = 96.0
	stripTop    = 112
	stripStep   = 160
)

func newStrip(name string, stretches []stretch, samples []sample) strip {
	length := stretches[len(stretches)-1].ended
	n := int(length/slice) + 1
	s := strip{Name: name, answered: make([]int, n), refused: make([]int, n), labels: stretches, length: length}
	for _, x := range samples {
		i := int(x.begun / slice)
		switch {
		case x.kind.status != http.StatusOK || i >= n:
		case x.status == http.StatusOK:
			s.answered[i]++
		default:
			s.refused[i]++
		}
	}
	return s
}

func (s strip) x(at time.Duration) float64 {
	return stripLeft + stripWidth*float64(min(at, s.length))/float64(s.length)
}

// area returns the outline, as a path, of a share of the requests of each slice.
func (s strip) area(share func(i int) float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "M%.1f %.0f", stripLeft, stripHeight)
	for i := range s.answered {
		fmt.Fprintf(&b, "V%.0fH%.1f", stripHeight*(1-share(i)), s.x(time.Duration(i+1)*slice))
	}
	fmt.Fprintf(&b, "V%.0fZ", stripHeight)
	return b.String()
}

// All returns the area of all requests. The part that Answered does not cover was refused.
func (s strip) All() string {
	return s.area(func(i int) float64 { return float64(min(1, s.answered[i]+s.refused[i])) })
}

// Answered returns the area of the requests that were answered.
func (s strip) Answered() string {
	return s.area(func(i int) float64 { return float64(s.answered[i]) / float64(max(1, s.answered[i]+s.refused[i])) })
}

// A mark is a phase in the chart.
type mark struct {
	Name              string
	X, Width, Centre  float64
	Trouble, Labelled bool
}

// Marks returns the phases.
func (s strip) Marks() []mark {
	var all []mark
	for _, p := range s.labels {
		from, to := s.x(p.begun), s.x(p.ended)
		all = append(all, mark{p.name, from, to - from - 1, (from + to) / 2, p.name != "healthy", !p.gap})
	}
	return all
}

var outageForm = template.Must(template.New("outage").Parse(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {{.Height}}" role="img" aria-labelledby="title subtitle">
  <title id="title">{{.Title}}</title>
  <desc id="subtitle">{{.Subtitle}}</desc>
  <style>
    .ground { fill: #ffffff; }
    text { font: 11px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
    .title { font-size: 18px; font-weight: 600; }
    .muted { font-size: 13px; fill: #59636e; }
    .strip { font-size: 14px; font-weight: 600; }
    .trouble { fill: #eff1f3; }
    .answered { fill: #1a7f37; }
    .refused { fill: #d1242f; }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #0d1117; }
      text { fill: #f0f6fc; }
      .muted { fill: #9198a1; }
      .trouble { fill: #21262d; }
      .answered { fill: #3fb950; }
      .refused { fill: #f85149; }
    }
  </style>
  <rect class="ground" width="760" height="{{.Height}}" rx="8"/>
  <text class="title" x="16" y="28">{{.Title}}</text>
  <text class="muted" x="16" y="50">{{.Subtitle}}</text>
  <rect class="answered" x="16" y="62" width="12" height="12" rx="2"/>
  <text class="muted" x="34" y="73">answered</text>
  <rect class="refused" x="112" y="62" width="12" height="12" rx="2"/>
  <text class="muted" x="130" y="73">refused with 503</text>
{{- range .Strips}}
  <g transform="translate(0 {{.Y}})">
    <text class="strip" x="16" y="-8">{{.Name}}</text>
{{- range .Marks}}
    {{- if .Trouble}}
    <rect class="trouble" x="{{printf "%.1f" .X}}" y="96" width="{{printf "%.1f" .Width}}" height="20"/>{{end}}
    {{- if .Labelled}}
    <text x="{{printf "%.1f" .Centre}}" y="111" text-anchor="middle">{{.Name}}</text>{{end}}
{{- end}}
    <path class="refused" d="{{.All}}"/>
    <path class="answered" d="{{.Answered}}"/>
  </g>
{{- end}}
</svg>
`))

// drawOutage draws the outage with each TTL.
func drawOutage(w io.Writer, r *result) error {
	c := struct {
		Title, Subtitle string
		Strips          []strip
		Height          int
	}{
		Title:    "An outage of the authorization server, as users with good tokens see it",
		Subtitle: fmt.Sprintf("%.0f s, share of the good requests in each quarter of a second; the server is healthy where nothing is said", r.strips[0].length.Seconds()),
		Strips:   r.strips,
	}
	for i := range c.Strips {
		c.Strips[i].Y = stripTop + stripStep*i
	}
	c.Height = stripTop + stripStep*len(c.Strips) - 32
	return outageForm.Execute(w, c)
}

package main

import (
	"fmt"
	"io"
	"text/template"
)

// A bar of a chart.
type bar struct {
	Name, Value string
	Width       float64
	Ours        bool
	Y           int
}

type chart struct {
	Title, Subtitle string
	Bars            []bar
	Height          int
}

const (
	barTop      = 76
	barStep     = 34
	longestBar  = 310.0
	shortestBar = 1.0 // so that the shortest can be seen
)

// chartForm has a background of its own, light or dark as the reader prefers, so that it can be
// read on any page. It uses the fonts of the reader.
var chartForm = template.Must(template.New("chart").Parse(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {{.Height}}" role="img" aria-labelledby="title subtitle">
  <title id="title">{{.Title}}</title>
  <desc id="subtitle">{{.Subtitle}}</desc>
  <style>
    .ground { fill: #ffffff; }
    text { font: 14px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
    .title { font-size: 18px; font-weight: 600; }
    .muted { font-size: 13px; fill: #59636e; }
    .bar { fill: #8c959f; }
    .ours { fill: #1a7f37; }
    .bold { font-weight: 600; }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #0d1117; }
      text { fill: #f0f6fc; }
      .muted { fill: #9198a1; }
      .bar { fill: #656c76; }
      .ours { fill: #3fb950; }
    }
  </style>
  <rect class="ground" width="760" height="{{.Height}}" rx="8"/>
  <text class="title" x="16" y="28">{{.Title}}</text>
  <text class="muted" x="16" y="50">{{.Subtitle}}</text>
{{- range .Bars}}
  <g transform="translate(0 {{.Y}})">
    <text x="250" y="16" text-anchor="end"{{if .Ours}} class="bold"{{end}}>{{.Name}}</text>
    <rect class="bar{{if .Ours}} ours{{end}}" x="262" y="0" width="{{printf "%.1f" .Width}}" height="22" rx="3"/>
    <text x="{{printf "%.1f" .End}}" y="16"{{if .Ours}} class="bold"{{end}}>{{.Value}}</text>
  </g>
{{- end}}
</svg>
`))

// End returns the position of the text of a value.
func (b bar) End() float64 { return 262 + b.Width + 8 }

// add appends a bar. Most is the value that fills the width. Names and values must need no escaping
// in XML.
func (c *chart) add(name, text string, value, most float64, ours bool) {
	c.Bars = append(c.Bars, bar{name, text, max(shortestBar, longestBar*value/most), ours, barTop + barStep*len(c.Bars)})
	c.Height = barTop + barStep*len(c.Bars) + 8
}

// peers are the contenders of the section hit that the chart shows beside ours.
var peers = []string{
	"golang-jwt v5, RS256", "go-oidc v3, RS256", "jwx v3, RS256", "golang-jwt v5, ES256", "go-oidc v3, ES256", "jwx v3, ES256",
}

// drawCost draws what a request costs: a remembered answer against verifying a signature.
func drawCost(w io.Writer, r *result) error {
	c := chart{
		Title:    "What a check costs, in microseconds of one core",
		Subtitle: "A known token of 900 bytes, against verifying its signature on each request",
	}
	most := r.facts["ours"]
	for _, name := range peers {
		most = max(most, r.facts[name])
	}
	µs := func(v float64) string { return fmt.Sprintf("%.3g µs", v/1e3) }
	c.add("mfpguard", µs(r.facts["ours"]), r.facts["ours"], most, true)
	for _, name := range peers {
		c.add(name, µs(r.facts[name]), r.facts[name], most, false)
	}
	return chartForm.Execute(w, c)
}

// drawHerd draws how many calls a herd costs the authorization server.
func drawHerd(w io.Writer, r *result) error {
	c := chart{
		Title:    "1 000 requests arrive at once with one new token",
		Subtitle: "Introspection calls that reach the authorization server; requests that failed because another client hung up",
	}
	for _, name := range herds {
		text := count(r.facts[name])
		switch failed := r.facts[name+" failed"]; {
		case r.facts[name] == 1:
			text += " call, " + count(failed) + " failed"
		default:
			text += " calls, " + count(failed) + " failed"
		}
		c.add(herdTitles[name], text, r.facts[name], crowd, name == herds[0])
	}
	return chartForm.Execute(w, c)
}

var herdTitles = map[string]string{herds[0]: "mfpguard", herds[1]: "x/sync singleflight, naive", herds[2]: "no coalescing"}

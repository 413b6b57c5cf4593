package introspect

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// unread lists the members of an answer that are only shown and cannot be read, with the reasons.
// They are left out, and named once in the log. A nil *unread takes none.
type unread struct {
	named []string
	more  int // how many are not named
}

// maxNamed bounds a line of the log, whatever the server sends.
const maxNamed = 8

// add takes the error of a member of the object with the name of, "" for the answer itself. Errors
// of strictjson have no value in them.
func (u *unread) add(of string, err error) {
	switch {
	case u == nil || err == nil:
		return
	case len(u.named) == maxNamed:
		u.more++
		return
	}
	name := err.Error()
	if of != "" {
		name = "in " + of + ": " + name
	}
	if !slices.Contains(u.named, name) {
		u.named = append(u.named, name)
	}
}

// broken adds the broken members of an object, except some.
func (u *unread) broken(of string, o strictjson.Object, except ...string) {
	if u == nil {
		return
	}
	for _, name := range o.Broken() {
		if !slices.Contains(except, name) {
			_, _, err := o.Raw(name)
			u.add(of, err)
		}
	}
}

// member is a member that must be a string, and where it goes.
type member struct {
	name string
	to   *string
}

// show reads members of an object that are only shown. What cannot be read is empty.
func (u *unread) show(of string, o strictjson.Object, all []member) {
	for _, m := range all {
		s, _, err := o.String(m.name)
		u.add(of, err)
		*m.to = s
	}
}

// log writes one line, if there is something to tell.
func (u *unread) log(l *slog.Logger) {
	if len(u.named) == 0 {
		return
	}
	names := strings.Join(u.named, "; ")
	if u.more > 0 {
		names += fmt.Sprintf("; and %d more", u.more)
	}
	l.Debug("members of an answer cannot be read and are left out", slog.String("members", names))
}

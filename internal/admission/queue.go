package admission

import "container/list"

// queue holds waiting calls in two lanes, one for known tokens and one for unknown ones. Within a
// lane, three of four times the newest is served first, and the oldest is rejected first.
type queue struct {
	known, unknown list.List // of *Pass, the oldest in front
	served         int
}

func (q *queue) lane(known bool) *list.List {
	if known {
		return &q.known
	}
	return &q.unknown
}

func (q *queue) len() int { return q.known.Len() + q.unknown.Len() }

func (q *queue) push(p *Pass) { p.place = q.lane(p.known).PushBack(p) }

func (q *queue) remove(p *Pass) { q.lane(p.known).Remove(p.place) }

// next returns the call of a lane that is to be served next, nil if there is none. It is the
// newest, but every fourth time the oldest, so that the oldest does not starve.
func (q *queue) next(known bool) *Pass {
	if q.served%4 == 3 {
		return passOf(q.lane(known).Front())
	}
	return passOf(q.lane(known).Back())
}

// serve removes a call that is served now.
func (q *queue) serve(p *Pass) {
	q.remove(p)
	q.served++
}

// oldest returns the call that must make room: the oldest for an unknown token, else the oldest for
// a known one; nil if the queue is empty.
func (q *queue) oldest() *Pass {
	if p := passOf(q.unknown.Front()); p != nil {
		return p
	}
	return passOf(q.known.Front())
}

func passOf(e *list.Element) *Pass {
	if e == nil {
		return nil
	}
	return e.Value.(*Pass)
}

package admission

import "container/list"

// queue holds waiting calls in two lanes. The newest of a lane is served first, mostly; the oldest
// is the first to be turned away.
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

// next returns the call of a lane that is to be served next, nil if there is none: the newest, but
// each fourth time the oldest, so that nobody waits for ever where there is room for all in time.
func (q *queue) next(known bool) *Pass {
	if q.served%4 == 3 {
		return passOf(q.lane(known).Front())
	}
	return passOf(q.lane(known).Back())
}

// serve takes a call out that is served now.
func (q *queue) serve(p *Pass) {
	q.remove(p)
	q.served++
}

// oldest returns the call that is to make room: the oldest stranger, else the oldest of all.
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

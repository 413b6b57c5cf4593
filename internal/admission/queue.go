package admission

import "container/list"

// queue holds waiting calls in two lanes. The newest of a lane is served first; the oldest is
// the first to be turned away.
type queue struct {
	known, unknown list.List // of *Pass, the oldest in front
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

// newest returns the newest call of a lane, nil if there is none.
func (q *queue) newest(known bool) *Pass { return passOf(q.lane(known).Back()) }

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

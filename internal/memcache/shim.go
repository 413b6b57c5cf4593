package memcache

import "time"

func (c *Cache[V]) Held(k Key) bool {
	_, ok := c.shard(k).entries.Get(string(k[:]))
	return ok
}

func (c *Cache[V]) Hold(k Key, v V, cost int, now time.Duration) { c.shard(k).set(k, v, now, now) }

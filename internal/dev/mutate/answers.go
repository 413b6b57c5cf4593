package main

// answerMutants read or remember what they should not.
var answerMutants = []mutant{
	{"json: a name twice is the last one", "internal/strictjson/parse.go", "raw, p.defect = nil, twice", "_ = raw", "./internal/strictjson"},
	{"json: a name twice goes unseen", "internal/strictjson/parse.go", "if _, dup := o.members[name]; dup {", "if _, dup := o.members[name]; dup && false {", "./internal/strictjson"},
	{"json: a nested name twice goes unseen", "internal/strictjson/parse.go", "p.note(nameTwice)", "_ = nameTwice", "./internal/strictjson"},
	{"json: an unreadable name is read", "internal/strictjson/parse.go", "if p.defect != \"\" {\n\t\t\treturn fmt", "if false {\n\t\t\treturn fmt", "./internal/strictjson"},
	{"json: Parse is lenient", "internal/strictjson/parse.go", "strict: true", "strict: false", "./internal/strictjson"},
	{"json: boundaries in another encoding", "internal/strictjson/literal.go", "if p.foreign && p.data[p.pos-1] >= utf8.RuneSelf {", "if false {", "./internal/strictjson"},
	{"json: text in another encoding", "internal/strictjson/literal.go", "if p.foreign && !utf8.Valid(literal) {", "if false {", "./internal/strictjson"},
	{"json: deep brackets need not match", "internal/strictjson/deep.go", "if p.skip(last) {", "if p.skip(']') || p.skip('}') {", "./internal/strictjson"},
	{"json: depth begins anew in a member", "internal/strictjson/object.go", "parseWithin(o.depth, raw)", "parseWithin(0, raw)", "./internal/strictjson"},
	{"json: a broken member is absent", "internal/strictjson/object.go", "broken := o.defects[name]; broken {", "broken := o.defects[name]; broken && false {", "./internal/strictjson"},
	{"json: null is a value", "internal/strictjson/object.go", "if !ok || kind(raw) == aNull {", "if !ok {", "./internal/strictjson " + inIntrospect},
	{"json: null is a whole member", "internal/strictjson/object.go", "return broken || kind(raw) == aNull", "return broken", "./internal/strictjson"},
	{"answer: an empty error is an error", "internal/oauth/errorcode.go", `(!present || code == "")`, "!present", "./internal/oauth " + inSource},
	{"answer: one broken display member spoils all", "core/internal/introspect/answer.go", "strictjson.ParseLenient(body)", "strictjson.Parse(body)", inIntrospect},
	{"answer: a broken user id is no user", "core/internal/introspect/mobilefirst8.go", `if u.ID, _, err = o.String("id"); err != nil {`, `if u.ID, _, err = o.String("id"); false {`, inIntrospect},
	{"answer: what was left out is not told", "core/internal/introspect/ask.go", "r.left.log(i.log)", "_ = r.left", inIntrospect},
	{"cache: bodies weigh nothing", "core/internal/introspect/introspection.go", "allocated(len(in.text))", "0", inIntrospect},
	{"cache: ten times the bytes", "core/config.go", "cmp.Or(c.CacheBytes, 64<<20)", "640<<20", inCore},
	{"cache: bytes without bound", "internal/memcache/shard.go", "s.count > s.capacity || s.held > s.bytes {", "s.count > s.capacity {", "./internal/memcache"},
	{"cache: one entry may take all", "internal/memcache/shard.go", "if cost > s.bytes {", "if false {", "./internal/memcache"},
	{"cache: the entry itself makes room", "internal/memcache/shard.go", "case e == keep:", "case e == nil:", "./internal/memcache"},
	{"cache: what is held is found", "internal/memcache/cache.go", "set(k, v, now, ended)", "set(k, v, now, now+1<<60)", "./internal/memcache"},
}

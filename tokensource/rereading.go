package tokensource

import (
	"bytes"
	"crypto/sha256"
	"os"
	"sync"
	"time"
)

const lookEvery = time.Second // at files that may have changed

// rereading is what some files hold. It looks at them once a second at most, and keeps the last
// good content: a file may be read while it is replaced. It is safe for concurrent use.
type rereading[T any] struct {
	files []string
	parse func(contents [][]byte) (T, error)

	mu    sync.Mutex
	next  time.Time // no look before this, if there is a good content
	looks int       // begun
	from  int       // the look that found the last good content, 0 for none
	hash  [sha256.Size]byte
	good  T
}

// get returns the content. It is an error only if there never was a good one.
func (r *rereading[T]) get() (T, error) {
	r.mu.Lock()
	now := time.Now()
	if r.from > 0 && now.Before(r.next) {
		defer r.mu.Unlock()
		return r.good, nil
	}
	r.next = now.Add(lookEvery)
	r.looks++
	look := r.looks
	r.mu.Unlock()

	contents, hash, err := r.read()
	return r.found(look, contents, hash, err)
}

// found records what a look has found, and returns the content.
func (r *rereading[T]) found(look int, contents [][]byte, hash [sha256.Size]byte, err error) (T, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil && (r.from == 0 || look > r.from && hash != r.hash) {
		var v T
		if v, err = r.parse(contents); err == nil {
			r.from, r.hash, r.good = look, hash, v
		}
	}
	if r.from > 0 {
		return r.good, nil
	}
	return r.good, err
}

// read reads the files. The byte order marks that some editors put there are left out.
func (r *rereading[T]) read() (contents [][]byte, hash [sha256.Size]byte, err error) {
	sum := sha256.New()
	for _, file := range r.files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, hash, err
		}
		text = bytes.ReplaceAll(text, []byte("\uFEFF"), nil)
		contents = append(contents, text)
		of := sha256.Sum256(text)
		sum.Write(of[:])
	}
	return contents, [sha256.Size]byte(sum.Sum(nil)), nil
}

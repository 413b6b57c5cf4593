package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// outcome is the result for a line.
type outcome string

// The outcomes. The package comment explains them.
const (
	accepted outcome = "accepted"
	rejected outcome = "rejected"
	unknown  outcome = "unknown"
	unsent   outcome = "unsent"
)

// entry is a line of the report. Of the message it contains only a hash.
type entry struct {
	Line      int       `json:"line"`
	Hash      string    `json:"hash"` // of the app and the line
	Outcome   outcome   `json:"outcome"`
	MessageID string    `json:"message_id,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	Time      time.Time `json:"time"`
}

// report is the file from which a job can be resumed. It is safe for concurrent use.
type report struct {
	known map[int]entry // what earlier runs left, not changed afterwards
	file  *os.File

	mu      sync.Mutex // guards written, and the order of writes
	written int

	syncing sync.Mutex // held while the file is flushed: those who wait for it find their entry flushed, too
	synced  int
}

// openReport creates or opens a report. It locks the file until the process ends, so that two jobs
// never send the same lines.
func openReport(path string) (*report, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, &halt{exitUsage, fmt.Errorf("-report: %w", err)}
	}
	r := &report{file: f, known: map[int]entry{}}
	if err := r.load(); err != nil {
		f.Close()
		return nil, fmt.Errorf("-report: %w", err)
	}
	// A new file is safe on disk only when its directory is flushed. Systems that cannot do that do
	// not need it.
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync()
		dir.Close()
	}
	return r, nil
}

// load locks the file and reads it. It removes an incomplete last entry, which a crash of the
// machine may leave.
func (r *report) load() error {
	if err := lock(r.file); err != nil {
		return &halt{exitTryAgain, errors.New("another job is using it")}
	}
	content, err := io.ReadAll(r.file)
	if err != nil {
		return &halt{exitTryAgain, err}
	}
	whole := bytes.LastIndexByte(content, '\n') + 1
	number := 0
	for text := range bytes.Lines(content[:whole]) {
		number++
		var e entry
		if json.Unmarshal(text, &e) != nil || e.Line < 1 || e.Hash == "" || e.Outcome == "" {
			return &halt{exitUsage, fmt.Errorf("its line %d is not one of a report", number)}
		}
		r.known[e.Line] = e
	}
	torn := string(content[whole:])
	if torn == "" {
		return nil
	}
	const start = `{"line":`
	if !strings.HasPrefix(torn, start) && !strings.HasPrefix(start, torn) {
		return &halt{exitUsage, errors.New("its last line is not one of a report")}
	}
	if err := r.file.Truncate(int64(whole)); err != nil {
		return &halt{exitTryAgain, err}
	}
	return nil
}

// add writes an entry and returns when it is on disk.
func (r *report) add(e entry) error {
	e.Time = time.Now().UTC().Truncate(time.Millisecond)
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	r.mu.Lock()
	_, err = r.file.Write(append(text, '\n'))
	r.written++
	mine := r.written
	r.mu.Unlock()
	if err != nil {
		return err
	}
	return r.flush(mine)
}

// flush returns when the first n entries are on disk. One flush serves all callers that arrived
// during the one before it.
func (r *report) flush(n int) error {
	r.syncing.Lock()
	defer r.syncing.Unlock()
	if r.synced >= n {
		return nil
	}
	r.mu.Lock()
	written := r.written
	r.mu.Unlock()
	if err := r.file.Sync(); err != nil {
		return err
	}
	r.synced = written
	return nil
}

func (r *report) close() error { return r.file.Close() }

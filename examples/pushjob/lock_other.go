//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package main

import "os"

// lock does nothing here: see to it that jobs with the same report do not overlap.
func lock(*os.File) error { return nil }

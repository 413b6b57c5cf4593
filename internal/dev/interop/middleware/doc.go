// Package middleware tests the guards between the middleware of other projects: compressors, CORS,
// entity tags, timeouts and access loggers, in front of the guard and behind it.
package middleware

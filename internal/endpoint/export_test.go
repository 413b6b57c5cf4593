package endpoint

// Unpooled is unpooled, for tests.
var Unpooled = unpooled

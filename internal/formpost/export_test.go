package formpost

// Unpooled is unpooled, for tests.
var Unpooled = unpooled

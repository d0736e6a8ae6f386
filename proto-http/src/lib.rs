//! HTTP/1.1 and S3 over the engine. Nothing is served yet: the engine comes first, and this crate holds its place in
//! the layer order.

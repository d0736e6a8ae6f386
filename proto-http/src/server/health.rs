//! Two questions that whoever watches a node asks without a signature: does it live, may it be sent requests.
//!
//! What must hold: a signed request to the same path is one for an object, in a bucket that happens to be called so.

use super::hub::Node;
use crate::http1::Head;
use crate::s3::Reply;

/// The answer, if the head asks one of the two.
pub(super) fn answer(head: &Head, node: &Node) -> Option<Reply> {
    let signed = head.header("authorization").is_some() || head.query().is_some();
    if signed || !matches!(head.method(), "GET" | "HEAD") {
        return None;
    }
    match head.path() {
        b"/health/live" => Some(Reply::status(200)),
        b"/health/ready" => Some(Reply::status(if node.is_ready() { 200 } else { 503 })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(request: &str, node: &Node) -> Option<u16> {
        let (head, _) = Head::parse(request.as_bytes()).expect("a good head").expect("a whole head");
        answer(&head, node).map(|reply| reply.status)
    }

    #[test]
    fn a_node_lives_before_it_is_ready() {
        let node = Node::default();
        let [live, ready] = ["live", "ready"].map(|what| format!("GET /health/{what} HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert_eq!((asked(&live, &node), asked(&ready, &node)), (Some(200), Some(503)));
        node.set_ready(true);
        assert_eq!((asked(&live, &node), asked(&ready, &node)), (Some(200), Some(200)));
    }

    #[test]
    fn a_signed_request_is_one_for_an_object() {
        let node = Node::default();
        assert_eq!(asked("GET /health/live HTTP/1.1\r\nHost: h\r\nAuthorization: x\r\n\r\n", &node), None);
        assert_eq!(asked("GET /health/live?X-Amz-Signature=x HTTP/1.1\r\nHost: h\r\n\r\n", &node), None);
        assert_eq!(asked("PUT /health/live HTTP/1.1\r\nHost: h\r\n\r\n", &node), None);
    }
}

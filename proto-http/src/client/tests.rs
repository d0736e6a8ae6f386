//! A connection over a real socket, with a server that sends what the test wrote down.

use std::net::SocketAddr;

use monoio::net::TcpListener;
use stratum_engine::rt;
use stratum_engine::rt::real::{Driver, RunOptions, run};

use super::*;
use crate::net::{Connection, Stream};

/// The answers of a server on one connection, each in the pieces in which it is sent; then it closes.
type Answers = Vec<Vec<Vec<u8>>>;

/// Runs `client` beside a server that answers each head that comes with the next answer.
fn with_server<F, Fut>(answers: Answers, client: F)
where
    F: Fn(SocketAddr) -> Fut + Send + Clone + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let options = RunOptions { cores: 1, driver: Driver::Auto, notice: |_| {} };
    let ran = run(options, move |_| {
        let (answers, client) = (answers.clone(), client.clone());
        async move {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
            let address = listener.local_addr().expect("it has one");
            let server = rt::spawn(serve(listener, answers));
            client(address).await;
            server.await;
        }
    });
    assert_eq!(ran, Ok(()));
}

async fn serve(listener: TcpListener, answers: Answers) {
    let (socket, peer) = listener.accept().await.expect("the client comes");
    let mut connection = Connection::new(Stream::Plain(socket), peer);
    let patience = std::time::Duration::from_secs(10);
    for pieces in answers {
        while !connection.came().ends_with(b"\r\n\r\n") {
            assert_eq!(connection.receive(patience).await, Ok(true), "the client asks");
        }
        let all = connection.came().len();
        connection.take(all);
        for piece in pieces {
            connection.send(piece).await.expect("the client takes it");
            rt::yield_now().await;
        }
    }
}

fn text(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

async fn ask(client: &mut ClientConnection) {
    client.send(text("GET / HTTP/1.1\r\nhost: h\r\n\r\n")).await.expect("the server takes it");
}

#[test]
fn answers_of_all_framings_are_read_one_after_the_other() {
    let chunked = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let answers = vec![
        vec![text("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")],
        chunked.bytes().map(|byte| vec![byte]).collect(),
        vec![text("HTTP/1.1 204 No Content\r\n\r\n")],
        vec![text("HTTP/1.1 200 OK\r\n\r\nall "), text("that comes")],
    ];
    with_server(answers, |address| async move {
        let mut client = ClientConnection::open(address).await.expect("it listens");
        for (body, stays) in [("hello", true), ("abcde", true), ("", true), ("all that comes", false)] {
            ask(&mut client).await;
            client.answer(false).await.expect("it comes");
            assert_eq!(client.document(100).await, Ok(text(body)));
            assert_eq!(client.is_reusable(), stays, "{body}");
        }
    });
}

#[test]
fn an_answer_to_a_head_has_no_body_whatever_it_says() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n";
    with_server(vec![vec![text(head)], vec![text(head)]], |address| async move {
        let mut client = ClientConnection::open(address).await.expect("it listens");
        for _ in 0..2 {
            ask(&mut client).await;
            let answer = client.answer(true).await.expect("it comes");
            assert_eq!(answer.content_length(), Some(4096));
            assert!(!client.is_reusable(), "its end has not been asked for");
            assert_eq!(client.piece().await, Ok(None));
            assert!(client.is_reusable());
        }
    });
}

#[test]
fn a_body_that_breaks_off_is_an_error_and_so_is_a_long_one() {
    let answers = vec![
        vec![text("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789")],
        vec![text("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234")],
    ];
    with_server(answers, |address| async move {
        let mut client = ClientConnection::open(address).await.expect("it listens");
        ask(&mut client).await;
        client.answer(false).await.expect("it comes");
        assert_eq!(client.document(9).await, Err(ClientError::BodyTooLarge));
        assert!(!client.is_reusable(), "the rest of it has not been read");
        assert_eq!(client.piece().await, Ok(None));
        ask(&mut client).await;
        client.answer(false).await.expect("it comes");
        assert_eq!(client.document(100).await, Err(ClientError::Closed));
        assert!(!client.is_reusable());
    });
}

#[test]
fn nobody_there_and_nothing_said_are_errors() {
    with_server(vec![vec![text("HTTP/1.1 200")]], |address| async move {
        let mut client = ClientConnection::open(address).await.expect("it listens");
        ask(&mut client).await;
        assert_eq!(client.answer(false).await, Err(ClientError::Closed));
        assert!(!client.is_reusable());
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        assert_eq!(ClientConnection::open(nobody).await.err(), Some(ClientError::Unreachable));
    });
}

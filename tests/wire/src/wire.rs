//! A socket of a client: what is written leaves as it is, answers are taken from the front of what comes.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::answer::Answer;
use crate::tls::TlsStream;

/// Whoever waits longer than this waits for nothing. The machine may be busy.
const PATIENCE: Duration = Duration::from_secs(100);

/// One connection.
pub struct Wire {
    socket: Socket,
    came: Vec<u8>,
}

/// What bytes leave by.
enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream>),
}

impl Wire {
    /// Connects.
    ///
    /// # Panics
    /// If nobody listens.
    #[must_use]
    pub fn connect(address: SocketAddr) -> Wire {
        Wire { socket: Socket::Plain(tcp(address)), came: Vec::new() }
    }

    /// An encrypted connection.
    pub(crate) fn encrypted(stream: TlsStream) -> Wire {
        Wire { socket: Socket::Tls(Box::new(stream)), came: Vec::new() }
    }

    /// Sends bytes.
    ///
    /// # Panics
    /// If the server has gone.
    pub fn send(&mut self, bytes: &[u8]) {
        self.socket.all(bytes).expect("the server takes what is sent");
    }

    /// Sends bytes to a server that may not take them all. Whether it did.
    pub fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.socket.all(bytes).is_ok()
    }

    /// Says that no more is sent.
    ///
    /// # Panics
    /// If the connection has broken.
    pub fn end_sending(&mut self) {
        self.socket.end_writing().expect("the connection is open");
    }

    /// The next answer, with its body.
    ///
    /// # Panics
    /// If none comes, or what comes is none.
    pub fn answer(&mut self) -> Answer {
        let mut answer = self.answer_without_body();
        if answer.status == 204 || answer.status == 304 {
            return answer;
        }
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = self.chunked();
        } else if let Some(length) = answer.header("content-length") {
            let length = length.parse().expect("a length is a number");
            self.wait_for(|came| came.len() >= length);
            answer.body = self.came.drain(..length).collect();
        } else {
            assert!(answer.closes(), "neither a length nor the end of the connection ends {answer:?}");
            while self.receive() {}
            answer.body = std::mem::take(&mut self.came);
        }
        answer
    }

    /// The next answer's head: all of it, if it answers a HEAD.
    ///
    /// # Panics
    /// As [`Wire::answer`].
    pub fn answer_without_body(&mut self) -> Answer {
        let end = self.wait_for(|came| came.windows(4).any(|window| window == b"\r\n\r\n"));
        assert!(end, "no answer came, but {:?}", String::from_utf8_lossy(&self.came));
        let end = self.came.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |at| at + 4);
        let head: Vec<u8> = self.came.drain(..end).collect();
        let head = String::from_utf8(head).expect("a head is text");
        Answer::parse(&head).unwrap_or_else(|| panic!("no head of an answer: {head:?}"))
    }

    /// Takes these bytes from the front of what comes.
    ///
    /// # Panics
    /// If others come.
    pub fn expect(&mut self, bytes: &[u8]) {
        self.wait_for(|came| came.len() >= bytes.len());
        let front = self.came.get(..bytes.len()).unwrap_or(&self.came);
        assert_eq!(String::from_utf8_lossy(front), String::from_utf8_lossy(bytes));
        self.came.drain(..bytes.len());
    }

    /// Takes so many bytes, in small sips: a client that reads slowly.
    ///
    /// # Errors
    /// The server has gone.
    pub fn sip(&mut self, bytes: usize) -> std::io::Result<usize> {
        let mut buffer = vec![0; bytes];
        self.socket.read(&mut buffer)
    }

    /// The body of an answer that does not end well: all that comes until the connection ends, at most `most` bytes.
    ///
    /// # Panics
    /// If more comes.
    pub fn torn_body(&mut self, most: usize) -> Vec<u8> {
        while self.receive() {
            assert!(self.came.len() <= most, "more than {most} bytes came");
        }
        std::mem::take(&mut self.came)
    }

    /// Nothing comes for so long, and the connection stays open. An encrypted one cannot say it: what comes need not be
    /// a byte of an answer.
    ///
    /// # Panics
    /// If the socket fails.
    pub fn is_silent(&mut self, time: Duration) -> bool {
        if !self.came.is_empty() {
            return false;
        }
        let Socket::Plain(socket) = &self.socket else { return false };
        socket.set_read_timeout(Some(time)).expect("a socket takes the option");
        let mut byte = [0];
        let peeked = socket.peek(&mut byte);
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket takes the option");
        matches!(peeked, Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }

    /// The server ends the connection, and sends nothing before it does. A reset counts: it is an end, too.
    #[must_use]
    pub fn ends(&mut self) -> bool {
        while self.receive() {}
        self.came.is_empty()
    }

    /// As [`Wire::ends`], but without a reset.
    #[must_use]
    pub fn ends_well(&mut self) -> bool {
        let mut buffer = [0; 1];
        self.came.is_empty() && matches!(self.socket.read(&mut buffer), Ok(0))
    }

    fn chunked(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            self.wait_for(|came| came.windows(2).any(|window| window == b"\r\n"));
            let end = self.came.windows(2).position(|window| window == b"\r\n").expect("a chunk has a line");
            let line: Vec<u8> = self.came.drain(..end + 2).collect();
            let line = String::from_utf8_lossy(&line);
            let size = usize::from_str_radix(line.trim_end(), 16).expect("a chunk's line is its size");
            assert!(self.wait_for(|came| came.len() >= size + 2), "a chunk is whole");
            body.extend(self.came.drain(..size));
            self.expect(b"\r\n");
            if size == 0 {
                return body;
            }
        }
    }

    /// Receives until `enough`; false if the connection ends before.
    fn wait_for(&mut self, enough: impl Fn(&[u8]) -> bool) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while !enough(&self.came) {
            if !self.receive() {
                return false;
            }
            assert!(Instant::now() < deadline, "too slow");
        }
        true
    }

    /// Receives more; false at the end.
    fn receive(&mut self) -> bool {
        let mut buffer = vec![0; 64 * 1024];
        match self.socket.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.came.extend_from_slice(buffer.get(..count).unwrap_or_default());
                true
            }
            Err(why) if is_end(why.kind()) => false,
            Err(why) => panic!("nothing came: {why}"),
        }
    }
}

impl Socket {
    fn all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Socket::Plain(socket) => socket.write_all(bytes),
            Socket::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Socket::Plain(socket) => socket.read(buffer),
            Socket::Tls(stream) => stream.read(buffer),
        }
    }

    fn end_writing(&mut self) -> std::io::Result<()> {
        match self {
            Socket::Plain(socket) => socket.shutdown(Shutdown::Write),
            Socket::Tls(stream) => {
                stream.conn.send_close_notify();
                stream.flush()?;
                stream.sock.shutdown(Shutdown::Write)
            }
        }
    }
}

/// A connected socket.
///
/// # Panics
/// If nobody listens.
pub(crate) fn tcp(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect_timeout(&address, PATIENCE).expect("the server listens");
    socket.set_nodelay(true).expect("a socket takes the option");
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket takes the option");
    socket.set_write_timeout(Some(PATIENCE)).expect("a socket takes the option");
    socket
}

/// A reset is an end; so is an encrypted stream that is cut off without a farewell.
fn is_end(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof)
}

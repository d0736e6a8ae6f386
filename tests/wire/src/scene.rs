//! A bucket of one's own on a server, and the shortest ways to ask something of it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::answer::Answer;
use crate::now_s;
use crate::recorded::{Place, Recorded};
use crate::server::Server;
use crate::signature::REGION;
use crate::tls::TlsClient;
use crate::visit::Visit;
use crate::wire::Wire;

/// A client's view of a server: an address, and a bucket that nobody else uses.
pub struct Scene {
    address: SocketAddr,
    bucket: String,
    region: String,
    tls: Option<TlsClient>,
    _visit: Option<Visit>,
}

impl Scene {
    /// A new bucket on the shared server.
    #[must_use]
    pub fn new() -> Scene {
        let scene = Scene::without_bucket();
        scene.make_bucket();
        scene
    }

    /// The shared server, and the name of a bucket that is not there yet.
    #[must_use]
    pub fn without_bucket() -> Scene {
        let visit = Visit::begin();
        let address = visit.address();
        Scene { _visit: Some(visit), ..Scene::at(address, new_name()) }
    }

    /// A new bucket on a server of one's own.
    #[must_use]
    pub fn on(server: &Server) -> Scene {
        let scene = Scene::at(server.address(), new_name());
        scene.make_bucket();
        scene
    }

    /// A new bucket on a server of one's own in another region.
    #[must_use]
    pub fn in_region(server: &Server, region: &str) -> Scene {
        let scene = Scene { region: region.to_owned(), ..Scene::at(server.address(), new_name()) };
        scene.make_bucket();
        scene
    }

    /// A new bucket on a server of one's own that speaks TLS.
    #[must_use]
    pub fn over_tls(server: &Server, client: &TlsClient) -> Scene {
        let scene = Scene { tls: Some(client.clone()), ..Scene::at(server.address(), new_name()) };
        scene.make_bucket();
        scene
    }

    /// A known bucket on a server of one's own: what is left there after a restart.
    #[must_use]
    pub fn again(server: &Server, bucket: &str) -> Scene {
        Scene::at(server.address(), bucket.to_owned())
    }

    fn at(address: SocketAddr, bucket: String) -> Scene {
        Scene { address, bucket, region: REGION.to_owned(), tls: None, _visit: None }
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Host and port.
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Here and now.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { region: self.region.clone(), ..Place::new(&self.host(), &self.bucket, now_s()) }
    }

    /// A new connection.
    #[must_use]
    pub fn connect(&self) -> Wire {
        match &self.tls {
            None => Wire::connect(self.address),
            Some(client) => client.connect(self.address, &self.address.ip().to_string()).0,
        }
    }

    /// The head of a recorded request, filled in, and the body behind it.
    #[must_use]
    pub fn recorded(&self, head: &str, body: &[u8]) -> Vec<u8> {
        [&Recorded::new(head).fill(&self.place(), body).0, body].concat()
    }

    /// Sends a recorded request on a connection of its own. The answer.
    #[must_use]
    pub fn replay(&self, head: &str, body: &[u8]) -> Answer {
        self.exchange(&self.recorded(head, body))
    }

    /// Sends bytes on a connection of their own. The first answer.
    #[must_use]
    pub fn exchange(&self, bytes: &[u8]) -> Answer {
        let mut wire = self.connect();
        wire.send(bytes);
        wire.answer()
    }

    /// The bytes of a plain request whose form is not the point: signed, its body's digest too. `target` begins behind
    /// the bucket: `/key?uploads`, `?location`, or nothing.
    #[must_use]
    pub fn plain(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        self.plain_at(&format!("{method} /{{bucket}}{target}"), headers, body)
    }

    /// As [`Scene::plain`], from the method to the whole target.
    #[must_use]
    pub fn plain_at(&self, request: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let mut names: Vec<String> = headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.extend(["host", "x-amz-content-sha256", "x-amz-date"].map(str::to_owned));
        names.sort_unstable();
        names.dedup();
        let names = names.join(";");
        // Only what may have a body says how long it is, as clients do.
        let length = match request.split(' ').next() {
            Some("PUT" | "POST") => "Content-Length: {length}\r\n",
            _ => "",
        };
        let head = format!(
            "{request} HTTP/1.1\r\nHost: {{host}}\r\n{lines}X-Amz-Date: {{date}}\r\n\
             X-Amz-Content-SHA256: {{sha256}}\r\nAuthorization: AWS4-HMAC-SHA256 Credential={{scope}}, \
             SignedHeaders={names}, Signature={{signature}}\r\n{length}\r\n"
        );
        self.recorded(&head, body)
    }

    /// Sends a plain request on a connection of its own. The answer; to a HEAD it has no body.
    #[must_use]
    pub fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut wire = self.connect();
        wire.send(&self.plain(method, target, headers, body));
        if method == "HEAD" { wire.answer_without_body() } else { wire.answer() }
    }

    /// Puts an object.
    ///
    /// # Panics
    /// If it is not stored.
    pub fn put(&self, key: &str, body: &[u8]) -> Answer {
        let answer = self.ask("PUT", &format!("/{key}"), &[], body);
        assert_eq!(answer.status, 200, "{key}: {answer:?}");
        answer
    }

    /// The body of an object; `None` if it is not there.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn stored(&self, key: &str) -> Option<Vec<u8>> {
        let answer = self.ask("GET", &format!("/{key}"), &[], b"");
        match answer.status {
            200 => Some(answer.body),
            404 => None,
            _ => panic!("{key}: {answer:?}"),
        }
    }

    fn make_bucket(&self) {
        let answer = self.ask("PUT", "", &[], b"");
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

impl Default for Scene {
    fn default() -> Scene {
        Scene::new()
    }
}

fn new_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("bucket-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

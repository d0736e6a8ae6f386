//! What one run does: the arguments, and what follows from them.

use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use stratum_engine::rt::real::fill_random;
use stratum_proto_http::auth::Credentials;

use super::arguments::BenchArguments;
use super::content::{Content, Pattern};
use super::credentials;
use super::kind::Kind;
use super::listing::PAGE_KEYS;
use super::names::{Folder, Names};

/// Bytes of the objects that are written ahead to be read.
const READ_BYTES: u64 = 1 << 30;
/// Objects that are written ahead, unless more are asked for.
const READ_OBJECTS: u64 = 10_000;
/// Bytes of the objects that a run leaves behind until it cleans up: beyond this, writes go over what it wrote before.
const WRITTEN_BYTES: u64 = 8 << 30;
/// Objects of the same.
const WRITTEN_OBJECTS: u64 = 1_000_000;
/// Bytes of an object that is only there to be listed.
const LISTED_BYTES: u64 = 1024;

/// What one run does.
pub(super) struct Plan {
    /// What was asked for.
    pub(super) arguments: BenchArguments,
    /// Where the server is.
    pub(super) address: SocketAddr,
    /// The keys.
    pub(super) credentials: Credentials,
    /// Names of objects.
    pub(super) names: Names,
    contents: BTreeMap<Kind, Arc<Content>>,
}

impl Plan {
    /// Finds the server and the keys, and makes the bodies.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    pub(super) fn new(arguments: &BenchArguments) -> Result<Plan, String> {
        let credentials = credentials::find(arguments.credentials.as_deref())?;
        let found = arguments.server.target().to_socket_addrs().map(|mut addresses| addresses.next());
        let address = found.map_err(|why| format!("{}: {why}", arguments.server))?;
        let address = address.ok_or_else(|| format!("{} has no address", arguments.server))?;
        let mut random = [0; 4];
        fill_random(&mut random);
        let (pattern, signed) = (Pattern::new(), arguments.signed);
        let content = |size, part| Arc::new(Content::new(pattern.clone(), size, part, signed));
        let mut contents = BTreeMap::new();
        for kind in arguments.kinds.iter().copied() {
            let made = match kind {
                Kind::List => content(arguments.size.min(LISTED_BYTES), LISTED_BYTES),
                Kind::Multipart => content(arguments.size, arguments.part_size),
                // They differ in nothing, so they share one.
                _ => contents.get(&Kind::Put).map_or_else(|| content(arguments.size, arguments.size), Arc::clone),
            };
            if !matches!(kind, Kind::List | Kind::Multipart) {
                contents.insert(Kind::Put, Arc::clone(&made));
            }
            contents.insert(kind, made);
        }
        let arguments = BenchArguments { cores: cores(arguments), ..arguments.clone() };
        Ok(Plan { arguments, address, credentials, names: Names::new(random), contents })
    }

    /// The bodies of an operation.
    pub(super) fn content(&self, kind: Kind) -> Option<Arc<Content>> {
        self.contents.get(&kind).cloned()
    }

    /// What is written before an operation runs: where, and how many. None if it needs nothing.
    pub(super) fn filling(&self, kind: Kind) -> Option<(Folder, u64)> {
        let (asked, size) = (self.arguments.objects, self.arguments.size);
        match kind {
            Kind::Put | Kind::Multipart => None,
            Kind::Get | Kind::Head | Kind::Mixed => {
                let objects = asked.unwrap_or_else(|| (READ_BYTES / size).clamp(1, READ_OBJECTS));
                Some((Folder::Read, objects))
            }
            Kind::List => Some((Folder::List, asked.unwrap_or(PAGE_KEYS))),
            Kind::Delete => Some((Folder::Delete, self.ring())),
        }
    }

    /// Objects that a connection writes before it begins to write over its first ones.
    pub(super) fn ring_of_connection(&self) -> u64 {
        (self.ring() / u64::from(self.arguments.connections)).max(1)
    }

    fn ring(&self) -> u64 {
        (WRITTEN_BYTES / self.arguments.size).clamp(u64::from(self.arguments.connections), WRITTEN_OBJECTS)
    }
}

/// No more cores than connections: one without any would do nothing.
fn cores(arguments: &BenchArguments) -> u16 {
    u16::try_from(arguments.connections).unwrap_or(u16::MAX).min(arguments.cores)
}

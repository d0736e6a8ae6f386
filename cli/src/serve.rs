//! `stratum serve`: the store, the credentials, the cores, and the end.
//!
//! What must hold: `ready` is said when every core serves, and not before. Nobody is served before made credentials are
//! on the disk. A signal to stop lets what is under way end.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use stratum_engine::node::{Options, Seat, seats};
use stratum_engine::rt::real::{Driver, RunOptions, fill_random, run};
use stratum_engine::rt::{Mailbox, mailbox};
use stratum_proto_http::auth::{Credentials, Keys, RANDOM_BYTES};
use stratum_proto_http::net::TlsIdentity;
use stratum_proto_http::s3::Settings;
use stratum_proto_http::server::{Listening, Node, serve_core};

use crate::arguments::ServeArguments;
use crate::credentials::{self, Source};
use crate::said;

/// What all cores share.
struct Shared {
    settings: Settings,
    tls: Option<TlsIdentity>,
    listen: SocketAddr,
    made: Option<(Credentials, std::path::PathBuf)>,
    greeting: String,
    node: Arc<Node>,
    start: Start,
    failed: AtomicBool,
}

/// How far the start is.
struct Start {
    serving: AtomicUsize,
    cores: usize,
}

impl Start {
    fn of(cores: u16) -> Start {
        Start { serving: AtomicUsize::new(0), cores: usize::from(cores) }
    }

    /// One more core serves. True if it is the last.
    fn serves(&self) -> bool {
        self.serving.fetch_add(1, Ordering::SeqCst) + 1 == self.cores
    }

    /// True once every core has served. It stays so while they stop.
    fn is_over(&self) -> bool {
        self.serving.load(Ordering::SeqCst) == self.cores
    }
}

/// What only one core has.
type Place = (Seat, Mailbox<()>);

/// Serves until it is told to stop.
///
/// # Errors
/// A sentence that says why it does not, and what to do.
pub(crate) fn serve(arguments: &ServeArguments) -> Result<(), String> {
    let cores = arguments.cores.unwrap_or_else(cores_here);
    let tls = match &arguments.tls {
        Some((certificate, key)) => Some(TlsIdentity::read(certificate, key).map_err(|why| why.to_string())?),
        None => None,
    };
    let listen = free_address(arguments.listen)?;
    let mut random = [0; RANDOM_BYTES];
    fill_random(&mut random);
    let (root, source) = credentials::find(&arguments.directory, &random)?;
    let mut options = Options::product(arguments.directory.clone(), cores, said::problem);
    options.accept_damage = arguments.accept_damage;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let shared = Arc::new(Shared {
        greeting: greeting(&format!("{scheme}://{listen}"), arguments, &root, &source),
        settings: Settings {
            region: arguments.region.clone(),
            any_region: arguments.any_region,
            domains: arguments.domains.clone(),
            keys: Keys::of_root(root.clone()),
        },
        tls,
        listen,
        made: match source {
            Source::Made(path) => Some((root, path)),
            Source::Environment | Source::File(_) => None,
        },
        node: Arc::new(Node::default()),
        start: Start::of(cores),
        failed: AtomicBool::new(false),
    });
    let (posts, boxes): (Vec<_>, Vec<_>) = (0..cores).map(|_| mailbox::<()>(1)).unzip();
    stop_on_signals(posts, Arc::clone(&shared.node))?;
    let places: Vec<Option<Place>> = seats(&options).into_iter().zip(boxes).map(Some).collect();
    let places = Arc::new(Mutex::new(places));
    let (of_cores, of_main) = (Arc::clone(&shared), shared);
    let ran = run(RunOptions { cores, driver: Driver::Auto, notice: said::problem }, move |core| {
        let place = places.lock().ok().and_then(|mut all| all.get_mut(usize::from(core.0)).and_then(Option::take));
        let (seat, stop) = place.expect("every core starts once");
        let shared = Arc::clone(&of_cores);
        async move {
            if let Err(why) = core_life(core.0 == 0, seat, stop, &shared).await {
                said::problem(&why);
                shared.failed.store(true, Ordering::Relaxed);
                if !shared.start.is_over() {
                    // Other cores wait for this one, and nobody was told that we serve: nothing needs an end. Whether
                    // we are ready says less: a node that stops is not, and its other cores have requests under way.
                    std::process::exit(1);
                }
            }
        }
    });
    ran.map_err(|why| why.to_string())?;
    match of_main.failed.load(Ordering::Relaxed) {
        false => Ok(()),
        true => Err("the store did not end well: nothing is lost, and the next start takes longer".to_owned()),
    }
}

async fn core_life(is_first: bool, seat: Seat, stop: Mailbox<()>, shared: &Shared) -> Result<(), String> {
    let store = seat.open().await.map_err(|why| format!("the store does not open: {why}"))?;
    if is_first && let Some((credentials, path)) = &shared.made {
        credentials::keep(credentials, path)?;
    }
    let listening = Listening::on(shared.listen, shared.tls.clone())
        .map_err(|why| format!("{} cannot be listened on: {why}", shared.listen))?;
    if shared.start.serves() {
        shared.node.set_ready(true);
        said::line(&shared.greeting);
    }
    let ended = serve_core(store, shared.settings.clone(), listening, Arc::clone(&shared.node), stop).await;
    ended.map_err(|why| why.to_string())
}

/// Closes the cores' mailboxes when the process is told to stop. A second signal ends it at once.
fn stop_on_signals(posts: Vec<stratum_engine::rt::Postman<()>>, node: Arc<Node>) -> Result<(), String> {
    let mut signals = Signals::new([SIGTERM, SIGINT]).map_err(|why| format!("signals are not heard: {why}"))?;
    #[expect(clippy::disallowed_methods, reason = "signals come to a thread of their own, outside of every core")]
    std::thread::spawn(move || {
        let mut posts = Some(posts);
        for _signal in &mut signals {
            node.set_ready(false);
            if posts.take().is_none() {
                std::process::exit(1);
            }
        }
    });
    Ok(())
}

/// The address with its port, once it is known that nobody else listens there. The cores share the port among them, so
/// the system would also let another process of the same user have a share.
fn free_address(wanted: SocketAddr) -> Result<SocketAddr, String> {
    let probe = TcpListener::bind(wanted).and_then(|listener| listener.local_addr());
    probe.map_err(|why| format!("{wanted} cannot be listened on: {why}; --listen names another address"))
}

fn cores_here() -> u16 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u16::try_from(cores).unwrap_or(u16::MAX)
}

/// What is said when the node serves: how to use it, and at the end the line that says so.
fn greeting(endpoint: &str, arguments: &ServeArguments, root: &Credentials, source: &Source) -> String {
    let mut lines = vec![format!("store     {}", arguments.directory.display())];
    lines.push(format!("endpoint  {endpoint}   region {}", arguments.region));
    let shell = match source {
        Source::Environment => {
            lines.push("root      from the environment".to_owned());
            ("\"$STRATUM_ROOT_ACCESS_KEY\"".to_owned(), "\"$STRATUM_ROOT_SECRET_KEY\"".to_owned())
        }
        Source::File(path) | Source::Made(path) => {
            lines.push(format!("root      in {}", path.display()));
            if matches!(source, Source::Made(_)) {
                lines.push(format!("          access key  {}", root.access_key().as_str()));
                lines.push(format!("          secret key  {}", root.secret_key()));
                lines.push("          they are shown this once; only you can read the file".to_owned());
            }
            let take = |name: &str| format!("\"$(sed -n 's/^{name} = //p' '{}')\"", path.display());
            (take("access_key"), take("secret_key"))
        }
    };
    lines.push(String::new());
    lines.push(format!("export AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={}", shell.0, shell.1));
    lines.push(format!("export AWS_DEFAULT_REGION={}", arguments.region));
    lines.push(format!("aws --endpoint-url {endpoint} s3 ls"));
    lines.push(format!(
        "rclone lsd ':s3,provider=Other,env_auth=true,region={},endpoint=\"{endpoint}\":'",
        arguments.region
    ));
    lines.push(String::new());
    lines.push(format!("ready     {endpoint}"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A signal makes the node unready. A core whose store then did not close well ended the process, and with it the
    /// requests that other cores had under way.
    #[test]
    fn a_start_that_is_over_stays_over() {
        let (node, start) = (Node::default(), Start::of(2));
        assert!(!start.serves() && !start.is_over(), "a core that fails now keeps the others waiting");
        assert!(start.serves() && start.is_over());
        node.set_ready(true);
        node.set_ready(false);
        assert!(start.is_over(), "a core that fails now leaves the others to end what they have");
    }
}

//! The real binary as its operator meets it: credentials that it makes, what it says, and the region that it serves.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use stratum_proto_http::auth::{Credentials, Outgoing, PayloadHash, Signer};
use tempfile::TempDir;

const ACCESS_KEY: &str = "STRATUM_ROOT_ACCESS_KEY";
const SECRET_KEY: &str = "STRATUM_ROOT_SECRET_KEY";

/// A server; it ends when dropped.
struct Server {
    child: Child,
    /// What it said on standard output until it was ready.
    said: Vec<String>,
}

impl Server {
    /// One over the store in `home`, with nothing of ours in its environment but `keys`.
    fn start(home: &Path, options: &[&str], keys: &[(&str, &str)]) -> Server {
        let mut command = serve(home);
        let mut child = command.args(options).envs(keys.iter().copied()).spawn().expect("the server starts");
        let mut said = Vec::new();
        for line in BufReader::new(child.stdout.take().expect("it is piped")).lines() {
            said.push(line.expect("it is text"));
            if said.last().is_some_and(|line| line.starts_with("ready")) {
                break;
            }
        }
        Server { child, said }
    }

    /// The rest of the line that begins so.
    fn line(&self, begin: &str) -> &str {
        let found = self.said.iter().find_map(|line| line.trim_start().strip_prefix(begin));
        found.unwrap_or_else(|| panic!("no line begins with {begin}: {:#?}", self.said)).trim()
    }

    fn endpoint(&self) -> &str {
        self.line("ready")
    }

    /// The credentials that it showed.
    fn shown(&self) -> Credentials {
        Credentials::new(self.line("access key"), self.line("secret key")).expect("what it shows is taken")
    }

    /// The answer to a request that these credentials signed for this region, as text.
    fn ask(&self, method: &str, path: &str, credentials: &Credentials, region: &str) -> String {
        let host = self.endpoint().strip_prefix("http://").expect("it serves without TLS").to_owned();
        let outgoing = Outgoing {
            method: method.to_owned(),
            host: host.clone(),
            path: path.as_bytes().to_vec(),
            query: Vec::new(),
            headers: vec![("connection".to_owned(), "close".to_owned())],
            payload: PayloadHash::Unsigned,
        };
        let signed = Signer::s3(credentials.clone(), region).sign(&outgoing, now_s());
        let lines: String = signed.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let mut socket = TcpStream::connect(host).expect("it listens");
        let request = format!("{method} {} HTTP/1.1\r\n{lines}\r\n", signed.target);
        socket.write_all(request.as_bytes()).expect("it takes the request");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("it answers");
        answer
    }

    fn stop(mut self) {
        let kill = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill is there");
        assert!(kill.success() && self.child.wait().expect("it is a child").success(), "the server ends well");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already if all went well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn serve(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stratum"));
    command.arg("serve").arg(home.join("store")).args(["--listen", "127.0.0.1:0", "--cores", "1"]);
    command.env_remove(ACCESS_KEY).env_remove(SECRET_KEY);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn home() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a place for the store")
}

#[expect(clippy::disallowed_methods, reason = "a test of real processes, outside of the seam")]
fn now_s() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("the clock is after 1970").as_secs()
}

/// Text and mode of the file with the credentials; none if it is not there.
#[expect(clippy::disallowed_methods, reason = "a test of real processes, outside of the seam")]
fn file(home: &Path) -> Option<(String, u32)> {
    let path = home.join("store/root-credentials");
    let mode = std::fs::metadata(&path).ok()?.permissions().mode() & 0o777;
    Some((std::fs::read_to_string(path).expect("we are its owner"), mode))
}

#[test]
fn made_credentials_are_shown_once_and_kept() {
    let home = home();
    let first = Server::start(home.path(), &[], &[]);
    let made = first.shown();
    assert!(first.ask("GET", "/", &made, "us-east-1").starts_with("HTTP/1.1 200 "), "they are let in");
    let (text, mode) = file(home.path()).expect("they are kept");
    assert_eq!(mode, 0o600);
    assert!(text.contains(&format!("secret_key = {}", made.secret_key())), "what is kept is what was shown");
    first.stop();

    let second = Server::start(home.path(), &[], &[]);
    assert!(second.ask("GET", "/", &made, "us-east-1").starts_with("HTTP/1.1 200 "), "they are still let in");
    let said = second.said.join("\n");
    assert!(!said.contains(made.secret_key()) && !said.contains("secret key"), "shown once: {said}");
    assert_eq!(file(home.path()), Some((text, 0o600)), "and not written again");
    second.stop();
}

#[test]
fn credentials_of_the_environment_win_and_are_never_written() {
    let home = home();
    let keys = [(ACCESS_KEY, "operator"), (SECRET_KEY, "chosen-by-the-operator")];
    let chosen = Credentials::new(keys[0].1, keys[1].1).expect("they are taken");
    let alone = Server::start(home.path(), &[], &keys);
    assert!(alone.ask("GET", "/", &chosen, "us-east-1").starts_with("HTTP/1.1 200 "));
    assert!(!alone.said.join("\n").contains(keys[1].1), "a secret that is known is not shown");
    alone.stop();
    assert_eq!(file(home.path()), None, "nothing is written");

    let making = Server::start(home.path(), &[], &[]);
    let made = making.shown();
    making.stop();
    let kept = file(home.path());
    let both = Server::start(home.path(), &[], &keys);
    assert!(both.ask("GET", "/", &chosen, "us-east-1").starts_with("HTTP/1.1 200 "));
    let refused = both.ask("GET", "/", &made, "us-east-1");
    assert!(refused.contains("<Code>InvalidAccessKeyId</Code>"), "the file does not count meanwhile: {refused}");
    both.stop();
    assert_eq!(file(home.path()), kept, "the file is as it was");
}

/// Half of the credentials, or such as are no text, were once taken for none: the server made keys of its own.
#[test]
fn an_environment_that_cannot_be_meant_starts_nothing() {
    let no_text = std::ffi::OsStr::from_bytes(b"\xff\xfe not text");
    for (name, value) in
        [(ACCESS_KEY, "operator".as_ref()), (SECRET_KEY, "alone-and-long".as_ref()), (SECRET_KEY, no_text)]
    {
        let home = home();
        let mut command = serve(home.path());
        let ended = command.env(name, value).stderr(Stdio::piped()).output().expect("the server starts");
        let problem = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!((ended.status.code(), ended.stdout.len()), (Some(1), 0), "{problem}");
        assert!(problem.contains(name), "{problem}");
        assert_eq!(file(home.path()), None);
    }
}

#[test]
fn the_lines_to_paste_name_the_endpoint_and_the_region() {
    let home = home();
    let server = Server::start(home.path(), &["--region", "eu-central-1"], &[]);
    let endpoint = server.endpoint();
    assert!(endpoint.starts_with("http://127.0.0.1:") && !endpoint.ends_with(":0"), "{endpoint}");
    assert_eq!(server.line("aws "), format!("--endpoint-url {endpoint} s3 ls"));
    assert_eq!(server.line("export AWS_DEFAULT_REGION="), "eu-central-1");
    let rclone = server.line("rclone ");
    assert!(rclone.contains("region=eu-central-1") && rclone.contains(&format!("endpoint=\"{endpoint}\"")), "{rclone}");
    // The line with the keys is one for a shell: it takes them out of the file.
    let export =
        format!("export {}; echo \"$AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY\"", server.line("export AWS_ACC"));
    let export = export.replacen("export ", "export AWS_ACC", 1);
    let ran = Command::new("sh").arg("-c").arg(export).output().expect("there is a shell");
    let (made, echoed) = (server.shown(), String::from_utf8_lossy(&ran.stdout).into_owned());
    assert_eq!(echoed.trim(), format!("{} {}", made.access_key().as_str(), made.secret_key()));
    server.stop();
}

#[test]
fn a_region_of_ones_own_is_served_and_named_to_those_who_sign_for_another() {
    let home = home();
    let server = Server::start(home.path(), &["--region", "eu-central-1"], &[]);
    let made = server.shown();
    assert!(server.ask("PUT", "/photos", &made, "eu-central-1").starts_with("HTTP/1.1 200 "));
    let refused = server.ask("GET", "/photos", &made, "us-east-1");
    assert!(refused.starts_with("HTTP/1.1 400 "), "{refused}");
    assert!(refused.contains("<Code>AuthorizationHeaderMalformed</Code>"), "{refused}");
    assert!(refused.contains("<Region>eu-central-1</Region>"), "{refused}");
    server.stop();

    let tolerant = Server::start(home.path(), &["--region", "eu-central-1", "--any-region"], &[]);
    for region in ["eu-central-1", "us-east-1", "auto"] {
        assert!(tolerant.ask("GET", "/photos", &made, region).starts_with("HTTP/1.1 200 "), "{region}");
    }
    tolerant.stop();
}

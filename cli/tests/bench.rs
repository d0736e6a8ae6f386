//! The real binary as a server, and beside it as the load upon it: what the report says, and what it leaves behind.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

const KEYS: [(&str, &str); 2] =
    [("STRATUM_ROOT_ACCESS_KEY", "bench-test"), ("STRATUM_ROOT_SECRET_KEY", "no-secret-at-all")];

/// A server with a store of its own; it ends when dropped.
struct Server {
    child: Child,
    endpoint: String,
    home: TempDir,
}

impl Server {
    /// One whose journal lies in a file.
    fn start() -> Server {
        let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a place for the store");
        #[expect(clippy::disallowed_methods, reason = "a test of real processes, outside of the seam")]
        let journal = std::fs::File::create(home.path().join("journal")).expect("a file may be made");
        Server::start_in(home, journal.into())
    }

    fn start_in(home: TempDir, journal: Stdio) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_stratum"))
            .args(["serve".as_ref(), home.path().join("store").as_os_str()])
            .args(["--listen", "127.0.0.1:0", "--cores", "1"])
            .envs(KEYS)
            .stdout(Stdio::piped())
            .stderr(journal)
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let ready = lines.find_map(|line| line.expect("it is text").strip_prefix("ready").map(str::to_owned));
        let endpoint = ready.expect("it says that it is ready").trim().to_owned();
        Server { child, endpoint, home }
    }

    /// All that it answered.
    fn journal(mut self) -> String {
        self.stop();
        text(&self.home.path().join("journal"))
    }

    fn stop(&mut self) {
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

#[expect(clippy::disallowed_methods, reason = "a test of real processes, outside of the seam")]
fn text(path: &Path) -> String {
    std::fs::read_to_string(path).expect("it is there")
}

fn bench(endpoint: &str, keys: [(&str, &str); 2], words: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stratum"));
    command.args(["bench", endpoint]).args(words.split_whitespace()).envs(keys);
    command.output().expect("the generator starts")
}

fn said(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it is text")
}

/// The text of a field of the first object that has it.
fn field<'a>(json: &'a str, name: &str) -> &'a str {
    let (_, rest) = json.split_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{name} is not in {json}"));
    rest.split([',', '}']).next().unwrap_or_default()
}

fn number(json: &str, name: &str) -> f64 {
    field(json, name).parse().unwrap_or_else(|_| panic!("{name} of {json} is no number"))
}

/// The objects of the list of results.
fn results(json: &str) -> Vec<&str> {
    json.split("{\"operation\":").skip(1).collect()
}

#[test]
fn every_operation_is_measured_and_nothing_is_left() {
    let server = Server::start();
    let pid = server.child.id();
    let words = format!(
        "--op put,get,head,list --op delete --op multipart,mixed --size 64KiB --connections 4 --duration 1s \
         --warm-up 100ms --objects 1200 --json --server-pid {pid}"
    );
    let output = bench(&server.endpoint, KEYS, &words);
    let json = said(&output.stdout);
    assert!(output.status.success(), "{json} {}", said(&output.stderr));
    assert_eq!((json.lines().count(), field(json, "failure").trim()), (1, "null"), "{json}");
    assert_eq!((field(json, "connections"), field(json, "size_bytes")), ("4", "65536"));
    let results = results(json);
    let names: Vec<&str> = results.iter().map(|result| result.split(',').next().unwrap_or_default()).collect();
    let expected = ["put", "get", "head", "list", "delete", "multipart", "mixed"].map(|name| format!("\"{name}\""));
    assert!(names.starts_with(&expected.each_ref().map(String::as_str)), "{names:?}");
    assert!(names[expected.len()..].iter().all(|name| name.starts_with("\"mixed.")), "{names:?}");
    for (name, result) in names.iter().zip(&results) {
        assert!(number(result, "operations") > 0.0, "{result}");
        assert_eq!(field(result, "errors"), "0", "{result}");
        let times = ["p50", "p90", "p99", "p99_9", "max"].map(|quantile| number(result, quantile));
        assert!(times.is_sorted() && times[0] > 0.0, "{times:?} of {name}");
        let rate = number(result, "operations") / number(result, "seconds");
        assert!((number(result, "operations_per_second") / rate - 1.0).abs() < 0.01, "{result}");
        let moves = ["put", "get", "multipart"].iter().any(|kind| name.trim_matches('"').ends_with(kind));
        let bytes = if moves { 65536.0 * number(result, "operations") } else { 0.0 };
        assert!(*name == "\"mixed\"" || number(result, "bytes") == bytes, "{result}");
        assert!(name.starts_with("\"mixed.") || number(result, "server_cpu_us_per_operation") >= 0.0, "{result}");
    }
    // The bucket is removed last, and only an empty one can be.
    let journal = server.journal();
    assert!(journal.contains("DELETE /stratum-bench 204"), "the bucket is gone");
    assert!(journal.contains("PUT /stratum-bench/stratum-bench-"), "objects were there");
}

#[test]
fn a_table_has_a_row_for_each_operation() {
    let server = Server::start();
    let output = bench(&server.endpoint, KEYS, "--op put,list --duration 500ms --warm-up 0s --unsigned-payload --keep");
    assert!(output.status.success(), "{}", said(&output.stderr));
    let first: Vec<&str> = said(&output.stdout).lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(first, ["operation", "put", "list"]);
    assert!(!server.journal().contains("DELETE"), "what was made is kept");
}

#[test]
fn a_server_that_refuses_is_a_failure_with_its_reason() {
    let server = Server::start();
    let output = bench(&server.endpoint, [KEYS[0], (KEYS[1].0, "another-secret")], "--op put --duration 1s --json");
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output.stderr).contains("SignatureDoesNotMatch"), "{}", said(&output.stderr));
    assert!(said(&output.stdout).contains("SignatureDoesNotMatch"), "{}", said(&output.stdout));
    let nobody = bench("http://127.0.0.1:1", KEYS, "--op put --duration 1s");
    assert_eq!((nobody.status.code(), nobody.stdout.len()), (Some(1), 0));
    assert!(said(&nobody.stderr).contains("cannot be reached"), "{}", said(&nobody.stderr));
}

/// Every error is counted: a server that goes away while it is measured leaves a report that says so.
#[test]
fn errors_are_counted_and_the_report_is_given_all_the_same() {
    let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a place for the store");
    let mut server = Server::start_in(home, Stdio::piped());
    let mut child = Command::new(env!("CARGO_BIN_EXE_stratum"))
        .args(["bench", &server.endpoint, "--op", "put", "--duration", "3s", "--warm-up", "0s", "--json"])
        .envs(KEYS)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the generator starts");
    let mut journal = BufReader::new(server.child.stderr.take().expect("it is piped")).lines();
    let is_put =
        |line: std::io::Result<String>| line.is_ok_and(|line| line.contains("PUT /stratum-bench/stratum-bench-"));
    assert!(journal.any(is_put), "objects are written");
    server.child.kill().expect("it runs");
    let mut json = String::new();
    let mut out = child.stdout.take().expect("it is piped");
    out.read_to_string(&mut json).expect("it is text");
    assert_eq!(child.wait().expect("it is a child").code(), Some(1));
    let [put] = results(&json)[..] else { panic!("{json}") };
    assert!(number(put, "operations") > 0.0 && number(put, "errors") > 0.0, "{put}");
    assert!(number(put, "Unreachable") > 0.0, "{put}");
    assert_ne!(field(&json, "failure").trim(), "null", "{json}");
}

//! aws-cli 1: its `s3` commands on small and large files and on a tree of 2,000 files with odd names, and its presigned
//! URLs.

use stratum_clients::script::Script;
use stratum_clients::server::Server;
use stratum_clients::{body, clients, tree};

const MIB: usize = 1024 * 1024;

fn script(name: &str, server: &Server) -> Script {
    let script = Script::new(&clients::program("bash"), &clients::scripts().join("shell").join(name), server);
    script.with("AWS", clients::aws()).with("PYTHON", clients::python()).with("ROOM", server.room("files"))
}

#[test]
fn aws_cli_moves_small_and_large_files() {
    let server = Server::over_http();
    let room = server.room("files");
    for (name, bytes) in [("small", 1024), ("middle", 20 * MIB), ("large", 300 * MIB)] {
        body::file(&room.join(name), bytes / 8, bytes as u64);
    }
    script("aws_cli_files.sh", &server).run();
    server.stop();
}

#[test]
fn aws_cli_synchronizes_two_thousand_files_with_odd_names() {
    let server = Server::over_http();
    tree::grow(&server.room("files").join("tree"), 2000);
    script("aws_cli_sync.sh", &server).run();
    server.stop();
}

#[test]
fn aws_cli_signs_urls_that_work() {
    let server = Server::over_http();
    script("aws_cli_presign.sh", &server).run();
    server.stop();
}

//! The JavaScript SDK, version 3, with its transfer manager and its presigner.

use stratum_clients::clients;
use stratum_clients::script::Script;
use stratum_clients::server::Server;

fn run(server: Server) {
    let exercises = clients::scripts().join("javascript/sdk_exercises.cjs");
    let script = Script::new(&clients::program("node"), &exercises, &server);
    script.with("NODE_PATH", clients::node_modules()).with("NODE_NO_WARNINGS", "1").run();
    server.stop();
}

#[test]
fn the_javascript_sdk_finds_s3_over_http() {
    run(Server::over_http());
}

#[test]
fn the_javascript_sdk_finds_s3_over_tls() {
    run(Server::over_tls());
}

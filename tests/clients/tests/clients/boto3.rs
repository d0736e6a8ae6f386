//! boto3, with its defaults: over HTTP, over TLS, and with the CRT, which brings further checksums and another way to
//! move large files.

use stratum_clients::clients;
use stratum_clients::script::Script;
use stratum_clients::server::Server;

fn script(server: &Server) -> Script {
    let exercises = clients::scripts().join("python/boto3_exercises.py");
    // Nothing is written beside the sources.
    Script::new(&clients::python(), &exercises, server).with("PYTHONDONTWRITEBYTECODE", "1")
}

#[test]
fn boto3_finds_s3_over_http() {
    let server = Server::over_http();
    script(&server).run();
    server.stop();
}

#[test]
fn boto3_finds_s3_over_tls() {
    let server = Server::over_tls();
    script(&server).run();
    server.stop();
}

#[test]
fn boto3_with_the_crt_finds_s3_over_http() {
    let server = Server::over_http();
    script(&server).with("PYTHONPATH", clients::python_crt()).run();
    server.stop();
}

#[test]
fn boto3_with_the_crt_finds_s3_over_tls() {
    let server = Server::over_tls();
    script(&server).with("PYTHONPATH", clients::python_crt()).run();
    server.stop();
}

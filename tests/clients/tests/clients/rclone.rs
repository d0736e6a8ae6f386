//! rclone, as the system packages it: copy, check, sync and purge of a tree with odd names, and large files in parts.

use stratum_clients::script::Script;
use stratum_clients::server::Server;
use stratum_clients::{body, clients, tree};

#[test]
fn rclone_copies_checks_synchronizes_and_purges() {
    let server = Server::over_http();
    let room = server.room("files");
    tree::grow(&room.join("tree"), 500);
    body::file(&room.join("large"), 20 * 1024 * 1024 / 8, 1);
    let script = Script::new(&clients::program("bash"), &clients::scripts().join("shell/rclone.sh"), &server);
    script.with("RCLONE", clients::program("rclone")).with("ROOM", room).run();
    server.stop();
}

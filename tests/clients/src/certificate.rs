//! A certificate that nobody vouches for, made anew for each server: clients are told to trust it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The domain before which a bucket's name may stand. No resolver knows it.
pub const DOMAIN: &str = "s3.stratum.test";

/// A certificate and its key, both as PEM files.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate, which is also its own authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Certificate {
    /// Makes one in `folder` for this machine and for buckets below [`DOMAIN`].
    ///
    /// # Panics
    /// If `openssl` is not there or does not make it.
    #[must_use]
    pub fn make(folder: &Path) -> Certificate {
        let made = Certificate { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
        let names = format!("subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:{DOMAIN},DNS:*.{DOMAIN}");
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
        command.args(["-days", "2", "-subj", "/CN=stratum tests", "-addext", &names]);
        command.arg("-keyout").arg(&made.key).arg("-out").arg(&made.certificate);
        let output = command.output().expect("openssl is there: ./tools/check clients installs it");
        assert!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
        made
    }
}

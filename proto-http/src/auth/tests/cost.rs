//! x
use super::stage::*;
use crate::auth::*;
use crate::http1::Head;
use std::time::Instant;
fn measure(name: &str, mut f: impl FnMut()) {
    for _ in 0..20_000 {
        f()
    }
    let mut best = u128::MAX;
    for _ in 0..20 {
        let t = Instant::now();
        for _ in 0..20_000 {
            f()
        }
        best = best.min(t.elapsed().as_nanos() * 100 / 20_000);
    }
    println!("{name}: {}.{:02} ns", best / 100, best % 100);
}
#[test]
fn cost() {
    let signer = Signer::s3(credentials(), "us-east-1");
    let o = Outgoing {
        method: "PUT".into(),
        host: "s3.example.org:9000".into(),
        path: b"/bucket-name/some/prefix/object-000123456".to_vec(),
        query: vec![],
        headers: vec![
            ("content-type".into(), "application/octet-stream".into()),
            ("user-agent-x".into(), "aws-sdk-something/1.2.3".into()),
        ],
        payload: PayloadHash::Literal([7; 32]),
    };
    let build = |s: Signed, m: &str| {
        let l: String = s.headers.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
        format!(
            "{m} {} HTTP/1.1\r\n{l}Accept-Encoding: identity\r\nExpect: 100-continue\r\nContent-Length: 4096\r\nUser-Agent: Boto3/1.44.5 ua/2.1 os/linux lang/python\r\namz-sdk-invocation-id: 7a1b5f0e-0d49-4a52-8c2b-8f6f4e6f0a11\r\namz-sdk-request: attempt=1\r\n\r\n",
            s.target
        )
    };
    let put = build(signer.sign(&o, NOW), "PUT");
    let pre = build(
        signer.presign(&Outgoing { payload: PayloadHash::Unsigned, method: "GET".into(), ..o.clone() }, NOW, 600),
        "GET",
    );
    println!("{} bytes {} bytes", put.len(), pre.len());
    let mut v = verifier(credentials());
    measure("parse head put", || {
        std::hint::black_box(Head::parse(put.as_bytes()).unwrap());
    });
    let h = head(&put);
    measure("verify put", || {
        assert!(v.verify(std::hint::black_box(&h), NOW).is_ok());
    });
    measure("presented", || {
        std::hint::black_box(Presented::of(std::hint::black_box(&h)).unwrap());
    });
    let hp = head(&pre);
    measure("verify presigned", || {
        assert!(v.verify(std::hint::black_box(&hp), NOW).is_ok());
    });
    let hl = head(super::boto3::LIST);
    measure("verify list", || {
        assert!(v.verify(std::hint::black_box(&hl), NOW).is_ok());
    });
    measure("verify put, key not remembered", || {
        let mut v = verifier(credentials());
        assert!(v.verify(std::hint::black_box(&h), NOW).is_ok());
    });
    measure("collect headers", || {
        std::hint::black_box(h.headers().collect::<Vec<_>>());
    });
    let claim = match Presented::of(&h).unwrap() {
        Presented::Header(c) => c,
        _ => panic!(),
    };
    let r = crate::auth::canonical::CanonicalRequest::new(
        &h,
        &claim.signed_headers,
        b"0707070707070707070707070707070707070707070707070707070707070707",
    )
    .unwrap();
    let reading = crate::auth::canonical::Reading { plus: Plus::Space, token: true };
    measure("digest", || {
        std::hint::black_box(r.digest(reading));
    });
    measure("text", || {
        std::hint::black_box(r.text(reading));
    });
    println!("text {} bytes", r.text(reading).len());
    let key = crate::auth::signing_key::SigningKey::derive("x", &claim.credential);
    let stamp = crate::auth::encoding::Stamp::at(NOW);
    measure("sign", || {
        std::hint::black_box(key.sign_request(&stamp, &claim.credential, &[1; 32]));
    });
    measure("unsigned", || {
        std::hint::black_box(r.unsigned_headers(true));
    });
    let t = r.text(reading);
    use sha2::Digest;
    measure("sha of text", || {
        std::hint::black_box(sha2::Sha256::digest(std::hint::black_box(&t)));
    });
}

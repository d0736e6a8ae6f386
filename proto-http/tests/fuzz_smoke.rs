//! A short run of what the fuzzer runs, on every compiler: seeds that are right, and what becomes of them when bytes
//! are changed, doubled, cut out, or put together. The same bytes in every run.
//!
//! What must hold: see the entry points. What the fuzzer finds becomes a seed here.

use stratum_proto_http::{auth, http1, xml};

/// Inputs of each entry point.
const ROUNDS: u32 = 20_000;

const HEADS: [&str; 6] = [
    "\0\x02\x08\x40GET /bucket/k%20ey?list-type=2&prefix=a+b HTTP/1.1\r\nHost: h:9000\r\nRange: bytes=0-1\r\n\r\n",
    "\x01\x01\x01\x01PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
    "\x10\x10\x10\x10PUT /b/k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
    "\x03\x03\x03\x03GET http://h/b HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.0\r\n\r\n",
    "\x03\x03\x03\x03\r\n\r\nOPTIONS * HTTP/1.1\r\nhost: h\r\nX:\r\n\r\n",
    "\x07\x01\x07\x01DELETE /b/k HTTP/1.1\nHost: h\r\n folded\r\n\r\n",
];

const CHUNKED: [&str; 4] = [
    "\0\x01\x02\x035\r\nhello\r\n0\r\n\r\n",
    "\x04\x04\x04\x04a;name=\"value\"\r\n0123456789\r\n0\r\nTrailer: value\r\n\r\nnext",
    "\x08\x08\x08\x08ffffffffffffffff\r\nx",
    "\x08\x08\x08\x085\nhello\n0\n\n",
];

const AWS_CHUNKED: [&str; 4] = [
    "\0\x01\x02\x035\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
    "\x04\x04\x04\x045;chunk-signature=b0c3aaaa2b1b1e1d1c1f2e2d2c2b2a293837363534333231b0c3aaaa2b1b1e1d\r\nhello\r\n\
     0;chunk-signature=b0c3aaaa2b1b1e1d1c1f2e2d2c2b2a293837363534333231b0c3aaaa2b1b1e1d\r\n\r\n",
    "\x09\x09\x09\x090\r\nx-amz-checksum-crc32:AAAAAA==\nx-amz-trailer-signature:00\r\n\r\n",
    "\x01\x01\x01\x011\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
];

/// The first is the documentation's own example, whose signature is right.
const SIGNATURES: [&str; 4] = [
    "GET /test.txt HTTP/1.1\r\nHost: examplebucket.s3.amazonaws.com\r\nRange: bytes=0-9\r\n\
     x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n\
     x-amz-date: 20130524T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 \
     Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
     SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
     Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41\r\n\r\n",
    "GET /test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2F\
     s3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=\
     aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404 HTTP/1.1\r\n\
     Host: examplebucket.s3.amazonaws.com\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: AWS AKIAIOSFODNN7EXAMPLE:c2lnbmF0dXJl\r\nDate: x\r\n\r\n",
    "PUT /b/k HTTP/1.1\r\nHost: h\r\nx-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\n\r\n",
];

const DOCUMENTS: [&str; 6] = [
    "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><ETag>\"5d41402abc4b2a76b971\
     9d911017c592\"</ETag><PartNumber>1</PartNumber><ChecksumCRC32>NhCmhg==</ChecksumCRC32></Part>\
     </CompleteMultipartUpload>",
    "<Delete><Quiet>true</Quiet><Object><Key>a&#xA;b&amp;&lt;c</Key><VersionId>null</VersionId></Object><Object><Key>b\
     </Key><ETag>x</ETag><Size>5</Size></Object></Delete>",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><CreateBucketConfiguration><LocationConstraint>\
     us-east-1</LocationConstraint></CreateBucketConfiguration>",
    "<!DOCTYPE d [<!ENTITY x \"y\">]><Delete><Object><Key>&x;</Key></Object></Delete>",
    "<s3:Delete xmlns:s3=\"x\"><s3:Object><s3:Key><![CDATA[a<b]]></s3:Key></s3:Object><!-- c --></s3:Delete>",
    "<Error><Code>NoSuchKey</Code><Message>m</Message></Error>",
];

/// Pieces that mean something somewhere.
const PIECES: [&str; 16] = [
    "\r\n",
    "\n",
    "\r\n\r\n",
    "0\r\n",
    ";",
    ":",
    "=",
    "&",
    "%2",
    "%00",
    "<",
    "/>",
    "&#0;",
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Authorization: ",
];

/// Numbers in an order that nobody expects and everybody gets.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap_or(0) % end.max(1)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap_or(0)
    }

    /// A seed with a few changes.
    fn mutant(&mut self, seeds: &[&str]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].as_bytes().to_vec();
        for _ in 0..self.below(6) {
            let (from, to) = (self.below(bytes.len() + 1), self.below(bytes.len() + 1));
            let (from, to) = (from.min(to), from.max(to));
            match self.below(7) {
                0 if from < bytes.len() => bytes[from] = self.byte(),
                1 if from < bytes.len() => bytes[from] ^= 1 << self.below(8),
                2 => drop(bytes.drain(from..to)),
                3 if bytes.len() < 8_000 => {
                    let doubled = bytes[from..to].to_vec();
                    bytes.splice(to..to, doubled);
                }
                4 => {
                    let piece = PIECES[self.below(PIECES.len())].as_bytes();
                    bytes.splice(from..from, piece.iter().copied());
                }
                5 => {
                    let other = seeds[self.below(seeds.len())].as_bytes();
                    bytes.splice(to.., other[self.below(other.len())..].iter().copied());
                }
                _ => bytes.truncate(to),
            }
        }
        bytes
    }

    fn noise(&mut self) -> Vec<u8> {
        (0..self.below(100)).map(|_| self.byte()).collect()
    }
}

/// Runs an entry point on its seeds, on their mutants, and on noise.
fn run(entry: fn(&[u8]), seeds: &[&str]) {
    seeds.iter().for_each(|seed| entry(seed.as_bytes()));
    let mut chance = Chance(0x5354_5241_5455_4d21);
    for _ in 0..ROUNDS {
        entry(&chance.mutant(seeds));
        entry(&chance.noise());
    }
}

#[test]
fn heads_are_heads_or_errors() {
    run(http1::fuzz::head, &HEADS);
}

#[test]
fn chunked_bodies_are_bodies_or_errors() {
    run(http1::fuzz::chunked, &CHUNKED);
}

#[test]
fn aws_chunked_bodies_are_bodies_or_errors() {
    run(http1::fuzz::aws_chunked, &AWS_CHUNKED);
}

#[test]
fn nobody_is_let_in_by_chance() {
    run(auth::fuzz::signature, &SIGNATURES);
    run(auth::fuzz::chunks, &AWS_CHUNKED);
}

#[test]
fn documents_are_documents_or_errors() {
    run(xml::fuzz::documents, &DOCUMENTS);
}

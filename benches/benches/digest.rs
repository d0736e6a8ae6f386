//! What the checksums and hashes cost: MD5 in lanes against one by one, and crc32c at the sizes the engine uses.
//!
//! Group `md5` is throughput over all messages, so that lanes and one by one compare directly.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use stratum_engine::digest::{Md5, crc32c, crc32c_unit, md5_many};
use stratum_engine::types::Nonce;

fn md5(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("md5");
    let body = vec![7_u8; 4096];
    for count in [1, 2, 4, 8, 16, 64] {
        let messages = vec![&body[..]; count];
        group.throughput(Throughput::Bytes((count * body.len()) as u64));
        group.bench_with_input(BenchmarkId::new("many", count), &messages, |bencher, messages| {
            bencher.iter(|| md5_many(black_box(messages)));
        });
    }
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("one", |bencher| {
        bencher.iter(|| {
            let mut md5 = Md5::new();
            md5.update(black_box(&body));
            md5.finish()
        });
    });
    group.finish();
}

fn crc(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("crc32c");
    for length in [64, 4096, 65536] {
        let bytes = vec![7_u8; length];
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_with_input(BenchmarkId::new("whole", length), &bytes, |bencher, bytes| {
            bencher.iter(|| crc32c(black_box(bytes)));
        });
        group.bench_with_input(BenchmarkId::new("unit", length), &bytes, |bencher, bytes| {
            bencher.iter(|| crc32c_unit(Nonce([3; 16]), 7, black_box(bytes)));
        });
    }
    group.finish();
}

criterion_group!(benches, md5, crc);
criterion_main!(benches);

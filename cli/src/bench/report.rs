//! What is said at the end: a table for people, or one JSON object for programs.
//!
//! What must hold: the names in the JSON stay as they are; new ones may come. Errors are in both, with their codes.

use super::json::Json;
use super::kind::Kind;
use super::plan::Plan;
use super::tally::{Row, Tally};

/// What came of one operation.
#[derive(Debug)]
pub(super) struct Measured {
    /// Which.
    pub(super) kind: Kind,
    /// How long was measured.
    pub(super) seconds: f64,
    /// What was counted.
    pub(super) tally: Tally,
    /// How long processes were watched, and how many operations they had to do with in that time.
    pub(super) watched_seconds: f64,
    /// See `watched_seconds`.
    pub(super) watched_ops: u64,
    /// CPU time that the generator took meanwhile.
    pub(super) generator_cpu_us: Option<u64>,
    /// CPU time that the server's process took.
    pub(super) server_cpu_us: Option<u64>,
    /// Anonymous memory of the server's process at the end.
    pub(super) server_anon_bytes: Option<u64>,
}

/// Beyond this share of its cores the generator may be what is measured.
const BUSY: f64 = 0.9;

impl Measured {
    /// Its rows: name and counts. A load of several operations has one for all of them, too.
    pub(super) fn rows(&self) -> Vec<(String, Row)> {
        let name = self.kind.name();
        let mut all = Row::new();
        self.tally.rows.values().for_each(|row| all.merge(row));
        let mut rows = vec![(name.to_owned(), all)];
        if self.kind == Kind::Mixed {
            rows.extend(self.tally.rows.iter().map(|(kind, row)| (format!("{name}.{}", kind.name()), row.clone())));
        }
        rows
    }

    fn per_op(&self, cpu_us: Option<u64>) -> Option<f64> {
        cpu_us.filter(|_| self.watched_ops > 0).map(|us| float(us) / float(self.watched_ops))
    }

    /// Which share of so many cores the generator was busy.
    fn busy(&self, cores: u16) -> Option<f64> {
        self.generator_cpu_us.map(|us| float(us) / 1e6 / (self.watched_seconds * f64::from(cores)))
    }
}

/// The table.
pub(super) fn table(plan: &Plan, measured: &[Measured]) -> String {
    let mut lines = vec![format!(
        "{:<14} {:>10} {:>10} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7}",
        "operation", "ops", "ops/s", "MB/s", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "max ms", "errors"
    )];
    let mut notes = Vec::new();
    for one in measured {
        for (name, row) in one.rows() {
            let (times, seconds) = (&row.times, one.seconds);
            let at = |of_ten_thousand| ms(times.quantile(of_ten_thousand));
            lines.push(format!(
                "{name:<14} {:>10} {:>10.1} {:>9.1} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7}",
                times.total(),
                rate(times.total(), seconds),
                rate(row.bytes, seconds) / 1e6,
                at(5000),
                at(9000),
                at(9900),
                at(9990),
                ms(times.max()),
                row.failed(),
            ));
        }
        notes.extend(notes_of(plan, one));
    }
    lines.extend(notes);
    lines.join("\n")
}

/// What is to be said beside the rows.
fn notes_of(plan: &Plan, one: &Measured) -> Vec<String> {
    let (name, cores) = (one.kind.name(), plan.arguments.cores);
    let mut notes = Vec::new();
    for (name, row) in one.rows().into_iter().take(1) {
        for (code, (count, example)) in &row.errors {
            notes.push(format!("{name}: {count} x {code} ({example})"));
        }
    }
    if let Some(us) = one.per_op(one.server_cpu_us) {
        let memory = one.server_anon_bytes.map(|bytes| format!("; {:.1} MB of anonymous memory", float(bytes) / 1e6));
        notes.push(format!("{name}: {us:.1} us of the server's CPU per operation{}", memory.unwrap_or_default()));
    }
    if let Some(busy) = one.busy(cores).filter(|busy| *busy >= BUSY) {
        let percent = busy * 100.0;
        notes.push(format!(
            "{name}: the generator's cores were {percent:.0} % busy: it may be what was measured (--cores)"
        ));
    }
    notes
}

/// The JSON object. `failure` says why the run ended early, if it did.
pub(super) fn json(plan: &Plan, measured: &[Measured], failure: Option<&str>) -> Json {
    let arguments = &plan.arguments;
    let results = measured.iter().flat_map(|one| {
        let rows = one.rows().into_iter().enumerate();
        rows.map(|(index, (name, row))| result(one, &name, &row, arguments.cores, index == 0)).collect::<Vec<_>>()
    });
    Json::object(vec![
        ("version", Json::Text(env!("CARGO_PKG_VERSION").to_owned())),
        ("server", Json::Text(arguments.server.to_string())),
        ("bucket", Json::Text(arguments.bucket.clone())),
        ("connections", Json::Whole(arguments.connections.into())),
        ("cores", Json::Whole(arguments.cores.into())),
        ("size_bytes", Json::Whole(arguments.size)),
        ("part_size_bytes", Json::Whole(arguments.part_size)),
        ("signed_payload", Json::Flag(arguments.signed)),
        ("duration_seconds", Json::Decimal(arguments.duration.as_secs_f64())),
        ("warm_up_seconds", Json::Decimal(arguments.warm_up.as_secs_f64())),
        ("results", Json::List(results.collect())),
        ("failure", failure.map_or(Json::Null, |why| Json::Text(why.to_owned()))),
    ])
}

fn result(one: &Measured, name: &str, row: &Row, cores: u16, of_all: bool) -> Json {
    let us = |ns: u64| Json::Decimal(float(ns) / 1e3);
    let at = |of_ten_thousand| us(row.times.quantile(of_ten_thousand));
    let latency = vec![
        ("mean", us(row.times.mean())),
        ("p50", at(5000)),
        ("p90", at(9000)),
        ("p99", at(9900)),
        ("p99_9", at(9990)),
        ("max", us(row.times.max())),
    ];
    let by_code = row.errors.iter().map(|(code, (count, _))| (code.clone(), Json::Whole(*count))).collect();
    let whole = |number: Option<f64>| Json::maybe(number.filter(|_| of_all));
    Json::object(vec![
        ("operation", Json::Text(name.to_owned())),
        ("seconds", Json::Decimal(one.seconds)),
        ("operations", Json::Whole(row.times.total())),
        ("operations_per_second", Json::Decimal(rate(row.times.total(), one.seconds))),
        ("bytes", Json::Whole(row.bytes)),
        ("bytes_per_second", Json::Decimal(rate(row.bytes, one.seconds))),
        ("latency_us", Json::object(latency)),
        ("errors", Json::Whole(row.failed())),
        ("errors_by_code", Json::Object(by_code)),
        ("server_cpu_us_per_operation", whole(one.per_op(one.server_cpu_us))),
        ("server_anon_bytes", one.server_anon_bytes.filter(|_| of_all).map_or(Json::Null, Json::Whole)),
        ("generator_cpu_us_per_operation", whole(one.per_op(one.generator_cpu_us))),
        ("generator_busy", whole(one.busy(cores))),
    ])
}

/// A time with three digits that mean something.
fn ms(nanos: u64) -> String {
    let ms = float(nanos) / 1e6;
    match ms {
        ms if ms < 1.0 => format!("{ms:.3}"),
        ms if ms < 10.0 => format!("{ms:.2}"),
        ms if ms < 100.0 => format!("{ms:.1}"),
        ms => format!("{ms:.0}"),
    }
}

fn rate(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { float(count) / seconds } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts and times of a run are far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::super::trouble::Trouble;
    use super::*;

    fn measured() -> Measured {
        let mut tally = Tally::default();
        (1..=1000).for_each(|number| tally.note(Kind::Get, (0, number * 1_000_000), 4096));
        tally.note(Kind::Delete, (0, 2_000), 0);
        tally.fail(Kind::Delete, &Trouble::refused(503, b"<Error><Code>SlowDown</Code></Error>"));
        Measured {
            kind: Kind::Mixed,
            seconds: 2.0,
            tally,
            watched_seconds: 2.0,
            watched_ops: 1001,
            generator_cpu_us: Some(1_900_000),
            server_cpu_us: Some(20_020),
            server_anon_bytes: Some(5_000_000),
        }
    }

    #[test]
    fn a_mixed_load_has_a_row_for_all_and_one_for_each() {
        let rows = measured().rows();
        let seen: Vec<_> = rows.iter().map(|(name, row)| (name.as_str(), row.times.total(), row.failed())).collect();
        assert_eq!(seen, [("mixed", 1001, 1), ("mixed.get", 1000, 0), ("mixed.delete", 1, 1)]);
    }

    #[test]
    fn the_json_of_a_row_has_its_names() {
        let one = measured();
        let (name, row) = one.rows().remove(0);
        let text = result(&one, &name, &row, 1, true).to_string();
        for part in [
            "\"operation\":\"mixed\",\"seconds\":2.000,\"operations\":1001,\"operations_per_second\":500.500",
            "\"bytes\":4096000,\"bytes_per_second\":2048000.000",
            "\"max\":1000000.000}",
            "\"errors\":1,\"errors_by_code\":{\"SlowDown\":1}",
            "\"server_cpu_us_per_operation\":20.000,\"server_anon_bytes\":5000000",
            "\"generator_busy\":0.950}",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let (name, row) = one.rows().remove(1);
        assert!(result(&one, &name, &row, 1, false).to_string().contains("\"server_cpu_us_per_operation\":null"));
    }

    #[test]
    fn times_have_three_digits() {
        let shown = [0, 241_600, 2_416_000, 24_160_000, 2_416_000_000].map(ms);
        assert_eq!(shown, ["0.000", "0.242", "2.42", "24.2", "2416"]);
    }
}

//! What `hey` prints at its end (rakyll/hey v0.1.4, requester/print.go and report.go).

use std::fmt::Write;

use opscape_network::load::Report;
use opscape_network::telemetry::Outcome;

/// The numbers of a run, in seconds.
pub(super) struct Numbers {
    /// In order of size.
    lats: Vec<f64>,
    total: f64,
    requests: f64,
    /// Time to connect: on average, least, most.
    conn: (f64, f64, f64),
    statuses: Vec<(u16, u64)>,
    errors: Vec<(String, u64)>,
}

impl Numbers {
    /// `error`: the words for an outcome without a status; `now`: when it ends.
    pub fn of(report: &Report, clients: u32, total: f64, error: impl Fn(Outcome) -> String) -> Numbers {
        let mut micros: Vec<u32> = report.latencies.iter().copied().collect();
        micros.sort_unstable();
        let lats: Vec<f64> = micros.iter().map(|micros| f64::from(*micros) / 1e6).collect();
        let dial = f64::from(report.round_trip) / 1e6;
        let answered = lats.len() as f64;
        let connected = f64::from(clients).min(answered);
        let least = if connected < answered { 0.0 } else { dial };
        let conn =
            if lats.is_empty() { (f64::NAN, 0.0, 0.0) } else { (dial * connected / answered, least, dial) };
        let (mut statuses, mut errors) = (Vec::new(), Vec::new());
        for (outcome, count) in &report.outcomes {
            match outcome {
                Outcome::Status(status) => statuses.push((*status, *count)),
                other => errors.push((error(*other), *count)),
            }
        }
        Numbers { lats, total, requests: report.ended as f64, conn, statuses, errors }
    }

    pub fn print(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let average = self.lats.iter().sum::<f64>() / self.lats.len() as f64;
        let (fastest, slowest) = (self.first(), self.lats.last().copied().unwrap_or_default());
        writeln!(out, "\nSummary:")?;
        writeln!(out, "  Total:\t{:.4} secs", self.total)?;
        writeln!(out, "  Slowest:\t{slowest:.4} secs")?;
        writeln!(out, "  Fastest:\t{fastest:.4} secs")?;
        writeln!(out, "  Average:\t{} secs", number(average))?;
        writeln!(out, "  Requests/sec:\t{}", number(self.requests / self.total))?;
        writeln!(out, "  \n\nResponse time histogram:")?;
        if !self.lats.is_empty() {
            self.histogram(out)?;
        }
        writeln!(out, "\n\nLatency distribution:")?;
        for (percent, latency) in self.percentiles() {
            writeln!(out, "  {percent}% in {latency:.4} secs")?;
        }
        writeln!(out, "\nDetails (average, fastest, slowest):")?;
        let (conn, least, most) = self.conn;
        let line = |out: &mut String, name: &str, (average, least, most): (f64, f64, f64)| {
            writeln!(out, "  {name}:\t{} secs, {least:.4} secs, {most:.4} secs", number(average))
        };
        let none = if self.lats.is_empty() { f64::NAN } else { 0.0 };
        line(out, "DNS+dialup", (conn, least, most))?;
        line(out, "DNS-lookup", (none, 0.0, 0.0))?;
        line(out, "req write", (none, 0.0, 0.0))?;
        line(out, "resp wait", (average - conn, (fastest - least).max(0.0), slowest))?;
        line(out, "resp read", (none, 0.0, 0.0))?;
        writeln!(out, "\nStatus code distribution:")?;
        for (status, count) in &self.statuses {
            writeln!(out, "  [{status}]\t{count} responses")?;
        }
        writeln!(out)?;
        if self.errors.is_empty() {
            writeln!(out)?;
        } else {
            writeln!(out, "Error distribution:")?;
            for (words, count) in &self.errors {
                writeln!(out, "  [{count}]\t{words}")?;
            }
        }
        writeln!(out)
    }

    fn first(&self) -> f64 {
        self.lats.first().copied().unwrap_or_default()
    }

    fn percentiles(&self) -> Vec<(usize, f64)> {
        let mut wanted = [10, 25, 50, 75, 90, 95, 99].into_iter().peekable();
        let mut found = Vec::new();
        for (at, latency) in self.lats.iter().enumerate() {
            if let Some(percent) = wanted.next_if(|percent| at * 100 / self.lats.len() >= *percent) {
                found.push((percent, *latency));
            }
        }
        found
    }

    fn histogram(&self, out: &mut String) -> std::fmt::Result {
        const BARS: usize = 10;
        let (fastest, slowest) = (self.first(), self.lats.last().copied().unwrap_or_default());
        let width = (slowest - fastest) / BARS as f64;
        let marks = (0..=BARS).map(|bar| if bar == BARS { slowest } else { fastest + width * bar as f64 });
        let mut counted = 0;
        let bars: Vec<(f64, usize)> = marks
            .map(|mark| {
                let up_to = self.lats.partition_point(|latency| *latency <= mark);
                let bar = (mark, up_to.saturating_sub(counted));
                counted = counted.max(up_to);
                bar
            })
            .collect();
        let most = bars.iter().map(|bar| bar.1).max().unwrap_or_default().max(1);
        for (mark, count) in bars {
            writeln!(out, "  {mark:.3} [{count}]\t|{}", "■".repeat((count * 40 + most / 2) / most))?;
        }
        Ok(())
    }
}

/// Go's `%4.4f`.
fn number(number: f64) -> String {
    if number.is_nan() { " NaN".to_owned() } else { format!("{number:.4}") }
}

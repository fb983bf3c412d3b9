//! How long those waited who were served.

use std::time::Duration;

#[derive(Debug, Default)]
pub(crate) struct Waits {
    done: Vec<Duration>,
    /// Those who waited for nothing: the store said that it could not.
    failed: Vec<Duration>,
    span: Duration,
}

impl Waits {
    pub(crate) fn add(&mut self, wait: Duration) {
        self.done.push(wait);
    }

    pub(crate) fn add_failure(&mut self, wait: Duration) {
        self.failed.push(wait);
    }

    pub(crate) fn took(&mut self, span: Duration) {
        self.span += span;
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.done.extend(others.done);
        self.failed.extend(others.failed);
        self.span += others.span;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    pub(crate) fn failures(&self) -> usize {
        self.failed.len()
    }

    /// Returns how many there were a second.
    #[allow(clippy::cast_precision_loss, reason = "a rate is not exact")]
    pub(crate) fn rate(&self) -> f64 {
        self.done.len() as f64 / self.span.as_secs_f64()
    }

    /// What this share of all, those that failed among them, did not wait longer than; of all, the worst.
    pub(crate) fn at(&self, per_mille: usize) -> Duration {
        let mut sorted: Vec<Duration> = self.done.iter().chain(&self.failed).copied().collect();
        sorted.sort_unstable();
        sorted[(sorted.len() * per_mille).div_ceil(1000).clamp(1, sorted.len()) - 1]
    }

    pub(crate) fn worst(&self) -> Duration {
        self.at(1000)
    }

    /// `| 12,345 | 1.2 ms | … |`: the rate, and the waits of the half, of 99 %, of 99.9 % and of all.
    pub(crate) fn cells(&self) -> String {
        let [half, most, nearly_all, all] = [500, 990, 999, 1000].map(|share| milliseconds(self.at(share)));
        format!("{} | {half} | {most} | {nearly_all} | {all}", thousands(self.rate()))
    }

    pub(crate) const TITLES: &str = "a second | half within | 99 % within | 99.9 % within | the longest wait";
}

/// `1.23 ms`, `12.3 ms`, `123 ms`.
pub(crate) fn milliseconds(wait: Duration) -> String {
    let ms = wait.as_secs_f64() * 1000.0;
    let digits = if ms < 10.0 { 2 } else { usize::from(ms < 100.0) };
    format!("{ms:.digits$} ms")
}

/// `12,345`.
pub(crate) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

//! The report: one table, some facts, and each target with whether it is met.

use std::{fmt, time::Duration};

#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    facts: Vec<(String, String)>,
    targets: Vec<Target>,
}

/// A row of the table; times in milliseconds.
pub struct Row {
    pub name: String,
    pub per_second: Option<f64>,
    /// The server's processor time for one request, in microseconds.
    pub processor: Option<f64>,
    pub p50: Option<f64>,
    pub p99: Option<f64>,
    pub ratio: Option<f64>,
}

/// What was aimed for, and what was reached.
pub struct Target {
    name: String,
    reached: f64,
    aim: String,
    met: bool,
}

impl Target {
    pub fn at_least(name: impl Into<String>, reached: f64, least: f64) -> Self {
        Self {
            name: name.into(),
            reached,
            aim: format!(">= {least}"),
            met: reached >= least,
        }
    }

    pub fn at_most(name: impl Into<String>, reached: f64, most: f64, unit: &str) -> Self {
        Self {
            name: name.into(),
            reached,
            aim: format!("<= {most} {unit}").trim_end().to_owned(),
            met: reached <= most,
        }
    }
}

impl Report {
    pub fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub fn fact(&mut self, name: String, value: String) {
        self.facts.push((name, value));
    }

    pub fn target(&mut self, target: Target) {
        self.targets.push(target);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<52} {:>8} {:>8} {:>8} {:>6} {:>8}",
            "", "req/s", "p50 ms", "p99 ms", "ratio", "CPU us"
        )?;
        for row in &self.rows {
            let per_second = row.per_second.map(|figure| format!("{figure:.0}"));
            let processor = row.processor.map(|figure| format!("{figure:.1}"));
            let [p50, p99] = [row.p50, row.p99].map(|time| {
                let shown = time.map(|time| format!("{time:.2}"));
                shown.unwrap_or_default()
            });
            let ratio = row.ratio.map(|figure| format!("{figure:.2}"));
            writeln!(
                f,
                "{:<52} {:>8} {:>8} {:>8} {:>6} {:>8}",
                row.name,
                per_second.unwrap_or_default(),
                p50,
                p99,
                ratio.unwrap_or_default(),
                processor.unwrap_or_default(),
            )?;
        }
        writeln!(f)?;
        for (name, value) in &self.facts {
            writeln!(f, "{name:<52} {value:>8}")?;
        }
        writeln!(f)?;
        for target in &self.targets {
            let verdict = if target.met { "met" } else { "MISSED" };
            let Target {
                name, reached, aim, ..
            } = target;
            writeln!(f, "{name:<52} {reached:>8.2} {aim:>10}  {verdict}")?;
        }
        Ok(())
    }
}

/// The middle one, or the upper one of the two in the middle.
pub fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

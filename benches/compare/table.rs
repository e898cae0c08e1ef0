//! A section's figures as a table in Markdown: medians, spreads, and the medians of each round's ratios.

use std::fmt::Write as _;

use crate::load::ARRIVALS;
use crate::measure::Figures;
use crate::peers::PEERS;
use crate::sections::{Row, Section, thousands};
use crate::server::Failure;

const NOTHING: &str = "–";

/// What stands for a latency where most rounds fell behind the rate.
const BEHIND: &str = "behind";

/// The middle one; `NAN` of none.
fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    quartiles(values)[1]
}

/// A quarter, a half and three quarters up the ladder; `NAN` of none.
fn quartiles(values: impl IntoIterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values.get(values.len() * quarter / 4).copied().unwrap_or(f64::NAN))
}

/// The table of a section under its title; below it what went wrong.
pub fn table(section: &Section, figures: &[Figures]) -> String {
    let (mut lines, mut notes) = (vec![head(section)], String::new());
    let all: Vec<(&Row, &Figures)> = section.rows.iter().zip(figures).collect();
    for (row, figures) in &all {
        let mut cells = vec![row.group.clone(), row.peer.name.to_owned()];
        match (row.obstacle, &figures.failure) {
            (Some(obstacle), _) => cells.push(obstacle.to_owned()),
            (None, None) => cells.extend(line(section, row, figures, &all)),
            (None, Some(Failure::Slow(why) | Failure::Wrong(why))) => {
                cells.push(if figures.is_invalid(row) { "invalid" } else { "not run: too slow" }.to_owned());
                let _ = writeln!(notes, "\n{}, {}: {why}.", row.group, row.peer.name);
            }
        }
        cells.resize(lines[0].len(), NOTHING.to_owned());
        lines.push(cells);
    }
    format!("### {}\n\n{}{notes}", section.title, aligned(&lines))
}

fn head(section: &Section) -> Vec<String> {
    let to = |what: &str, slugs: &[&str]| -> Vec<String> {
        let name = |slug: &str| PEERS.iter().find(|peer| peer.slug == slug).map_or("?", |peer| peer.name);
        slugs.iter().map(|slug| format!("{what} to {}", name(slug))).collect()
    };
    let mut head = vec![String::new(), "server".to_owned(), "requests/s".to_owned()];
    head.extend(to("rate", section.ratios.rate));
    head.push("CPU µs/request".to_owned());
    head.extend(to("CPU", section.ratios.cpu));
    if section.ratios.growth {
        head.push("CPU to its fewest".to_owned());
    }
    head.push("core".to_owned());
    head.extend([format!("p50 µs at {}/s", thousands(ARRIVALS as usize)), "p99 µs".to_owned()]);
    head.extend(to("p99", section.ratios.p99));
    head.extend(["p99.9 µs".to_owned(), "MiB (peak)".to_owned()]);
    head
}

/// The cells of a row behind its name.
fn line(section: &Section, row: &Row, figures: &Figures, all: &[(&Row, &Figures)]) -> Vec<String> {
    let of = |slug: &str| {
        let found = all.iter().find(|(other, _)| other.group == row.group && other.peer.slug == slug);
        found.map(|(_, figures)| *figures).filter(|figures| figures.failure.is_none())
    };
    let rates = |figures: &Figures| figures.closed.iter().map(|closed| closed.rate).collect::<Vec<_>>();
    let cpus = |figures: &Figures| figures.closed.iter().filter_map(|closed| closed.cpu).collect::<Vec<_>>();
    let p99s = |figures: &Figures| figures.open.iter().map(|open| open.p99).collect::<Vec<_>>();
    let to = |values: &dyn Fn(&Figures) -> Vec<f64>, other: Option<&Figures>| {
        let Some(other) = other else { return NOTHING.to_owned() };
        let ratio = median(values(figures).iter().zip(values(other)).map(|(own, other)| own / other));
        if ratio.is_finite() { number(ratio, 2) } else { NOTHING.to_owned() }
    };
    let mut cells = vec![spread(&rates(figures), 0)];
    cells.extend(section.ratios.rate.iter().map(|slug| to(&rates, of(slug))));
    cells.push(spread(&cpus(figures), 1));
    cells.extend(section.ratios.cpu.iter().map(|slug| to(&cpus, of(slug))));
    if section.ratios.growth {
        // The smallest table that is told apart by the same.
        let kind = |row: &Row| row.group.split_once(' ').map(|(_, kind)| kind.to_owned());
        let fewest = all.iter().find(|(other, _)| other.peer.slug == row.peer.slug && kind(other) == kind(row));
        let fewest = fewest.filter(|(other, figures)| other.group != row.group && figures.failure.is_none());
        cells.push(to(&cpus, fewest.map(|(_, figures)| *figures)));
    }
    let busy: Vec<f64> = figures.closed.iter().filter_map(|closed| closed.busy).collect();
    cells.push(if busy.is_empty() { NOTHING.to_owned() } else { format!("{:.0} %", 100.0 * median(busy)) });
    cells.push(number(median(figures.open.iter().map(|open| open.p50)), 0));
    cells.push(spread(&p99s(figures), 0));
    cells.extend(section.ratios.p99.iter().map(|slug| to(&p99s, of(slug))));
    cells.push(number(median(figures.open.iter().map(|open| open.p999)), 0));
    let memory = figures.memory.map(|memory| format!("{:.0} ({:.0})", memory.proportional, memory.peak));
    cells.push(memory.unwrap_or_else(|| NOTHING.to_owned()));
    cells
}

/// The median, with the quartiles around it where they differ.
fn spread(values: &[f64], decimals: usize) -> String {
    let [low, middle, high] = quartiles(values.iter().copied()).map(|value| number(value, decimals));
    if low == high { middle } else { format!("{middle} ({low}–{high})") }
}

fn number(value: f64, decimals: usize) -> String {
    if value.is_nan() {
        NOTHING.to_owned()
    } else if value.is_infinite() {
        BEHIND.to_owned()
    } else if value >= 100.0 || decimals == 0 {
        thousands(value.round() as usize)
    } else {
        format!("{value:.decimals$}")
    }
}

/// Lines of cells as a table whose columns stand below each other in a terminal, too. Figures stand right.
fn aligned(lines: &[Vec<String>]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0).max(2);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate() {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let _ = if column < 2 { write!(out, "| {cell:<width$} ") } else { write!(out, "| {cell:>width$} ") };
        }
        out.push_str("|\n");
        if at == 0 {
            for (column, &width) in widths.iter().enumerate() {
                let dashes = "-".repeat(width + usize::from(column < 2));
                let _ = if column < 2 { write!(out, "|-{dashes}") } else { write!(out, "|-{dashes}:") };
            }
            out.push_str("|\n");
        }
    }
    out
}

//! Figures of several repetitions: median with least and most, beside the goal.
#![allow(clippy::cast_precision_loss, reason = "figures for people: counts stay far below 2^53")]

use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

use crate::{files::write_json, machine, say};

/// Which side of the goal is the good one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// Less is good.
    AtMost(f64),
    /// There is none.
    None,
}

impl Goal {
    fn verdict(self, median: f64) -> &'static str {
        match self {
            Self::AtMost(goal) if median <= goal => "met",
            Self::None => "",
            Self::AtMost(_) => "missed",
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtMost(goal) => format!("≤ {goal}"),
            Self::None => String::new(),
        }
    }
}

/// One measure over all repetitions.
#[derive(Clone, Debug)]
struct Row {
    name: String,
    unit: &'static str,
    goal: Goal,
    values: Vec<f64>,
}

/// All measures of a benchmark.
#[derive(Clone, Debug)]
pub struct Figures {
    title: String,
    /// Said below the table: warm-up, mix, what differs.
    remarks: Vec<String>,
    rows: Vec<Row>,
}

impl Figures {
    /// No measures yet.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), remarks: Vec::new(), rows: Vec::new() }
    }

    /// Says something below the table.
    pub fn remark(&mut self, text: impl Into<String>) {
        self.remarks.push(text.into());
    }

    /// Adds a value to a measure.
    pub fn add(&mut self, name: &str, unit: &'static str, goal: Goal, value: f64) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.name == name) {
            row.values.push(value);
            return;
        }
        self.rows.push(Row { name: name.to_owned(), unit, goal, values: vec![value] });
    }

    /// Prints the table and writes the JSON.
    pub fn publish(&self, path: &Path) -> anyhow::Result<()> {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        table.set_header(["measure", "median", "least", "most", "unit", "goal", ""]);
        for row in &self.rows {
            let (least, middle, most) = spread(&row.values);
            let shown = [least, middle, most].map(shown);
            table.add_row([
                row.name.clone(),
                shown[1].clone(),
                shown[0].clone(),
                shown[2].clone(),
                row.unit.to_owned(),
                row.goal.text(),
                row.goal.verdict(middle).to_owned(),
            ]);
        }
        for column in 1..=3 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        say::line(format!("\n{}\n{table}", self.title));
        for remark in &self.remarks {
            say::line(remark);
        }
        say::line(format!(
            "{}; {}; {}; commit {}",
            machine::machine(),
            machine::compiler(),
            machine::profile(),
            machine::commit()
        ));
        write_json(path, &self.json())?;
        say::good(format!("written to {}", path.display()));
        Ok(())
    }

    fn json(&self) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let (least, middle, most) = spread(&row.values);
                json!({
                    "measure": row.name, "unit": row.unit, "goal": row.goal.text(), "verdict": row.goal.verdict(middle),
                    "median": middle, "least": least, "most": most, "values": row.values,
                })
            })
            .collect();
        json!({
            "title": self.title, "machine": machine::machine(), "compiler": machine::compiler(), "profile": machine::profile(), "commit": machine::commit(),
            "remarks": self.remarks, "rows": rows,
        })
    }
}

/// Least, median and most.
fn spread(values: &[f64]) -> (f64, f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    (at(0), at(sorted.len() / 2), at(sorted.len().saturating_sub(1)))
}

/// The value below which a share (in thousandths) of the values lies.
pub fn percentile(sorted: &[f64], permille: usize) -> f64 {
    let place = (sorted.len() * permille).div_ceil(1000).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

fn shown(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests {
    use super::{Goal, percentile, spread};

    #[test]
    fn the_middle_counts_and_both_ends_are_told() {
        assert_eq!(spread(&[3.0, 1.0, 2.0, 9.0, 4.0]), (1.0, 3.0, 9.0));
        let sorted: Vec<f64> = (1..=1000).map(f64::from).collect();
        assert_eq!(
            (percentile(&sorted, 500), percentile(&sorted, 990), percentile(&sorted, 999)),
            (500.0, 990.0, 999.0)
        );
        assert_eq!(Goal::AtMost(1.5).verdict(1.6), "missed");
        assert_eq!(Goal::AtMost(1.5).verdict(1.5), "met");
    }
}

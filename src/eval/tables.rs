//! A contest as tables: in Markdown, which terminals show well enough.

use std::fmt::Write;

use super::contest::{Contest, Duel, Row};

impl Contest {
    /// The tables: every way, its kinds of questions, and each way against each.
    pub fn tables(&self) -> String {
        let mut out = String::new();
        let head = [
            "way",
            "right",
            "95 % interval",
            "tokens",
            "rollouts",
            "oracle",
            "AUROC of v",
            "forced",
            "no answer",
            "seconds",
        ];
        table(&mut out, &head, self.rows.iter().map(cells));
        let mut groups: Vec<&str> =
            self.rows.iter().flat_map(|row| row.groups.iter().map(|group| group.0.as_str())).collect();
        groups.sort_unstable();
        groups.dedup();
        if groups.len() > 1 {
            out.push('\n');
            let head: Vec<&str> = ["way"].into_iter().chain(groups.iter().copied()).collect();
            let share = |row: &Row, name: &str| {
                let found = row.groups.iter().find(|group| group.0 == name);
                found.map_or("-".into(), |(_, problems, right)| format!("{} of {problems}", percent(*right)))
            };
            let line = |row: &Row| {
                [row.name.clone()].into_iter().chain(groups.iter().map(|name| share(row, name))).collect()
            };
            table(&mut out, &head, self.rows.iter().map(line));
        }
        if !self.duels.is_empty() {
            out.push('\n');
            let head = ["pair", "difference", "questions won", "lost", "p"];
            // Where there are many, each against the first is all that anybody reads.
            let few = self.rows.len() <= 5;
            let first = self.rows.first().map(|row| row.name.as_str());
            let shown = self.duels.iter().filter(|duel| few || Some(duel.first.as_str()) == first);
            table(&mut out, &head, shown.map(duel));
        }
        out + &self.notes()
    }

    fn notes(&self) -> String {
        let Some(row) = self.rows.first() else { return String::new() };
        let Row { problems, searches, .. } = row;
        format!(
            "\n{problems} questions, {searches} searches a way. Tokens and rollouts are means of a search. Intervals: Wilson, \
             over questions. Oracle: any rollout is right; nobody could choose it without knowing the answer. AUROC: \
             how often, within a question, a right leaf has a higher v than a wrong one (0.5 is chance; in brackets \
             the searches that had both). p: sign test over questions, exact, two-sided (McNemar's where there is one \
             seed).\n"
        )
    }
}

fn cells(row: &Row) -> Vec<String> {
    let (low, high) = row.interval;
    let auroc = row.auroc.map_or("-".into(), |auroc| format!("{auroc:.3} ({})", row.auroc_searches));
    vec![
        row.name.clone(),
        percent(row.accuracy),
        format!("{:.1} to {:.1} %", 100.0 * low, 100.0 * high),
        format!("{:.0}", row.tokens),
        format!("{:.1}", row.rollouts),
        percent(row.oracle),
        auroc,
        row.forced.to_string(),
        row.failed.to_string(),
        format!("{:.0}", row.wall_s),
    ]
}

fn duel(duel: &Duel) -> Vec<String> {
    let p = if duel.p < 0.001 { "< 0.001".into() } else { format!("{:.3}", duel.p) };
    vec![
        format!("{} − {}", duel.first, duel.second),
        format!("{:+.1} %", 100.0 * duel.difference),
        duel.wins.to_string(),
        duel.losses.to_string(),
        p,
    ]
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A table whose columns are as wide as what is in them.
fn table(out: &mut String, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let mut lines = vec![head.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()];
    lines.extend(rows);
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    for (at, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(&widths) {
            // Writing to a String cannot fail.
            let _ = write!(out, "| {cell:<width$} ");
        }
        out.push_str("|\n");
        if at == 0 {
            for width in &widths {
                let _ = write!(out, "|{:-<1$}", "", width + 2);
            }
            out.push_str("|\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::eval::contest::tests::contest;

    #[test]
    fn tables_hold_rows_and_duels() {
        let mut contest = contest();
        let text = contest.tables();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[2].split('|').map(str::trim).collect::<Vec<_>>()[1..5],
            ["cot", "50.0 %", "12.5 to 87.5 %", "10"]
        );
        assert!(lines[3].contains("| 0.400 (5)") && lines[3].contains("| 100.0 %"), "{text}");
        assert!(text.contains("cot − sc") && text.contains("| +0.0 %"), "{text}");
        assert!(text.contains("3 questions, 6 searches a way"), "{text}");
        assert!(lines[..4].iter().all(|line| line.chars().count() == lines[0].chars().count()), "{text}");
        assert!(!text.contains("of 3"), "one kind needs no table: {text}");
        contest.rows[0].groups.push(("h".into(), 3, 0.25));
        assert!(contest.tables().contains("| 25.0 % of 3 "), "{}", contest.tables());
    }
}

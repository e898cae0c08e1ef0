//! An explanation as people read it.

use std::fmt;

use super::{Candidate, Condition, Explanation, Score};

/// How wide the names of steps and subjects are drawn.
const NAME: usize = 14;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.decision {
            Some(decision) => write!(f, "{decision}")?,
            None => f.write_str("depends on the body")?,
        }
        for (name, value) in [("mock", &self.mock), ("stub", &self.stub), ("scenario", &self.scenario)] {
            if let Some(value) = value {
                write!(f, ", {name} `{value}`")?;
            }
        }
        if let Some(status) = self.status {
            write!(f, ", status {status}")?;
        }
        if let Some(upstream) = &self.upstream {
            write!(f, ", to `{upstream}`")?;
        }
        writeln!(f)?;
        if let Some(reason) = self.reason {
            writeln!(f, "reason: {reason}: {}", reason.meaning())?;
        }
        if let Some(slip) = &self.slip {
            writeln!(f, "likely slip: {}: {}", slip.kind, slip.text)?;
        }
        writeln!(f)?;
        for step in &self.steps {
            writeln!(f, "  {:NAME$} {}", step.step, step.outcome)?;
            step.conditions.iter().try_for_each(|condition| condition.write(f))?;
        }
        if self.candidates.iter().any(|candidate| !candidate.answers) {
            let tried = self.candidates.iter().any(|candidate| candidate.answers);
            writeln!(f, "\n{}", if tried { "the scenarios that were considered" } else { "the closest scenarios" })?;
        }
        for candidate in &self.candidates {
            writeln!(f)?;
            candidate.fmt(f)?;
        }
        match self.left_out {
            0 => Ok(()),
            more => writeln!(f, "\nand {more} more"),
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers = if self.answers { ", answers" } else { "" };
        writeln!(f, "`{}` of `{}`, mock `{}`{answers}", self.scenario, self.stub, self.mock)?;
        self.conditions.iter().try_for_each(|condition| condition.write(f))?;
        self.score.iter().try_for_each(|score| score.write(f))
    }
}

impl Condition {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.holds {
            Some(true) => "+",
            Some(false) => "-",
            None => "?",
        };
        write!(f, "  {mark} {:NAME$} {}", self.subject, self.expected)?;
        match (&self.actual, self.holds) {
            (_, Some(true)) => writeln!(f)?,
            (Some(actual), _) => writeln!(f, ", but came {actual}")?,
            (None, _) => writeln!(f, ", but nothing came")?,
        }
        match &self.slip {
            Some(slip) => writeln!(f, "    {:NAME$} {}: {}", "", slip.kind, slip.text),
            None => Ok(()),
        }
    }
}

impl Score {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |points: f64| {
            let text = format!("{points:.2}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        };
        let Score { row, url, matched, partial, missing, query, body, total } = self;
        writeln!(
            f,
            "  = {:NAME$} {} = {url} (row {row}) + {} (query: {matched} equal, {partial} with another value, {missing} \
             on one side) + {body} (body)",
            "score",
            number(*total),
            number(*query)
        )
    }
}

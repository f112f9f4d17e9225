use serde::Serialize;
use utoipa::ToSchema;

use super::bulletins::Adjusting;
use crate::figures::{Cause, FigureLine, Published, PublishedCase};

/// What is told to the public: the months there are, and the month asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Publication {
    /// Months with an issued bulletin.
    months: Vec<String>,
    month: Option<PublishedMonth>,
}

/// A month: no name, no number, no unit, and no cause of fewer than five.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedMonth {
    #[schema(example = "2026-09")]
    month: String,
    services: i64,
    /// Acts whose counting rating somebody gave.
    rated: i64,
    /// Acts whose counting rating is the default (第十五条).
    defaults: i64,
    /// Of those that somebody gave, best first.
    distribution: Vec<Graded>,
    bad: i64,
    figures: Vec<PublishedFigure>,
    causes: Vec<PublishedCause>,
    cases: Vec<PublishedRectification>,
    /// Numbers that are others now than when the month was published.
    corrections: Vec<Adjusting>,
}

/// How many acts have a grade.
#[derive(Debug, Serialize, ToSchema)]
pub struct Graded {
    #[schema(value_type = super::GradeWord)]
    grade: &'static str,
    count: i64,
}

/// A figure in hundredths of a per cent, or of a working day for `mean_workdays_open`.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedFigure {
    figure: String,
    name: String,
    numerator: i64,
    denominator: i64,
    hundredths: Option<i64>,
}

/// A frequent cause of 差评.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedCause {
    reason: String,
    name: String,
    count: usize,
}

/// A rectification.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedRectification {
    problem: String,
    measure: String,
    outcome: String,
}

impl Publication {
    pub fn of(months: Vec<String>, month: Option<Published>) -> Publication {
        Publication {
            months,
            month: month.map(PublishedMonth::from),
        }
    }
}

impl PublishedMonth {
    /// The numbers as a table for spreadsheets: name and value, a line each.
    pub fn csv(&self) -> String {
        let mut text = format!(
            "figure,value\nmonth,{}\nservices,{}\nrated,{}\ndefaults,{}\nbad,{}\n",
            self.month, self.services, self.rated, self.defaults, self.bad
        );
        for Graded { grade, count } in &self.distribution {
            text.push_str(&format!("{grade},{count}\n"));
        }
        for figure in &self.figures {
            // An empty field where nothing was counted.
            let value = figure.hundredths.map_or(String::new(), |hundredths| {
                format!("{}.{:02}", hundredths / 100, hundredths % 100)
            });
            text.push_str(&format!("{},{value}\n", figure.figure));
        }
        for cause in &self.causes {
            text.push_str(&format!("cause {},{}\n", cause.reason, cause.count));
        }
        text
    }
}

impl From<Published> for PublishedMonth {
    fn from(published: Published) -> Self {
        let graded = |(grade, count)| Graded { grade, count };
        PublishedMonth {
            month: published.month.to_string(),
            services: published.services,
            rated: published.rated,
            defaults: published.defaults,
            distribution: published.distribution.into_iter().map(graded).collect(),
            bad: published.bad,
            figures: published.figures.into_iter().map(figure).collect(),
            causes: published.causes.into_iter().map(cause).collect(),
            cases: published.cases.into_iter().map(case).collect(),
            corrections: published
                .corrections
                .into_iter()
                .map(Adjusting::from)
                .collect(),
        }
    }
}

fn figure(line: FigureLine) -> PublishedFigure {
    PublishedFigure {
        figure: line.word,
        name: line.name,
        numerator: line.numerator,
        denominator: line.denominator,
        hundredths: line.hundredths,
    }
}

fn cause(cause: Cause) -> PublishedCause {
    PublishedCause {
        reason: cause.reason,
        name: cause.name,
        count: cause.count,
    }
}

fn case(case: PublishedCase) -> PublishedRectification {
    PublishedRectification {
        problem: case.problem,
        measure: case.measure,
        outcome: case.outcome,
    }
}

//! What the operator would do to a chat's cloud side, by the same steps as it
//! would do it: they read everything, note their changes and make none.

use kube::Api;
use wschat_crds::WsChat;

use crate::change::{Change, Changes};
use crate::context::{Context, Pass};
use crate::error::StepError;
use crate::journal::Journal;
use crate::lease::Leadership;
use crate::provision::provision;
use crate::status::Verdict;
use crate::survey::Survey;
use crate::validate::{Desired, Identity};

/// The longest summary, in characters: it goes into a condition.
const LONGEST: usize = 1000;

/// What would be done.
#[derive(Debug, Default)]
pub(crate) struct Forecast {
    pub(crate) changes: Vec<Change>,
    /// What is under way already.
    pub(crate) under_way: Vec<String>,
    /// What couldn't be looked at, or what the operator couldn't do.
    pub(crate) troubles: Vec<String>,
}

/// Looks what would be done to make the chat as wished.
pub(crate) async fn forecast(
    context: &Context,
    api: Api<WsChat>,
    chat: &WsChat,
    identity: &Identity,
    desired: &Desired,
) -> Result<Forecast, StepError> {
    let journal = Journal::of_plan(api, chat)?;
    let (leadership, changes) = (Leadership::none(), Changes::default());
    let began = context.clock.now();
    let pass = Pass {
        context,
        began,
        identity,
        journal: &journal,
        leadership: &leadership,
        plans: true,
        survey: &Survey::Everything(began),
        changes: &changes,
    };
    let prior = chat.status.clone().unwrap_or_default();
    let mut resources = prior.resources.clone();
    // On the heap: it holds the state of the whole graph.
    let verdict = Box::pin(provision(&pass, desired, &prior, &mut resources)).await;
    Ok(Forecast::of(&verdict, changes.take()))
}

impl Forecast {
    fn of(verdict: &Verdict, mut changes: Vec<Change>) -> Self {
        // Steps that run side by side end in any order, and the same is to be
        // told each time.
        changes.sort_by_key(|change| change.resource);
        let mut forecast = Self {
            changes,
            ..Self::default()
        };
        let Verdict::Provisioned { reports, .. } = verdict else {
            return forecast;
        };
        for report in reports.all() {
            if report.failure().is_some() {
                forecast.troubles.push(report.message());
            } else if report.again().is_some() {
                forecast.under_way.push(report.message());
            }
        }
        forecast
    }

    /// Whether the cloud is as wished, as far as it could be seen.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.under_way.is_empty() && self.troubles.is_empty()
    }

    /// In one line, for a condition.
    pub(crate) fn summary(&self) -> String {
        if self.is_empty() {
            return "nothing would be changed".to_owned();
        }
        let changes = self.changes.iter().map(Change::intention);
        let others = self.under_way.iter().chain(&self.troubles).cloned();
        let all: Vec<String> = changes.chain(others).collect();
        let text = format!("without that it would: {}", all.join("; "));
        if text.chars().count() <= LONGEST {
            return text;
        }
        let start: String = text.chars().take(LONGEST - 1).collect();
        format!("{start}…")
    }

    /// For a terminal: each change with its fields.
    pub(crate) fn text(&self) -> String {
        let mut lines = Vec::new();
        for change in &self.changes {
            lines.push(format!("  {}", change.heading()));
            let fields = change.differences.iter();
            lines.extend(fields.map(|difference| format!("      {difference}")));
        }
        lines.extend(
            self.under_way
                .iter()
                .map(|text| format!("  under way: {text}")),
        );
        lines.extend(self.troubles.iter().map(|text| format!("  ! {text}")));
        lines.push(match self.changes.len() {
            0 if self.is_empty() => "No changes: the cloud is as the manifest asks for.".to_owned(),
            1 => "1 change.".to_owned(),
            count => format!("{count} changes."),
        });
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use wschat_crds::Occasion;

    use super::*;
    use crate::change::Difference;
    use crate::resource::Resource;

    fn forecast() -> Forecast {
        let changed = Difference::between("name", &"a", &"b");
        Forecast {
            changes: vec![
                Change::of(Resource::Trigger, Occasion::Updated, changed),
                Change::create(
                    Resource::Gateway,
                    Occasion::Created,
                    &serde_json::json!({ "name": "n" }),
                ),
            ],
            ..Forecast::default()
        }
    }

    #[test]
    fn a_plan_is_told_field_by_field() {
        let text = forecast().text();
        let expected = "  ~ change the trigger\n      name: a -> b\n  + make the API gateway\n      \
                        name: n\n2 changes.";
        assert_eq!(text, expected);
        assert!(Forecast::default().text().starts_with("No changes"));
    }

    #[test]
    fn changes_are_told_in_the_order_of_the_graph() {
        let noted = forecast().changes;
        let refusal = crate::validate::Refusal {
            reason: wschat_crds::Reason::Invalid,
            message: String::new(),
        };
        let told = Forecast::of(&Verdict::Refused(refusal), noted).summary();
        assert_eq!(
            told,
            "without that it would: make the API gateway; change the trigger: name: a -> b"
        );
    }

    #[test]
    fn a_summary_is_one_line_and_fits_into_a_condition() {
        let summary = forecast().summary();
        assert_eq!(
            summary,
            "without that it would: change the trigger: name: a -> b; make the API gateway"
        );
        let mut long = forecast();
        long.troubles = vec!["я".repeat(2000)];
        assert_eq!(long.summary().chars().count(), LONGEST);
    }
}

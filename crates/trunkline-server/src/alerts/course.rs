//! When something is said: at the beginning of a condition, at its end, and now and then in between.
//!
//! The one rule: what comes and goes is said as if it stood. A condition is over only after it was away for a while, and one that
//! comes back soon after its end is not said again before an hour has passed.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use trunkline_store::{Alert, AlertChange, NoticeWord};

use super::{
    AlertSettings,
    conditions::{Seen, Verdict, signed},
};

/// How long after its end a condition may come back unsaid.
pub(super) const AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// What is to be noted of what was seen, with the kind of each.
pub(super) fn changes(
    standing: &[Alert],
    ended: &[Alert],
    seen: &[Seen],
    settings: &AlertSettings,
    now: Timestamp,
) -> Vec<(String, AlertChange)> {
    let mut left: BTreeMap<(&str, &str), &Alert> = standing
        .iter()
        .map(|alert| ((alert.kind.as_str(), alert.subject.as_str()), alert))
        .collect();
    let mut changes = Vec::new();
    for one in seen {
        let stands = left.remove(&(one.kind, one.subject.as_str()));
        // Of a condition that came and went, the last end counts.
        let was_said = ended.iter().any(|alert| {
            alert.kind == one.kind
                && alert.subject == one.subject
                && alert.ended_at.is_some_and(|at| now.duration_since(at) < AGAIN)
        });
        let change = match (stands, one.verdict) {
            (None, Verdict::Holds) => Some(AlertChange::Begins {
                kind: one.kind.to_owned(),
                subject: one.subject.clone(),
                facts: one.facts.to_string(),
                is_noticed: !was_said,
            }),
            (Some(alert), Verdict::Holds) => Some(AlertChange::Holds {
                id: alert.id.clone(),
                facts: one.facts.to_string(),
                word: word(alert, was_said, settings, now),
            }),
            (Some(alert), Verdict::Clear) => over(alert, settings, now),
            (None, _) | (Some(_), Verdict::Unsure) => None,
        };
        changes.extend(change.map(|change| (one.kind.to_owned(), change)));
    }
    // What they are about is not there any more, or not looked at.
    for alert in left.into_values() {
        changes.extend(over(alert, settings, now).map(|change| (alert.kind.clone(), change)));
    }
    changes
}

fn word(alert: &Alert, was_said: bool, settings: &AlertSettings, now: Timestamp) -> Option<NoticeWord> {
    match (alert.noticed_at, settings.remind) {
        (None, _) => (!was_said).then_some(NoticeWord::Began),
        (Some(at), Some(remind)) if now.duration_since(at) >= signed(remind) => Some(NoticeWord::Reminder),
        (Some(_), _) => None,
    }
}

fn over(alert: &Alert, settings: &AlertSettings, now: Timestamp) -> Option<AlertChange> {
    (now.duration_since(alert.held_at) >= signed(settings.settle)).then(|| AlertChange::Ends {
        id: alert.id.clone(),
        facts: alert.facts.clone(),
        is_noticed: alert.noticed_at.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    /// Plays a course of looks a minute apart (`+` holds, `-` clear, `?` unsure, ` ` not there), and gives what was said when.
    fn played(looks: &str, settings: &AlertSettings) -> Vec<(usize, &'static str)> {
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let (mut standing, mut ended): (Vec<Alert>, Vec<Alert>) = (Vec::new(), Vec::new());
        let mut said = Vec::new();
        for (minute, look) in looks.chars().enumerate() {
            let now = start + SignedDuration::from_mins(i64::try_from(minute).unwrap());
            let verdict = match look {
                '+' => Some(Verdict::Holds),
                '-' => Some(Verdict::Clear),
                '?' => Some(Verdict::Unsure),
                _ => None,
            };
            let seen: Vec<Seen> = verdict
                .map(|verdict| Seen {
                    kind: "flow_failed",
                    subject: "orders".to_owned(),
                    verdict,
                    facts: json!({}),
                })
                .into_iter()
                .collect();
            for (_, change) in changes(&standing, &ended, &seen, settings, now) {
                match change {
                    AlertChange::Begins {
                        kind,
                        subject,
                        facts,
                        is_noticed,
                    } => {
                        said.extend(is_noticed.then_some((minute, "began")));
                        standing.push(Alert {
                            id: minute.to_string(),
                            kind,
                            subject,
                            facts,
                            began_at: now,
                            held_at: now,
                            noticed_at: is_noticed.then_some(now),
                            ended_at: None,
                        });
                    }
                    AlertChange::Holds { word, .. } => {
                        standing[0].held_at = now;
                        if let Some(word) = word {
                            said.push((minute, word.as_str()));
                            standing[0].noticed_at = Some(now);
                        }
                    }
                    AlertChange::Ends { is_noticed, .. } => {
                        said.extend(is_noticed.then_some((minute, "ended")));
                        let mut over = standing.remove(0);
                        over.ended_at = Some(now);
                        ended.push(over);
                    }
                }
            }
        }
        said
    }

    #[test]
    fn a_condition_is_said_once_when_it_begins_and_once_when_it_ends() {
        let settings = AlertSettings {
            remind: Some(Duration::from_mins(20)),
            settle: Duration::from_mins(3),
            ..AlertSettings::default()
        };
        let check = |looks: &str, expected: &[(usize, &str)]| {
            assert_eq!(played(looks, &settings), expected, "{looks}");
        };
        check("--??  -", &[]);
        check("+++++", &[(0, "began")]);
        check("++----", &[(0, "began"), (4, "ended")]);
        // What comes and goes stands.
        check("+-+--+-+--+----", &[(0, "began"), (13, "ended")]);
        // What cannot be told is as it was.
        check("+????????", &[(0, "began")]);
        // What is not there any more ends as well.
        check("+      ", &[(0, "began"), (3, "ended")]);
        // A reminder by interval, counted from the last word.
        check(
            &"+".repeat(45),
            &[(0, "began"), (20, "reminder"), (40, "reminder")],
        );
        // What comes back within the hour is said when the hour is over, if it still stands.
        let back = format!("+----{}", "+".repeat(70));
        check(&back, &[(0, "began"), (3, "ended"), (63, "began")]);
        let gone = format!("+----+{}", "-".repeat(70));
        check(&gone, &[(0, "began"), (3, "ended")]);
        let later = format!("+{}+", "-".repeat(70));
        check(&later, &[(0, "began"), (3, "ended"), (71, "began")]);
    }

    #[test]
    fn nobody_is_reminded_who_does_not_want_to_be() {
        let settings = AlertSettings {
            remind: None,
            ..AlertSettings::default()
        };
        assert_eq!(played(&"+".repeat(3_000), &settings), [(0, "began")]);
    }
}

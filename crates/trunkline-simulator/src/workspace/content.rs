//! Outbound content by its kinds, and what contacts do with it (facts 7.3).
//!
//! The one rule: the kinds and what can be done with each stand in one table, in the platform's words. What is shown of it is
//! in `webhooks/items/content_stats.rs`.

use super::Workspace;
use crate::webhooks::{outbox::Subject, topic::Topic};

/// A kind of content.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// The platform's word for it.
    pub(crate) name: &'static str,
    pub(crate) topic: Topic,
    /// The title of the workspace's one piece of it.
    pub(crate) title: &'static str,
    /// What can happen to it; that it came is the first.
    pub(crate) stats: &'static [&'static str],
}

macro_rules! kinds {
    ($($name:literal $topic:ident $title:literal $stats:expr;)+) => {
        /// Every kind.
        pub(crate) const KINDS: &[Kind] = &[$(Kind {
            name: $name,
            topic: Topic::$topic,
            title: $title,
            stats: &$stats,
        },)+];
    };
}

kinds! {
    "banner" ContentStatBanner "We are hiring" ["receipt", "goal_success", "click", "collected_email", "reaction"];
    "carousel" ContentStatCarousel "A first look" ["receipt", "goal_success", "button_tap", "completion", "dismissal", "permission_grant"];
    "chat" ContentStatChat "Can we help?" ["receipt", "goal_success", "open", "click", "collected_email", "reply"];
    "checklist" ContentStatChecklist "Five steps to begin" ["receipt", "goal_success"];
    "custom_bot" ContentStatCustomBot "Find the right team" ["receipt", "goal_success", "reply", "completion"];
    "email" ContentStatEmail "Welcome aboard" ["receipt", "goal_success", "open", "click", "reply", "hard_bounce", "soft_bounce", "spam_complaint", "unsubscribe"];
    "news_item" ContentStatNewsItem "A faster search" ["receipt", "open", "click", "reaction"];
    "post" ContentStatPost "What is new" ["receipt", "goal_success", "open", "click", "reply", "reaction"];
    "push" ContentStatPush "Your order is ready" ["receipt", "goal_success", "open", "push_failure"];
    "series" ContentStatSeries "The first month" ["receipt", "goal_success", "series_completion", "series_disengagement", "series_exit"];
    "series.webhook" ContentStatSeriesWebhook "The first month" ["receipt", "failure"];
    "sms" ContentStatSms "A code for you" ["receipt", "goal_success", "keyword_reply", "sms_failure", "unsubscribe"];
    "survey" ContentStatSurvey "How do you like it?" ["receipt", "goal_success", "answer", "click", "completion", "dismissal"];
    "tooltip_group" ContentStatTooltipGroup "Where to find things" ["receipt", "goal_success"];
    "tour" ContentStatTour "Around the inbox" ["receipt", "goal_success", "tour_step_failure", "completion"];
}

impl Kind {
    /// The kind with this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// The place among all kinds, which numbers the piece of content.
    fn place(&self) -> u64 {
        KINDS.iter().position(|kind| kind == self).unwrap_or_default() as u64
    }

    pub(crate) fn content_id(&self) -> u64 {
        1 + self.place()
    }

    pub(crate) fn ruleset_id(&self) -> u64 {
        29 + self.place()
    }

    /// Whether it runs as a series, with nodes.
    pub(crate) fn is_of_series(&self) -> bool {
        self.name.starts_with("series")
    }
}

/// What a contact did with a piece of content.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sight {
    pub(crate) id: u64,
    pub(crate) kind: &'static Kind,
    pub(crate) stat: &'static str,
    pub(crate) contact: u32,
    /// The sight by which the content came.
    pub(crate) receipt: u64,
    pub(crate) title: String,
}

/// An answer to a question of a survey.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) question_id: &'static str,
    pub(crate) question: &'static str,
    pub(crate) response: &'static str,
}

const ANSWERS: [Answer; 2] = [
    Answer {
        question_id: "4211",
        question: "How easy was it?",
        response: "4",
    },
    Answer {
        question_id: "4212",
        question: "What would you change?",
        response: "Nothing for now",
    },
];

impl Sight {
    /// What was answered, when it is a survey.
    pub(crate) fn answers(&self) -> &'static [Answer] {
        if self.kind.topic == Topic::ContentStatSurvey {
            &ANSWERS
        } else {
            &[]
        }
    }
}

impl Workspace {
    /// These things happened between a contact and a piece of content, each so many seconds later.
    pub(crate) fn content_met(
        &mut self,
        kind: &'static Kind,
        contact: u32,
        title: &str,
        course: &[(i64, &'static str)],
        now: i64,
    ) {
        let receipt = self.reference.extra.sights + 1;
        for (seconds, stat) in course.iter().copied() {
            self.reference.extra.sights += 1;
            let sight = Sight {
                id: self.reference.extra.sights,
                kind,
                stat,
                contact,
                receipt,
                title: title.to_owned(),
            };
            self.will_happen(kind.topic, Subject::Sight(sight), now + seconds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name_and_told_by_its_topic() {
        for kind in KINDS {
            assert_eq!(Kind::named(kind.name), Some(kind));
            assert_eq!(kind.topic.as_str(), format!("content_stat.{}", kind.name));
            assert_eq!(kind.stats[0], "receipt", "{}", kind.name);
        }
        assert_eq!(KINDS.len(), 15);
        assert_eq!(Kind::named("poster"), None);
    }
}

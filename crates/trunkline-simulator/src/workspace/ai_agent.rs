//! Fin's part in a conversation: what brought it there, what it answered, how that ended and how it was rated.
//!
//! The one rule: how it ended follows from the parts that came since it was told, so that every call and everything that
//! happens decides it alike. Read `presenter/ai_agent.rs` for the words that each version has for it.

use super::conversation::{Author, Part, PartKind};

/// What brought Fin into a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    EssentialsPlanSetup,
    Profile,
    Workflow,
    WorkflowPreview,
    FinPreview,
}

impl Source {
    pub(crate) const ALL: [Self; 5] = [
        Self::EssentialsPlanSetup,
        Self::Profile,
        Self::Workflow,
        Self::WorkflowPreview,
        Self::FinPreview,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::EssentialsPlanSetup => "essentials_plan_setup",
            Self::Profile => "profile",
            Self::Workflow => "workflow",
            Self::WorkflowPreview => "workflow_preview",
            Self::FinPreview => "fin_preview",
        }
    }
}

/// Of what kind Fin's last answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Ai,
    Custom,
}

impl Answer {
    pub(crate) const ALL: [Self; 2] = [Self::Ai, Self::Custom];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ai => "ai_answer",
            Self::Custom => "custom_answer",
        }
    }
}

/// How Fin's part ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Assumed,
    Confirmed,
    Escalated,
    NegativeFeedback,
    ProcedureHandoff,
}

impl Outcome {
    pub(crate) const ALL: [Self; 5] = [
        Self::Assumed,
        Self::Confirmed,
        Self::Escalated,
        Self::NegativeFeedback,
        Self::ProcedureHandoff,
    ];

    /// As versions since 2.15 call it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Assumed => "assumed_resolution",
            Self::Confirmed => "confirmed_resolution",
            Self::Escalated => "escalated",
            Self::NegativeFeedback => "negative_feedback",
            Self::ProcedureHandoff => "procedure_handoff",
        }
    }

    /// As versions up to 2.14 call it, which know of no procedures.
    pub(crate) fn before_2_15(self) -> &'static str {
        match self {
            Self::Escalated | Self::ProcedureHandoff => "routed_to_team",
            Self::NegativeFeedback => "abandoned",
            Self::Assumed | Self::Confirmed => self.as_str(),
        }
    }

    /// By either name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| [outcome.as_str(), outcome.before_2_15()].contains(&name))
    }
}

/// What somebody thought of Fin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rating {
    /// 1 to 5.
    pub(crate) score: u8,
    pub(crate) remark: Option<Box<str>>,
    pub(crate) created_at: Option<i64>,
    pub(crate) updated_at: Option<i64>,
}

/// Something that Fin answered from, as it was called then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// `article`, `content_snippet` and the like.
    pub(crate) kind: Box<str>,
    pub(crate) url: Box<str>,
    pub(crate) title: Box<str>,
    pub(crate) locale: Box<str>,
}

/// Fin's part in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AiAgent {
    pub(crate) source: Option<Source>,
    pub(crate) title: Option<Box<str>>,
    pub(crate) answer: Option<Answer>,
    /// How it stood when the conversation had `since` parts.
    pub(crate) told: Option<Outcome>,
    pub(crate) since: u32,
    pub(crate) rating: Option<Rating>,
    pub(crate) content: Vec<Content>,
}

impl AiAgent {
    /// Fin is there and has said nothing yet.
    pub(crate) fn joined(source: Source, title: Option<&str>) -> Self {
        Self {
            source: Some(source),
            title: title.map(Into::into),
            answer: None,
            told: None,
            since: 0,
            rating: None,
            content: Vec::new(),
        }
    }

    /// How it ended, as far as it did: nothing ends before Fin has answered.
    pub(crate) fn outcome(&self, parts: &[Part]) -> Option<Outcome> {
        let told = self.told;
        self.answer?;
        parts
            .iter()
            .skip(self.since as usize)
            .fold(told, |outcome, part| match (part.author, part.kind, outcome) {
                // Whoever goes on writing was not helped after all.
                (Author::Contact(_), _, Some(Outcome::Assumed | Outcome::Confirmed)) if part.speaks() => None,
                (_, PartKind::Close, None) => Some(Outcome::Assumed),
                (Author::Admin(_), PartKind::Assignment(_), None) => Some(Outcome::Escalated),
                (Author::Admin(_), _, None) if part.speaks() => Some(Outcome::Escalated),
                _ => outcome,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::conversation::{Assignee, Text};

    #[test]
    fn how_fin_ended_follows_from_what_came_after_its_answer() {
        use Author::{Admin, Bot, Contact};
        let part = |kind, author| Part::new(kind, author, 0, Text::Seeded(0));
        let answer = || part(PartKind::Comment, Bot);
        let close = |author| Part::new(PartKind::Close, author, 0, Text::None);
        let assignment = Part::new(PartKind::Assignment(Assignee::Team(1)), Admin(0), 0, Text::None);
        let check = |parts: &[Part], expected: Option<Outcome>| {
            let mut agent = AiAgent::joined(Source::Workflow, None);
            assert_eq!(
                agent.outcome(parts),
                None,
                "without an answer nothing ends: {parts:?}"
            );
            agent.answer = Some(Answer::Ai);
            assert_eq!(agent.outcome(parts), expected, "{parts:?}");
        };
        check(&[answer()], None);
        check(&[answer(), part(PartKind::Comment, Contact(0))], None);
        check(&[answer(), part(PartKind::Note, Admin(0))], None);
        check(&[answer(), close(Bot)], Some(Outcome::Assumed));
        check(&[answer(), close(Admin(0))], Some(Outcome::Assumed));
        check(&[answer(), assignment], Some(Outcome::Escalated));
        check(
            &[answer(), part(PartKind::Comment, Admin(0)), close(Admin(0))],
            Some(Outcome::Escalated),
        );
        check(&[answer(), close(Bot), part(PartKind::Comment, Contact(0))], None);
    }

    #[test]
    fn what_was_told_stands_until_parts_change_it() {
        let thanks = Part::new(PartKind::Comment, Author::Contact(0), 0, Text::Seeded(0));
        let told = AiAgent {
            answer: Some(Answer::Custom),
            told: Some(Outcome::Confirmed),
            since: 1,
            ..AiAgent::joined(Source::Profile, None)
        };
        assert_eq!(
            told.outcome(std::slice::from_ref(&thanks)),
            Some(Outcome::Confirmed)
        );
        assert_eq!(told.outcome(&[thanks.clone(), thanks]), None);
    }

    #[test]
    fn outcomes_are_known_by_the_names_of_all_versions() {
        for (name, expected) in [
            ("abandoned", Some(Outcome::NegativeFeedback)),
            ("negative_feedback", Some(Outcome::NegativeFeedback)),
            ("routed_to_team", Some(Outcome::Escalated)),
            ("procedure_handoff", Some(Outcome::ProcedureHandoff)),
            ("assumed_resolution", Some(Outcome::Assumed)),
            ("won", None),
        ] {
            assert_eq!(Outcome::named(name), expected, "{name}");
        }
    }
}

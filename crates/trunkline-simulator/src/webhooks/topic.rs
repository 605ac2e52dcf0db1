//! Every topic that an app can subscribe to, with the permission that it needs and the first version that has it (facts 7.4).
//!
//! The one rule: a name stands here exactly as the platform writes it. What says that something happened is `outbox.rs`.

use trunkline_catalog::Version;

/// Permissions by the labels of the Developer Hub; any one of them will do.
type Permissions = &'static [&'static str];

const READ_ADMINS: Permissions = &["Read admins"];
const READ_ARTICLES: Permissions = &["Read and List articles"];
const READ_API_LOGS: Permissions = &["Read API activity logs"];
const READ_AUDIENCES: Permissions = &["Read audiences"];
const READ_COMPANIES: Permissions = &[
    "Read and list users and companies",
    "Read one user and one company",
];
const READ_CONTACTS: Permissions = &[
    "Read and list users and companies",
    "Read one user and one company",
    "Read and write users",
];
const READ_CONTENT: Permissions = &["Read content"];
const READ_CONTENT_DATA: Permissions = &["Read content data"];
const READ_CONTENT_SNIPPETS: Permissions = &["Read content snippets"];
const READ_CONVERSATIONS: Permissions = &["Read conversations"];
const READ_DATA_CONNECTORS: Permissions = &["Read data connectors"];
const READ_EVENTS: Permissions = &["Read events"];
const READ_JOBS: Permissions = &["Read jobs", "Read status of jobs"];
const READ_TICKETS: Permissions = &["Read tickets"];
/// What needs no permission.
const ALWAYS: Permissions = &[];

macro_rules! topics {
    ($($name:ident = $text:literal, $permission:ident, $since:ident;)+) => {
        /// A topic.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Topic {
            $($name,)+
        }

        impl Topic {
            /// Every topic.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)+];

            /// The platform's name of it.
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// What an app must be allowed to do before it is told: any of these, or nothing when there are none.
            pub(crate) fn permissions(self) -> Permissions {
                match self {
                    $(Self::$name => $permission,)+
                }
            }

            /// The first version that has it.
            pub(crate) fn since(self) -> Version {
                match self {
                    $(Self::$name => Version::$since,)+
                }
            }
        }
    };
}

topics! {
    // Teammates.
    AdminAddedToWorkspace = "admin.added_to_workspace", READ_ADMINS, V2_7;
    AdminRemovedFromWorkspace = "admin.removed_from_workspace", READ_ADMINS, V2_7;
    AdminAwayModeUpdated = "admin.away_mode_updated", READ_ADMINS, V2_7;
    AdminActivityLogEventCreated = "admin.activity_log_event.created", READ_ADMINS, V2_7;
    AdminLoggedIn = "admin.logged_in", READ_ADMINS, V2_7;
    AdminLoggedOut = "admin.logged_out", READ_ADMINS, V2_7;
    // Articles.
    ArticleCreated = "article.created", READ_ARTICLES, V2_7;
    ArticleUpdated = "article.updated", READ_ARTICLES, V2_7;
    ArticlePublished = "article.published", READ_ARTICLES, V2_7;
    ArticleUnpublished = "article.unpublished", READ_ARTICLES, V2_7;
    ArticleDeleted = "article.deleted", READ_ARTICLES, V2_7;
    // Calls.
    CallStarted = "call.started", READ_CONVERSATIONS, V2_14;
    CallEnded = "call.ended", READ_CONVERSATIONS, V2_14;
    CallTranscriptionAvailable = "call.transcription_available", READ_CONVERSATIONS, V2_14;
    CallRecordingAvailable = "call.recording_available", READ_CONVERSATIONS, V2_14;
    // Companies.
    CompanyCreated = "company.created", READ_COMPANIES, V2_7;
    CompanyUpdated = "company.updated", READ_COMPANIES, V2_7;
    CompanyDeleted = "company.deleted", READ_COMPANIES, V2_7;
    CompanyContactAttached = "company.contact.attached", READ_COMPANIES, V2_7;
    CompanyContactDetached = "company.contact.detached", READ_COMPANIES, V2_7;
    // Contacts.
    ContactUserCreated = "contact.user.created", READ_CONTACTS, V2_7;
    ContactUserUpdated = "contact.user.updated", READ_CONTACTS, V2_7;
    ContactUserTagCreated = "contact.user.tag.created", READ_CONTACTS, V2_7;
    ContactUserTagDeleted = "contact.user.tag.deleted", READ_CONTACTS, V2_7;
    ContactLeadCreated = "contact.lead.created", READ_CONTACTS, V2_7;
    ContactLeadUpdated = "contact.lead.updated", READ_CONTACTS, V2_7;
    ContactLeadTagCreated = "contact.lead.tag.created", READ_CONTACTS, V2_7;
    ContactLeadTagDeleted = "contact.lead.tag.deleted", READ_CONTACTS, V2_7;
    ContactLeadAddedEmail = "contact.lead.added_email", READ_CONTACTS, V2_7;
    ContactLeadSignedUp = "contact.lead.signed_up", READ_CONTACTS, V2_7;
    ContactEmailUpdated = "contact.email.updated", READ_CONTACTS, V2_7;
    ContactArchived = "contact.archived", READ_CONTACTS, V2_7;
    ContactUnarchive = "contact.unarchive", READ_CONTACTS, V2_7;
    ContactDeleted = "contact.deleted", READ_CONTACTS, V2_7;
    ContactMerged = "contact.merged", READ_CONTACTS, V2_7;
    ContactSubscribed = "contact.subscribed", READ_CONTACTS, V2_7;
    ContactUnsubscribed = "contact.unsubscribed", READ_CONTACTS, V2_7;
    GranularSubscribe = "granular.subscribe", READ_CONTACTS, V2_7;
    GranularUnsubscribe = "granular.unsubscribe", READ_CONTACTS, V2_7;
    VisitorSignedUp = "visitor.signed_up", READ_CONTACTS, V2_7;
    // What people did with content.
    ContentStatBanner = "content_stat.banner", READ_CONTENT_DATA, V2_7;
    ContentStatCarousel = "content_stat.carousel", READ_CONTENT_DATA, V2_7;
    ContentStatChat = "content_stat.chat", READ_CONTENT_DATA, V2_7;
    ContentStatChecklist = "content_stat.checklist", READ_CONTENT_DATA, V2_7;
    ContentStatCustomBot = "content_stat.custom_bot", READ_CONTENT_DATA, V2_7;
    ContentStatEmail = "content_stat.email", READ_CONTENT_DATA, V2_7;
    ContentStatNewsItem = "content_stat.news_item", READ_CONTENT_DATA, V2_7;
    ContentStatPost = "content_stat.post", READ_CONTENT_DATA, V2_7;
    ContentStatPush = "content_stat.push", READ_CONTENT_DATA, V2_7;
    ContentStatSeries = "content_stat.series", READ_CONTENT_DATA, V2_7;
    ContentStatSeriesWebhook = "content_stat.series.webhook", READ_CONTENT_DATA, V2_7;
    ContentStatSms = "content_stat.sms", READ_CONTENT_DATA, V2_7;
    ContentStatSurvey = "content_stat.survey", READ_CONTENT_DATA, V2_7;
    ContentStatTooltipGroup = "content_stat.tooltip_group", READ_CONTENT_DATA, V2_7;
    ContentStatTour = "content_stat.tour", READ_CONTENT_DATA, V2_7;
    // Conversations.
    ConversationUserCreated = "conversation.user.created", READ_CONVERSATIONS, V2_7;
    ConversationUserReplied = "conversation.user.replied", READ_CONVERSATIONS, V2_7;
    ConversationAdminReplied = "conversation.admin.replied", READ_CONVERSATIONS, V2_7;
    ConversationAdminNoted = "conversation.admin.noted", READ_CONVERSATIONS, V2_7;
    ConversationAdminClosed = "conversation.admin.closed", READ_CONVERSATIONS, V2_7;
    ConversationAdminOpened = "conversation.admin.opened", READ_CONVERSATIONS, V2_7;
    ConversationAdminSnoozed = "conversation.admin.snoozed", READ_CONVERSATIONS, V2_7;
    ConversationAdminUnsnoozed = "conversation.admin.unsnoozed", READ_CONVERSATIONS, V2_7;
    ConversationAdminAssigned = "conversation.admin.assigned", READ_CONVERSATIONS, V2_7;
    ConversationAdminOpenAssigned = "conversation.admin.open.assigned", READ_CONVERSATIONS, V2_7;
    ConversationAdminSingleCreated = "conversation.admin.single.created", READ_CONVERSATIONS, V2_7;
    ConversationOperatorReplied = "conversation.operator.replied", READ_CONVERSATIONS, V2_14;
    ConversationContactAttached = "conversation.contact.attached", READ_CONVERSATIONS, V2_7;
    ConversationContactDetached = "conversation.contact.detached", READ_CONVERSATIONS, V2_7;
    ConversationCompanyUpdated = "conversation.company.updated", READ_CONVERSATIONS, V2_15;
    ConversationDeleted = "conversation.deleted", READ_CONVERSATIONS, V2_7;
    ConversationRead = "conversation.read", READ_CONVERSATIONS, V2_7;
    ConversationPriorityUpdated = "conversation.priority.updated", READ_CONVERSATIONS, V2_7;
    ConversationRatingAdded = "conversation.rating.added", READ_CONVERSATIONS, V2_7;
    ConversationPartRedacted = "conversation_part.redacted", READ_CONVERSATIONS, V2_7;
    ConversationPartTagCreated = "conversation_part.tag.created", READ_CONVERSATIONS, V2_7;
    ConversationAdminRepliedTranslated = "conversation.admin.replied.translated", READ_CONVERSATIONS, V2_16;
    // Events, jobs and calls of the API.
    EventCreated = "event.created", READ_EVENTS, V2_7;
    JobCompleted = "job.completed", READ_JOBS, V2_14;
    ApiRequestCompleted = "api.request.completed", READ_API_LOGS, V2_15;
    // Tickets.
    TicketCreated = "ticket.created", READ_TICKETS, V2_9;
    TicketStateUpdated = "ticket.state.updated", READ_TICKETS, V2_9;
    TicketNoteCreated = "ticket.note.created", READ_TICKETS, V2_9;
    TicketAdminAssigned = "ticket.admin.assigned", READ_TICKETS, V2_9;
    TicketTeamAssigned = "ticket.team.assigned", READ_TICKETS, V2_9;
    TicketContactAttached = "ticket.contact.attached", READ_TICKETS, V2_9;
    TicketContactDetached = "ticket.contact.detached", READ_TICKETS, V2_9;
    TicketAttributeUpdated = "ticket.attribute.updated", READ_TICKETS, V2_9;
    TicketAdminReplied = "ticket.admin.replied", READ_TICKETS, V2_9;
    TicketContactReplied = "ticket.contact.replied", READ_TICKETS, V2_9;
    TicketClosed = "ticket.closed", READ_TICKETS, V2_9;
    TicketRatingProvided = "ticket.rating.provided", READ_TICKETS, V2_9;
    TicketResolved = "ticket.resolved", READ_TICKETS, V2_15;
    TicketAdminRepliedTranslated = "ticket.admin.replied.translated", READ_TICKETS, V2_16;
    // Preview.
    AudienceCreated = "audience.created", READ_AUDIENCES, Preview;
    AudienceUpdated = "audience.updated", READ_AUDIENCES, Preview;
    AudienceDeleted = "audience.deleted", READ_AUDIENCES, Preview;
    AudienceMemberAdded = "audience.member_added", READ_AUDIENCES, Preview;
    AudienceMemberRemoved = "audience.member_removed", READ_AUDIENCES, Preview;
    ContentImportSourceCreated = "content_import_source.created", READ_CONTENT, Preview;
    ContentImportSourceUpdated = "content_import_source.updated", READ_CONTENT, Preview;
    ContentImportSourceDeleted = "content_import_source.deleted", READ_CONTENT, Preview;
    ContentSnippetCreated = "content_snippet.created", READ_CONTENT_SNIPPETS, Preview;
    ContentSnippetUpdated = "content_snippet.updated", READ_CONTENT_SNIPPETS, Preview;
    ContentSnippetDeleted = "content_snippet.deleted", READ_CONTENT_SNIPPETS, Preview;
    DataConnectorExecutionCompleted = "data_connector.execution.completed", READ_DATA_CONNECTORS, Preview;
    ProcedureHitlNotificationCreated = "procedure.hitl_notification.created", READ_CONVERSATIONS, Preview;
    // Always.
    Ping = "ping", ALWAYS, V2_7;
}

impl Topic {
    /// The topic of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|topic| topic.as_str() == name)
    }

    /// The names that are most like this one, best first.
    pub(crate) fn near(name: &str) -> Vec<&'static str> {
        // What is much longer than any topic is near none.
        let short: String = name.chars().take(100).collect();
        // Whoever leaves a word out means a topic that has all the others.
        let lacks = |known: &str| {
            !name
                .split('.')
                .all(|word| !word.is_empty() && known.split('.').any(|held| held.starts_with(word)))
        };
        let mut all: Vec<(bool, usize, &'static str)> = Self::ALL
            .iter()
            .map(|topic| topic.as_str())
            .map(|known| (lacks(known), strsim::levenshtein(&short, known), known))
            .collect();
        all.sort_unstable();
        all.into_iter().take(3).map(|(.., known)| known).collect()
    }

    /// One of two topics that differ by who it is about.
    pub(crate) fn of_role(is_lead: bool, lead: Self, user: Self) -> Self {
        if is_lead { lead } else { user }
    }
}

/// A set of topics, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Topics(u128);

impl Topics {
    /// All topics that a version has.
    pub(crate) fn of_version(version: Version) -> Self {
        let mut all = Self::default();
        for topic in Topic::ALL.iter().filter(|topic| topic.since() <= version) {
            all.insert(*topic);
        }
        all
    }

    pub(crate) fn insert(&mut self, topic: Topic) {
        self.0 |= 1 << topic as u32;
    }

    pub(crate) fn remove(&mut self, topic: Topic) {
        self.0 &= !(1 << topic as u32);
    }

    pub(crate) fn contains(self, topic: Topic) -> bool {
        self.0 >> topic as u32 & 1 == 1
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_has_a_bit_and_a_name_of_its_own() {
        assert!(Topic::ALL.len() <= 128, "{} do not fit", Topic::ALL.len());
        for (place, topic) in Topic::ALL.iter().enumerate() {
            assert_eq!(*topic as usize, place);
            assert_eq!(Topic::named(topic.as_str()), Some(*topic), "{topic:?}");
        }
    }

    #[test]
    fn a_mistyped_topic_is_near_the_right_one() {
        for (typed, meant) in [
            ("contact.created", "contact.user.created"),
            ("contact.create", "contact.lead.created"),
            ("contact.user.create", "contact.user.created"),
            ("conversation.admin.reply", "conversation.admin.replied"),
            ("tickets.created", "ticket.created"),
            ("conversations.read", "conversation.read"),
        ] {
            assert!(
                Topic::near(typed).contains(&meant),
                "{typed}: {:?}",
                Topic::near(typed)
            );
        }
    }

    #[test]
    fn a_version_has_only_what_came_before_or_with_it() {
        for (topic, since) in [
            (Topic::TicketResolved, Version::V2_15),
            (Topic::JobCompleted, Version::V2_14),
            (Topic::AudienceCreated, Version::Preview),
        ] {
            for version in Version::ALL {
                assert_eq!(
                    Topics::of_version(version).contains(topic),
                    version >= since,
                    "{topic:?} {version}"
                );
            }
        }
    }
}

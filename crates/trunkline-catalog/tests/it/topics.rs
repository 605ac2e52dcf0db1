//! Topics, and the names and patterns by which they are chosen.

use trunkline_catalog::{Catalog, Topic, TopicChange, Version};

fn names(topics: &[&Topic]) -> Vec<&'static str> {
    topics.iter().map(|topic| topic.name).collect()
}

#[test]
fn every_topic_says_when_whom_and_what() {
    for topic in Catalog::embedded().topics() {
        let name = topic.name;
        assert!(
            topic.summary.ends_with('.') && topic.summary.len() <= 90,
            "{name}"
        );
        if topic.stream.is_none() {
            assert_eq!(topic.change, TopicChange::Other, "{name}");
        }
        let ends = [
            (".updated", TopicChange::Updated),
            (".deleted", TopicChange::Deleted),
            (".attached", TopicChange::Attached),
            (".detached", TopicChange::Detached),
            (".merged", TopicChange::Merged),
        ];
        let is_tag = name.contains(".tag.");
        for (end, change) in ends {
            if topic.stream.is_some() && !is_tag && name.ends_with(end) {
                assert_eq!(topic.change, change, "{name}");
            }
        }
        let free = ["ping", "conversation.read"].contains(&name);
        assert_eq!(topic.permissions.is_empty(), free, "{name}");
    }
    assert_eq!(Catalog::embedded().topics().len(), 108);
}

#[test]
fn names_and_patterns_expand_to_topics_once_and_in_order() {
    let catalog = Catalog::embedded();
    let all = names(&catalog.expand_topics(&["*"]).unwrap());
    assert_eq!(all.len(), catalog.topics().len());
    for (chosen, expected) in [
        (&["ping"][..], &["ping"][..]),
        (
            &["contact.created"],
            &["contact.user.created", "contact.lead.created"],
        ),
        (
            &["conversation.created"],
            &["conversation.user.created", "conversation.admin.single.created"],
        ),
        (&[" granular.* "], &["granular.subscribe", "granular.unsubscribe"]),
        (
            &["contact.lead.created", "contact.user.created", "contact.created"],
            &["contact.user.created", "contact.lead.created"],
        ),
    ] {
        assert_eq!(
            names(&catalog.expand_topics(chosen).unwrap()),
            expected,
            "{chosen:?}"
        );
    }
    let updated = names(&catalog.expand_topics(&["conversation.updated"]).unwrap());
    for (name, is_meant) in [
        ("conversation.user.replied", true),
        ("conversation.admin.closed", true),
        ("conversation_part.redacted", true),
        ("conversation.user.created", false),
        ("conversation.deleted", false),
        ("contact.user.updated", false),
    ] {
        assert_eq!(updated.contains(&name), is_meant, "{name}");
    }
    assert!(names(&catalog.expand_topics(&["conversation.*"]).unwrap()).len() > 15);
    assert!(catalog.expand_topics::<&str>(&[]).unwrap().is_empty());
}

#[test]
fn a_name_that_stands_for_nothing_is_refused_with_what_looks_like_it() {
    for (name, near) in [
        ("contact.user.create", Some("contact.user.created")),
        ("conversation.admin.reply", Some("conversation.admin.replied")),
        ("tickets.created", Some("ticket.created")),
        ("conversations.*", Some("conversation.read")),
        ("user.created", Some("contact.user.created")),
        ("company", Some("company.created")),
        ("zzzz", None),
        ("", None),
    ] {
        let error = Catalog::embedded().expand_topics(&["ping", name]).unwrap_err();
        assert_eq!(error.code(), "TL0213");
        assert_eq!(error.name, name);
        match near {
            Some(near) => assert!(error.near.contains(&near), "{name}: {:?}", error.near),
            None => assert!(error.near.is_empty(), "{name}: {:?}", error.near),
        }
        assert!(error.to_string().contains(&format!("{name:?}")) && !error.advice().is_empty());
    }
}

#[test]
fn a_topic_is_found_by_its_name_and_says_since_when() {
    let topic = Catalog::embedded().topic("ticket.resolved").unwrap();
    assert_eq!(topic.since, Version::V2_15);
    assert_eq!(topic.stream, Some("tickets"));
    assert_eq!(topic.permissions, ["Read tickets"]);
    assert!(Catalog::embedded().topic("contact.created").is_none());
}

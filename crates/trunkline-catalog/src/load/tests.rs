//! Malformed lines are refused with their place; the embedded texts are whole.

use super::{Sources, load};
use crate::CatalogError;

const GOOD: Sources = Sources {
    operations: "# made\nmethod\tpath\tupstream_id\ttag\tfirst\tlast\tbody\tsuccess\n\
        GET\t/tags/{id}\tfindTag\tTags\t2.7\tPreview\tnone\t200\n",
    parameters: "method\tpath\tin\tname\ttype\trequired\tenum\tfirst\tlast\n\
        GET\t/tags/{id}\tpath\tid\tstring\t1\t\t2.7\tPreview\n",
    body_fields: "method\tpath\talternative\tname\ttype\trequired\tnullable\tenum\tfirst\tlast\n",
    errors: "method\tpath\tstatus\tcode\n",
    corrections: "method\tpath\tchange\tname\ttype\twhy\n\
        GET\t/tags/{id}\tadd\tper_page\tinteger\tIt is read.\n",
    overlay: "method\tpath\tid\teffect\tpage\tsearch\trate\tpermission\tsummary\n\
        GET\t/tags/{id}\ttags.get\tread\tsingle\t\tdefault\tRead tags\tOne tag.\n",
    streams: "name\tkind\tread\toperation\tsince\tprimary_key\tcursor\tparent\tlist\tcomplete_with\tpermission\tsummary\n\
        tags\tcollection\twhole_list\ttags.get\t2.7\tid\t\t\t\t\tRead tags\tTags.\n",
    topics: "topic\tsince\tpermissions\tstream\tchange\tsummary\n\
        tag.created\t2.7\tRead tags\ttags\tcreated\tA tag is new.\n",
    topic_aliases: "name\ttopics\tsummary\n\
        tag.new\ttag.created\tA tag is new.\n",
};

/// `text` with its last line changed.
fn changed(text: &str, from: &str, to: &str) -> &'static str {
    let (before, last) = text
        .trim_end()
        .rsplit_once('\n')
        .expect("a table has a header and a line");
    assert!(last.contains(from), "{from:?} stands in {last:?}");
    Box::leak(format!("{before}\n{}\n", last.replacen(from, to, 1)).into_boxed_str())
}

fn with(text: &str, line: &str) -> &'static str {
    Box::leak(format!("{text}{line}\n").into_boxed_str())
}

fn check(sources: &Sources, code: &str, place: &str) {
    let error: CatalogError = load(sources).expect_err(place);
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().starts_with(place), "{error} names {place}");
    assert!(!error.advice().is_empty());
}

#[test]
fn a_well_formed_catalog_is_read() {
    let loaded = load(&GOOD).expect("the texts are well formed");
    assert_eq!(loaded.operations[0].id, "tags.get");
    assert_eq!(loaded.operations[0].path_parameters[0].name, "id");
    assert_eq!(loaded.streams[0].primary_key, ["id"]);
    assert_eq!(loaded.topics[0].stream, Some("tags"));
    assert_eq!(loaded.topic_aliases[0].topics, ["tag.created"]);
}

#[test]
fn the_embedded_catalog_is_whole() {
    if let Err(error) = load(&Sources::EMBEDDED) {
        panic!("{error}");
    }
}

#[test]
fn a_malformed_operation_is_refused_with_its_place() {
    let file = "tables/operations.tsv:3";
    for (from, to, code) in [
        ("\t200", "", "TL0401"),
        ("\t200", "\t200\t", "TL0401"),
        ("GET", "get", "TL0402"),
        ("/tags/{id}", "tags/{id}", "TL0402"),
        ("Tags\t2.7", "\t2.7", "TL0402"),
        ("2.7", "2.6", "TL0402"),
        ("2.7\tPreview", "2.8\t2.7", "TL0402"),
        ("none", "maybe", "TL0402"),
        ("200", "ok", "TL0402"),
        ("200", "", "TL0402"),
    ] {
        check(
            &Sources {
                operations: changed(GOOD.operations, from, to),
                ..GOOD
            },
            code,
            file,
        );
    }
    let twice = with(
        GOOD.operations,
        "GET\t/tags/{id}\t\tTags\t2.7\tPreview\tnone\t200",
    );
    check(
        &Sources {
            operations: twice,
            ..GOOD
        },
        "TL0404",
        "tables/operations.tsv:4",
    );
    check(
        &Sources {
            operations: "",
            ..GOOD
        },
        "TL0401",
        "tables/operations.tsv:1",
    );
    check(
        &Sources {
            operations: "method\tpath\n",
            ..GOOD
        },
        "TL0401",
        "tables/operations.tsv:1",
    );
}

#[test]
fn a_malformed_parameter_is_refused_with_its_place() {
    for (from, to, code) in [
        ("/tags/{id}", "/gone/{id}", "TL0403"),
        ("\tpath\t", "\theader\t", "TL0402"),
        ("string", "text", "TL0402"),
        ("\t1\t", "\tyes\t", "TL0402"),
        ("\tid\t", "\t\t", "TL0402"),
    ] {
        let parameters = changed(GOOD.parameters, from, to);
        check(&Sources { parameters, ..GOOD }, code, "tables/parameters.tsv:2");
    }
    let line = "GET\t/tags/{id}\tpath\tid\tstring\t1\t\t2.7\tPreview";
    check(
        &Sources {
            parameters: with(GOOD.parameters, line),
            ..GOOD
        },
        "TL0404",
        "tables/parameters.tsv:3",
    );
    let other = changed(GOOD.parameters, "\tid\t", "\tother\t");
    check(
        &Sources {
            parameters: other,
            ..GOOD
        },
        "TL0405",
        "tables/parameters.tsv",
    );
}

#[test]
fn a_malformed_body_field_or_error_is_refused_with_its_place() {
    for (line, code) in [
        ("GET\t/tags/{id}\t0\tname\tstring\t1\t0\t\t2.7\t2.6", "TL0402"),
        ("GET\t/tags/{id}\tx\tname\tstring\t1\t0\t\t2.7\t2.8", "TL0402"),
        ("GET\t/tags/{id}\t0\tname\tstring\t1\t2\t\t2.7\t2.8", "TL0402"),
        ("PUT\t/tags/{id}\t0\tname\tstring\t1\t0\t\t2.7\t2.8", "TL0403"),
        ("GET\t/tags/{id}\t0", "TL0401"),
    ] {
        let body_fields = with(GOOD.body_fields, line);
        check(&Sources { body_fields, ..GOOD }, code, "tables/body_fields.tsv:2");
    }
    for (line, code) in [
        ("GET\t/tags/{id}\tbad\tnot_found", "TL0402"),
        ("GET\t/gone\t404\tnot_found", "TL0403"),
        ("GET\t/tags/{id}\t404", "TL0401"),
        ("", "TL0401"),
    ] {
        let errors = with(GOOD.errors, line);
        check(&Sources { errors, ..GOOD }, code, "tables/errors.tsv:2");
    }
}

#[test]
fn a_malformed_overlay_line_is_refused_with_its_place() {
    for (from, to, code) in [
        ("tags.get", "tags", "TL0402"),
        ("tags.get", "Tags.get", "TL0402"),
        ("tags.get", "tags.get.one", "TL0402"),
        ("\tread\t", "\treads\t", "TL0402"),
        ("single", "single 5/10", "TL0402"),
        ("single", "offset", "TL0402"),
        ("single", "offset 20", "TL0402"),
        ("single", "offset 20/10", "TL0402"),
        ("single", "offset 0/10", "TL0402"),
        ("\t\tdefault", "\tminute\tdefault", "TL0402"),
        ("default", "fast", "TL0402"),
        ("One tag.", "", "TL0402"),
        ("/tags/{id}", "/tags/{tag_id}", "TL0403"),
    ] {
        let overlay = changed(GOOD.overlay, from, to);
        check(&Sources { overlay, ..GOOD }, code, "overlays/operations.tsv:2");
    }
    let line = "GET\t/tags/{id}\ttags.find\tread\tsingle\t\tdefault\t\tOne tag.";
    check(
        &Sources {
            overlay: with(GOOD.overlay, line),
            ..GOOD
        },
        "TL0404",
        "overlays/operations.tsv:3",
    );
    let none = "method\tpath\tid\teffect\tpage\tsearch\trate\tpermission\tsummary\n";
    check(
        &Sources {
            overlay: none,
            ..GOOD
        },
        "TL0405",
        "overlays/operations.tsv",
    );
}

#[test]
fn a_malformed_stream_is_refused_with_its_place() {
    for (from, to, code) in [
        ("collection", "list", "TL0402"),
        ("whole_list", "some", "TL0402"),
        ("tags.get", "tags.gone", "TL0403"),
        ("2.7", "1.0", "TL0402"),
        ("\tid\t", "\t\t", "TL0402"),
        ("id\t\t\t", "id\t\ttags\t", "TL0403"),
        ("\t\tRead tags", "\ttags.get\tRead tags", "TL0402"),
        ("Tags.", "", "TL0402"),
        ("tags\t", "\t", "TL0402"),
    ] {
        let streams = changed(GOOD.streams, from, to);
        check(&Sources { streams, ..GOOD }, code, "overlays/streams.tsv:2");
    }
    let line = "tags\tcollection\twhole_list\ttags.get\t2.7\tid\t\t\t\t\t\tTags.";
    check(
        &Sources {
            streams: with(GOOD.streams, line),
            ..GOOD
        },
        "TL0404",
        "overlays/streams.tsv:3",
    );
}

#[test]
fn a_correction_that_corrects_nothing_is_refused_with_its_place() {
    let file = "overlays/corrections.tsv:2";
    for (from, to, code) in [
        ("add", "drop", "TL0403"),
        ("add", "change", "TL0402"),
        ("/tags/{id}", "/tags", "TL0403"),
        ("per_page", "", "TL0402"),
        ("integer", "number of rows", "TL0402"),
        ("It is read.", "", "TL0402"),
    ] {
        check(
            &Sources {
                corrections: changed(GOOD.corrections, from, to),
                ..GOOD
            },
            code,
            file,
        );
    }
    let twice = with(
        GOOD.corrections,
        "GET\t/tags/{id}\tadd\tper_page\tinteger\tIt is read.",
    );
    check(
        &Sources {
            corrections: twice,
            ..GOOD
        },
        "TL0404",
        "overlays/corrections.tsv:3",
    );
}

#[test]
fn a_malformed_topic_is_refused_with_its_place() {
    for (from, to, code) in [
        ("tag.created", "", "TL0402"),
        ("2.7", "2.6", "TL0402"),
        ("\ttags\t", "\tlabels\t", "TL0403"),
        ("\tcreated\t", "\tmade\t", "TL0402"),
        ("A tag is new.", "", "TL0402"),
        ("A tag is new.", "A tag\tis new.", "TL0401"),
    ] {
        let topics = changed(GOOD.topics, from, to);
        check(&Sources { topics, ..GOOD }, code, "overlays/topics.tsv:2");
    }
    let topics = with(GOOD.topics, "tag.created\t2.7\t\t\tother\tAgain.");
    check(&Sources { topics, ..GOOD }, "TL0404", "overlays/topics.tsv:3");
}

#[test]
fn a_malformed_name_of_several_topics_is_refused_with_its_place() {
    for (from, to, code) in [
        ("tag.new", "", "TL0402"),
        ("tag.new", "tag.created", "TL0404"),
        ("\ttag.created\t", "\t\t", "TL0402"),
        ("\ttag.created\t", "\ttag.made\t", "TL0403"),
        ("A tag is new.", "", "TL0402"),
    ] {
        let topic_aliases = changed(GOOD.topic_aliases, from, to);
        let sources = Sources {
            topic_aliases,
            ..GOOD
        };
        check(&sources, code, "overlays/topic_aliases.tsv:2");
    }
}

//! Which field a column is likely to be, by its name.
//!
//! The one rule: only what is the same name in other letters, or a name that another connector has for the field, is guessed; the rest is
//! left to whoever looks.

use crate::api::actions::OtherName;

/// Other words for fields that many tables have.
const SAME: [(&str, &[&str]); 6] = [
    ("email", &["mail", "emailaddress", "useremail", "contactemail"]),
    ("name", &["fullname", "contactname", "displayname"]),
    ("external_id", &["userid", "customerid", "customernumber"]),
    ("phone", &["phonenumber", "telephone", "mobile"]),
    ("company_id", &["companynumber", "accountid"]),
    ("tag_name", &["tag"]),
];

/// A name without what people write differently.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The field of a column; each field is guessed once.
pub(super) fn field<'f>(
    column: &str,
    fields: &[&'f str],
    names: &[OtherName],
    taken: &[&str],
) -> Option<&'f str> {
    let wanted = plain(column);
    let free = |field: &&&'f str| !taken.contains(*field);
    let own = |field: &&&'f str| {
        let last = field.rsplit('.').next().unwrap_or(field);
        plain(field) == wanted || plain(last) == wanted
    };
    let same = |field: &&&'f str| {
        SAME.iter()
            .any(|(known, words)| *known == **field && words.contains(&wanted.as_str()))
    };
    let elsewhere = |field: &&&'f str| {
        names
            .iter()
            .any(|name| plain(name.field) == wanted && name.our_fields.contains(*field))
    };
    let whole = |field: &&&'f str| ***field == *column;
    fields
        .iter()
        .filter(free)
        .find(whole)
        .or_else(|| fields.iter().filter(free).find(own))
        .or_else(|| fields.iter().filter(free).find(same))
        .or_else(|| fields.iter().filter(free).find(elsewhere))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_known_by_its_name_in_other_letters_or_by_another_connectors_word() {
        let fields = [
            "email",
            "name",
            "external_id",
            "custom_attributes",
            "path.id",
            "role",
        ];
        let names = [OtherName {
            system: "Make",
            module: "Create a Contact",
            field: "Kind of contact",
            our_fields: vec!["role"],
            note: "",
        }];
        for (column, taken, expected) in [
            ("email", &[][..], Some("email")),
            ("E-Mail", &[], Some("email")),
            (" Email address ", &[], Some("email")),
            ("email", &["email"], None),
            ("External ID", &[], Some("external_id")),
            ("Full name", &[], Some("name")),
            ("ID", &[], Some("path.id")),
            ("kind-of-contact", &[], Some("role")),
            ("Notes", &[], None),
            ("", &[], None),
        ] {
            assert_eq!(
                field(column, &fields, &names, taken),
                expected,
                "{column:?} {taken:?}"
            );
        }
    }
}

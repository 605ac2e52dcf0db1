//! Any sequence of upserts over a few identities, held against a model of what must come of it.
//!
//! The one rule: the model knows nothing of searches, lags, races or conflicts; it has a list of people.

use std::cell::Cell;

use proptest::{
    collection::vec,
    option,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use trunkline_actions::Workspace;

use super::Office;

/// Something that happens.
#[derive(Clone, Debug)]
enum Step {
    /// An upsert, in one of two processes.
    Upsert {
        in_second: bool,
        own: Option<u8>,
        email: Option<u8>,
        name: u8,
    },
    /// Somebody else makes a contact, if none has the identity.
    Others { own: Option<u8>, email: Option<u8> },
    /// Time passes: less than the search takes, or more than anything is remembered.
    Wait { long: bool },
    /// Somebody else archives the nth person, and later it goes on.
    Archive { nth: u8 },
    /// Somebody else removes the nth person.
    Remove { nth: u8 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let identity = || (option::weighted(0.7, 0..3_u8), option::weighted(0.7, 0..3_u8));
    let step = prop_oneof![
        8 => (any::<bool>(), identity(), 0..3_u8).prop_map(|(in_second, (own, email), name)| Step::Upsert {
            in_second, own, email: email.or_else(|| own.is_none().then_some(0)), name,
        }),
        2 => identity().prop_map(|(own, email)| Step::Others { own, email }),
        2 => any::<bool>().prop_map(|long| Step::Wait { long }),
        1 => (0..4_u8).prop_map(|nth| Step::Archive { nth }),
        1 => (0..4_u8).prop_map(|nth| Step::Remove { nth }),
    ];
    vec(step, 1..14)
}

/// A person of the model.
#[derive(Clone, Debug, PartialEq)]
struct Person {
    id: Value,
    own: Option<String>,
    email: Option<String>,
    name: Option<String>,
    archived: bool,
}

/// What must come of an upsert.
#[derive(Debug, PartialEq)]
enum Expected {
    /// This person, with this outcome.
    One(usize, &'static str),
    /// A new person.
    New,
    /// Nobody is changed.
    Refused,
}

fn expected(people: &[Person], own: Option<&String>, email: Option<&String>, name: &str) -> Expected {
    let by_own = people
        .iter()
        .position(|person| own.is_some() && person.own.as_ref() == own);
    let by_email = people
        .iter()
        .position(|person| email.is_some() && person.email.as_ref() == email);
    let place = match (by_own, by_email) {
        (Some(one), Some(other)) if one != other => return Expected::Refused,
        (Some(one), _) => one,
        (None, Some(other)) if own.is_some() && people[other].own.is_some() => return Expected::Refused,
        (None, Some(other)) => other,
        (None, None) => return Expected::New,
    };
    let person = &people[place];
    let is_so = (own.is_none() || person.own.as_ref() == own)
        && (email.is_none() || person.email.as_ref() == email)
        && person.name.as_deref() == Some(name);
    let outcome = match (person.archived, is_so) {
        (true, _) => "unarchived",
        (false, true) => "unchanged",
        (false, false) => "updated",
    };
    Expected::One(place, outcome)
}

/// The people who are listed, in the simulator's truth and in the model.
fn assert_same(office: &Office, people: &[Person], prefix: &str, after: &Step) {
    let mut truth: Vec<[Value; 4]> = office
        .actor
        .simulator
        .truth("contacts", "2.16")
        .into_iter()
        .map(|contact| ["id", "external_id", "email", "name"].map(|field| contact[field].clone()))
        .filter(|[_, own, email, _]| {
            [own, email]
                .iter()
                .any(|value| value.as_str().is_some_and(|text| text.starts_with(prefix)))
        })
        .collect();
    let mut model: Vec<[Value; 4]> = people
        .iter()
        .filter(|person| !person.archived)
        .map(|person| {
            [
                person.id.clone(),
                json!(person.own),
                json!(person.email),
                json!(person.name),
            ]
        })
        .collect();
    for list in [&mut truth, &mut model] {
        list.sort_by_key(|fields| fields[0].to_string());
    }
    assert_eq!(truth, model, "after {after:?}");
}

fn run(office: &Office, places: &[Workspace; 2], prefix: &str, steps: &[Step]) {
    let own_id = |number: Option<u8>| number.map(|number| format!("{prefix}u{number}"));
    let address = |number: Option<u8>| number.map(|number| format!("{prefix}e{number}@paper.example"));
    let mut people: Vec<Person> = Vec::new();
    for step in steps {
        match step {
            Step::Upsert {
                in_second,
                own,
                email,
                name,
            } => {
                let (own, email, name) = (own_id(*own), address(*email), format!("Name {name}"));
                let mut input = json!({"name": name});
                for (field, value) in [("external_id", &own), ("email", &email)] {
                    if let Some(value) = value {
                        input[field] = json!(value);
                    }
                }
                let place = &places[usize::from(*in_second)];
                let outcome = office.call_in(place, "contacts.upsert", input);
                match (expected(&people, own.as_ref(), email.as_ref(), &name), outcome) {
                    (Expected::Refused, Err(error)) => {
                        assert_eq!(error.code(), "TL0734", "{step:?} {error}");
                        // Whoever was brought back before the conflict showed stays so.
                        let listed = office.actor.simulator.truth("contacts", "2.16");
                        for person in &mut people {
                            person.archived &= listed.iter().all(|contact| contact["id"] != person.id);
                        }
                    }
                    (Expected::New, Ok(outcome)) => {
                        assert_eq!(outcome.output["outcome"], "created", "{step:?}");
                        people.push(Person {
                            id: outcome.output["contact"]["id"].clone(),
                            own,
                            email,
                            name: Some(name),
                            archived: false,
                        });
                    }
                    (Expected::One(number, word), Ok(outcome)) => {
                        let person = &mut people[number];
                        assert_eq!(outcome.output["contact"]["id"], person.id, "{step:?}");
                        assert_eq!(outcome.output["outcome"], word, "{step:?}");
                        person.own = own.or(person.own.take());
                        person.email = email.or(person.email.take());
                        person.name = Some(name);
                        person.archived = false;
                    }
                    (expected, outcome) => panic!("{step:?}: {expected:?} was expected, not {outcome:?}"),
                }
            }
            Step::Others { own, email } => {
                let (own, email) = (own_id(*own), address(*email));
                let body = json!({"external_id": own, "email": email});
                let (status, contact) = office.actor.simulator.api("POST", "/contacts", Some(&body));
                if status == 200 {
                    people.push(Person {
                        id: contact["id"].clone(),
                        own,
                        email,
                        name: None,
                        archived: false,
                    });
                }
            }
            Step::Wait { long } => office.pass(if *long { 700 } else { 30 }),
            Step::Archive { nth } => {
                if let Some(person) = people.get_mut(usize::from(*nth)) {
                    let path = format!("/contacts/{}/archive", person.id.as_str().unwrap());
                    assert_eq!(office.actor.simulator.api("POST", &path, None).0, 200);
                    person.archived = true;
                    // Who was written a moment ago is taken to be there still.
                    office.pass(700);
                }
            }
            Step::Remove { nth } => {
                if usize::from(*nth) < people.len() {
                    let person = people.remove(usize::from(*nth));
                    let path = format!("/contacts/{}", person.id.as_str().unwrap());
                    assert_eq!(office.actor.simulator.api("DELETE", &path, None).0, 200);
                }
            }
        }
        assert_same(office, &people, prefix, step);
    }
}

#[test]
fn any_sequence_of_upserts_ends_as_a_list_of_people_would() {
    let office = Office::new();
    let places = [office.actor.workspace.clone(), office.another()];
    let case = Cell::new(0_u32);
    let config = Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(
        config,
        prop::test_runner::TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
    )
    .run(&steps(), |steps| {
        case.set(case.get() + 1);
        run(&office, &places, &format!("c{}-", case.get()), &steps);
        Ok(())
    })
    .unwrap();
}

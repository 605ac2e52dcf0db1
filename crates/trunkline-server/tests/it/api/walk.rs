//! Every route of the description, walked: with every role, for good and for bad.

use serde_json::{Value, json};

use super::{
    cases::{self, Case},
    shape,
    world::{Answer, ROLES, World},
};

const METHODS: [&str; 4] = ["get", "post", "patch", "delete"];

/// A route as it is described.
struct Route<'d> {
    id: &'d str,
    method: &'d str,
    path: &'d str,
    role: &'d str,
    described: &'d Value,
}

fn routes(document: &Value) -> Vec<Route<'_>> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap();
            methods.iter().map(move |(method, described)| Route {
                id: described["operationId"].as_str().unwrap(),
                method,
                path,
                role: described["x-role"].as_str().unwrap(),
                described,
            })
        })
        .collect()
}

impl Route<'_> {
    /// Holds an answer to what is described.
    fn hold(&self, document: &Value, answer: &Answer, what: &str) {
        let context = format!("{} ({what}): {} {}", self.id, answer.status, answer.text);
        let described = &self.described["responses"][answer.status.to_string()];
        assert!(described.is_object(), "{context}: this status is not described");
        let schema = &described["content"]["application/json"]["schema"];
        if schema.is_null() {
            assert!(answer.text.is_empty(), "{context}: nothing is to be shown");
        } else {
            assert_eq!(shape::wrong(document, schema, &answer.json), None, "{context}");
            assert_eq!(answer.headers["content-type"], "application/json", "{context}");
        }
        sealed(answer, &context);
    }

    /// The body's schema, if it takes one.
    fn body(&self) -> Option<&Value> {
        let body = self.described.get("requestBody")?;
        Some(&body["content"]["application/json"]["schema"])
    }

    fn queries(&self) -> impl Iterator<Item = &str> {
        self.described["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| parameter["name"].as_str())
    }
}

/// What every answer carries.
fn sealed(answer: &Answer, context: &str) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        ),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(answer.headers[name], value, "{context}: {name}");
    }
    assert_eq!(answer.headers["x-request-id"].len(), 36, "{context}");
    assert!(
        !answer.headers.contains_key("access-control-allow-origin"),
        "{context}"
    );
}

fn good<'c>(cases: &'c [Case], route: &Route<'_>) -> &'c Case {
    cases
        .iter()
        .find(|case| case.id == route.id && case.status < 300)
        .unwrap_or_else(|| panic!("{} has no case that ends well in cases.rs", route.id))
}

#[tokio::test]
async fn every_case_ends_as_described() {
    let world = World::new().await;
    let document = world.description().await;
    world.stop().await;
    let routes = routes(&document);
    for case in cases::all() {
        let route = routes
            .iter()
            .find(|route| route.id == case.id)
            .unwrap_or_else(|| panic!("{} is not described", case.id));
        let world = World::new().await;
        let path = world.filled(case.path);
        let answer = world
            .ask(route.role, route.method, &path, case.body.as_ref())
            .await;
        let what = format!("{path} {:?}", case.body);
        assert_eq!(answer.status, case.status, "{} {what}: {}", case.id, answer.text);
        assert_eq!(answer.field(), case.field, "{} {what}: {}", case.id, answer.text);
        route.hold(&document, &answer, &what);
        world.stop().await;
    }
}

#[tokio::test]
async fn every_route_is_for_those_with_its_role_and_nobody_else() {
    let world = World::new().await;
    let document = world.description().await;
    let cases = cases::all();
    for route in routes(&document) {
        let case = good(&cases, &route);
        let path = world.filled(case.path);
        let text = case.body.as_ref().map(Value::to_string).unwrap_or_default();
        let json = ("content-type", "application/json".to_owned());
        let without = world
            .send(route.method, &path, std::slice::from_ref(&json), &text)
            .await;
        assert_eq!((without.status, without.code()), (401, "TL0621"), "{}", route.id);
        assert_eq!(without.headers["www-authenticate"], "Bearer");
        route.hold(&document, &without, "without a key");
        let foreign = [
            json,
            world.key("admin"),
            ("origin", "https://evil.example".to_owned()),
        ];
        let foreign = world.send(route.method, &path, &foreign, &text).await;
        assert_eq!((foreign.status, foreign.code()), (403, "TL0623"), "{}", route.id);
        route.hold(&document, &foreign, "from another site");
        for role in ROLES.iter().take_while(|role| **role != route.role) {
            let answer = world.ask(role, route.method, &path, case.body.as_ref()).await;
            assert_eq!(
                (answer.status, answer.code()),
                (403, "TL0622"),
                "{} {role}",
                route.id
            );
            route.hold(&document, &answer, role);
        }
    }
    world.stop().await;
    for route in routes(&document) {
        let case = good(&cases, &route);
        for role in ROLES.iter().skip_while(|role| **role != route.role) {
            let world = World::new().await;
            let path = world.filled(case.path);
            let answer = world.ask(role, route.method, &path, case.body.as_ref()).await;
            assert_eq!(answer.status, case.status, "{} {role}: {}", route.id, answer.text);
            world.stop().await;
        }
    }
}

#[tokio::test]
async fn every_route_refuses_what_it_does_not_speak() {
    let world = World::new().await;
    let document = world.description().await;
    let cases = cases::all();
    for route in routes(&document) {
        let case = good(&cases, &route);
        let path = world.filled(case.path);
        let text = case.body.as_ref().map(Value::to_string).unwrap_or_default();
        let key = world.key("admin");
        let kind = |kind: &str| ("content-type", kind.to_owned());
        let html = [
            key.clone(),
            kind("application/json"),
            ("accept", "text/html".to_owned()),
        ];
        let mut sent = vec![(406, "TL0628", html.to_vec(), text.clone())];
        if route.method != "get" {
            let form = kind("application/x-www-form-urlencoded");
            sent.push((415, "TL0629", vec![key.clone(), form], "a=b".to_owned()));
        }
        if route.body().is_some() {
            let json = || vec![key.clone(), kind("application/json")];
            sent.push((415, "TL0629", vec![key.clone()], text.clone()));
            sent.push((400, "TL0624", json(), String::new()));
            sent.push((400, "TL0624", json(), "{".to_owned()));
            sent.push((400, "TL0624", json(), format!("{text} {text}")));
            sent.push((400, "TL0624", json(), "null true".to_owned()));
            sent.push((400, "TL0624", json(), "[".repeat(20_000)));
            sent.push((422, "TL0625", json(), "[]".to_owned()));
            sent.push((413, "TL0630", json(), " ".repeat((1 << 20) + 1)));
        }
        for (status, code, headers, body) in sent {
            let answer = world.send(route.method, &path, &headers, &body).await;
            let start: String = body.chars().take(40).collect();
            assert_eq!(
                (answer.status, answer.code()),
                (status, code),
                "{} {start}",
                route.id
            );
            route.hold(&document, &answer, &start);
        }
    }
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.replace("{name}", "acme").replace("{id}", "1");
        for method in METHODS.iter().chain(&["put", "options"]) {
            if methods.get(method).is_some() {
                continue;
            }
            let answer = world.ask("admin", method, &path, None).await;
            assert_eq!((answer.status, answer.code()), (405, "TL0627"), "{method} {path}");
            sealed(&answer, &path);
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn every_field_that_is_missing_unknown_or_of_another_type_is_named() {
    let world = World::new().await;
    let document = world.description().await;
    let cases = cases::all();
    for route in routes(&document) {
        let case = good(&cases, &route);
        let path = world.filled(case.path);
        let mut bodies: Vec<(String, Value)> = Vec::new();
        if let (Some(schema), Some(body)) = (route.body(), &case.body) {
            let (known, required) = shape::fields(&document, schema);
            for name in required {
                let mut less = body.clone();
                less.as_object_mut().unwrap().remove(name);
                bodies.push((name.to_owned(), less));
            }
            for name in known.keys() {
                for value in [json!({ "a": 1 }), json!(1.5), json!([[]])] {
                    // An object without stated fields holds anything; what is in it is the action's to judge.
                    if value.is_object() && shape::is_free(&document, known[*name]) {
                        continue;
                    }
                    let mut other = body.clone();
                    other[*name] = value;
                    bodies.push(((*name).to_owned(), other));
                }
            }
            let mut more = body.clone();
            more["surprise"] = json!(1);
            bodies.push(("surprise".to_owned(), more));
        }
        for (field, body) in bodies {
            let answer = world.ask(route.role, route.method, &path, Some(&body)).await;
            let context = format!("{} {body}: {}", route.id, answer.text);
            assert_eq!((answer.status, answer.code()), (422, "TL0625"), "{context}");
            let named = answer.field().split(['[', '.']).next().unwrap_or_default();
            assert_eq!(named, field, "{context}");
            route.hold(&document, &answer, "a wrong body");
        }
        let path = path.split('?').next().unwrap_or_default();
        let mut queries: Vec<(&str, String)> = Vec::new();
        for name in route.queries() {
            queries.push((name, format!("{name}=%00")));
            if name == "limit" {
                queries
                    .extend(["0", "501", "-1", "ten", "", "1e2"].map(|bad| (name, format!("limit={bad}"))));
            }
        }
        queries.push(("surprise", "surprise=1".to_owned()));
        for (field, query) in queries {
            let path = format!("{path}?{query}");
            let answer = world
                .ask(route.role, route.method, &path, case.body.as_ref())
                .await;
            let context = format!("{} {query}: {}", route.id, answer.text);
            assert_eq!((answer.status, answer.code()), (422, "TL0625"), "{context}");
            assert_eq!(answer.field(), field, "{context}");
            route.hold(&document, &answer, "a wrong query");
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn a_name_that_nothing_has_is_not_found_whatever_it_looks_like() {
    let world = World::new().await;
    let document = world.description().await;
    let cases = cases::all();
    let long = "a".repeat(300);
    let names = [
        "none",
        "..%2Facme",
        "%2e%2e%2facme",
        "acme%00",
        "acme%0d%0aset-cookie:a=b",
        "%ff%fe",
        "'%20OR%201=1--",
        "%C3%BC",
        &long,
    ];
    for route in routes(&document)
        .into_iter()
        .filter(|route| route.path.contains('{'))
    {
        let case = good(&cases, &route);
        for name in names {
            let path = route.path.replace("{name}", name).replace("{id}", name);
            let answer = world
                .ask(route.role, route.method, &path, case.body.as_ref())
                .await;
            assert_eq!(answer.status, 404, "{} {path}: {}", route.id, answer.text);
            assert!(!answer.headers.contains_key("set-cookie"));
            route.hold(&document, &answer, name);
        }
    }
    world.stop().await;
}

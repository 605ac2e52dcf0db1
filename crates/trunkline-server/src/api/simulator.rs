//! Simulated workspaces: what a simulator on this machine holds, and what is done to it: things that happen, faults, the clock.
//!
//! The one rule: only an address of this very machine is asked, by plain HTTP and without following anybody elsewhere, so a connection
//! to a real workspace is never sent anything that it does not know.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use trunkline_store::Role;
use url::{Host, Url};
use utoipa::ToSchema;

use super::{
    read::{Body, Named},
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// How long a simulator may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most things that happen at once.
const MOST_STEPS: u32 = 10_000;
/// The furthest that the clock is put on at once: ten years.
const FURTHEST: i64 = 10 * 366 * 24 * 60 * 60;

/// A simulated workspace.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Simulator {
    /// The connection that leads to it.
    pub(crate) connection: String,
    /// Where it answers.
    pub(crate) address: String,
    /// The workspace's name.
    pub(crate) workspace: String,
    /// What time it is there.
    pub(crate) now: Option<Timestamp>,
    /// How many requests it has answered.
    pub(crate) answered: u64,
    /// How many records of each kind it has.
    pub(crate) counts: Vec<Count>,
    /// The faults that are set, in their order.
    #[schema(value_type = Vec<Object>)]
    pub(crate) faults: Vec<Value>,
}

/// How many of something there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SimulatorCount)]
pub(crate) struct Count {
    /// Of what.
    pub(crate) name: String,
    /// How many.
    pub(crate) count: u64,
}

/// Things to let happen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Activity {
    /// How many, from 1 to 10000.
    #[schema(minimum = 1, maximum = 10_000)]
    pub(crate) steps: u32,
}

/// How far to put the clock on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockChange {
    /// Seconds; it never goes back.
    #[schema(minimum = 1)]
    pub(crate) advance_seconds: i64,
}

/// A fault to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewFault {
    /// The fault, as `docs/simulator/faults.md` describes it: `{"operation": "contacts.search", "status": 503, "times": 3}`.
    #[schema(value_type = Object)]
    pub(crate) fault: Map<String, Value>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/connections/{name}/simulator",
            "simulator.show",
            "Shows the simulated workspace that a connection leads to, on this machine.",
            show,
        )
        .answers::<Simulator>(StatusCode::OK)
        .asks_intercom(),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/connections/{name}/simulator/activity",
            "simulator.activity",
            "Lets things happen in a simulated workspace.",
            activity,
        )
        .takes::<Activity>()
        .answers::<Simulator>(StatusCode::OK)
        .asks_intercom(),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/connections/{name}/simulator/clock",
            "simulator.clock",
            "Puts the clock of a simulator on.",
            clock,
        )
        .takes::<ClockChange>()
        .answers::<Simulator>(StatusCode::OK)
        .asks_intercom(),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/connections/{name}/simulator/faults",
            "simulator.add_fault",
            "Sets a fault in a simulated workspace, behind those that are set.",
            add_fault,
        )
        .takes::<NewFault>()
        .answers::<Simulator>(StatusCode::OK)
        .asks_intercom(),
        Route::new(
            Role::Operate,
            Verb::Delete,
            "/connections/{name}/simulator/faults/{id}",
            "simulator.remove_fault",
            "Takes a fault back, by its place among those that are set, counted from 0.",
            remove_fault,
        )
        .asks_intercom(),
    ]
}

/// Where a simulated workspace is asked.
struct Way {
    connection: String,
    base: Url,
    http: reqwest::Client,
}

/// Whether an address may be a simulator's: of this machine, by plain HTTP.
pub(crate) fn may_be_one(base_url: &str) -> Option<Url> {
    let url: Url = base_url.parse().ok()?;
    let is_here = match url.host()? {
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
        Host::Domain(name) => name == "localhost",
    };
    (is_here && url.scheme() == "http" && url.username().is_empty()).then_some(url)
}

fn none(name: &str) -> Refusal {
    let message = format!("the connection `{name}` does not lead to a simulator on this machine");
    Refusal::new(StatusCode::NOT_FOUND, "TL0987", message)
}

impl Way {
    /// The way to a connection's simulated workspace.
    async fn to(shared: &Shared, name: &str) -> Result<Self, Refusal> {
        let connection = shared.store.connection(name).await?;
        let base = may_be_one(&connection.details.base_url).ok_or_else(|| none(&connection.name))?;
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .map_err(|_| none(&connection.name))?;
        let mut way = Self {
            base,
            http,
            connection: connection.name,
        };
        let all = way.ask(Method::GET, "workspaces", None).await?;
        let all = all.as_array().ok_or_else(|| none(&way.connection))?;
        let code = connection.identity.map(|identity| identity.id_code);
        let place = code.and_then(|code| all.iter().position(|one| one["id_code"] == code.as_str()));
        // One that was not identified yet is the first, which is what a simulator without tokens takes it for.
        way.base = way
            .base
            .join(&format!("/_sim/workspaces/{}/", place.unwrap_or(0)))
            .map_err(|_| none(&way.connection))?;
        Ok(way)
    }

    async fn ask(&self, method: Method, what: &str, body: Option<&Value>) -> Result<Value, Refusal> {
        let url = if self.base.path().starts_with("/_sim/") {
            self.base.join(what)
        } else {
            self.base.join(&format!("/_sim/{what}"))
        };
        let url = url.map_err(|_| none(&self.connection))?;
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|_| {
            let message = format!(
                "nothing answers at {}; is the simulator running?",
                self.base.origin().ascii_serialization()
            );
            Refusal::new(StatusCode::BAD_GATEWAY, "TL0988", message)
        })?;
        let status = answer.status();
        let value = answer.json::<Value>().await.unwrap_or_default();
        match status.as_u16() {
            200..=299 => Ok(value),
            400 => {
                let message = value["error"]
                    .as_str()
                    .unwrap_or("the simulator refuses it")
                    .to_owned();
                Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "TL0989", message))
            }
            _ => Err(none(&self.connection)),
        }
    }

    /// How the workspace is now.
    async fn look(&self) -> Result<Simulator, Refusal> {
        let seen = self.ask(Method::GET, "overview", None).await?;
        let counts = seen["counts"].as_array().into_iter().flatten();
        Ok(Simulator {
            connection: self.connection.clone(),
            address: self.base.origin().ascii_serialization(),
            workspace: seen["name"].as_str().unwrap_or_default().to_owned(),
            now: seen["now"]
                .as_i64()
                .and_then(|now| Timestamp::from_second(now).ok()),
            answered: seen["answered"].as_u64().unwrap_or(0),
            counts: counts
                .filter_map(|pair| {
                    Some(Count {
                        name: pair[0].as_str()?.to_owned(),
                        count: pair[1].as_u64()?,
                    })
                })
                .collect(),
            faults: seen["faults"].as_array().cloned().unwrap_or_default(),
        })
    }
}

/// A connection's simulated workspace.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Simulator>, Refusal> {
    Ok(Json(Way::to(&shared, &name).await?.look().await?))
}

/// Lets things happen.
pub(crate) async fn activity(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Body(activity): Body<Activity>,
) -> Result<Json<Simulator>, Refusal> {
    if !(1..=MOST_STEPS).contains(&activity.steps) {
        return Err(Refusal::of_field(
            "steps",
            format!("is not from 1 to {MOST_STEPS}"),
        ));
    }
    let way = Way::to(&shared, &name).await?;
    let body = json!({ "steps": activity.steps });
    way.ask(Method::POST, "activity", Some(&body)).await?;
    Ok(Json(way.look().await?))
}

/// Puts the clock on.
pub(crate) async fn clock(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Body(change): Body<ClockChange>,
) -> Result<Json<Simulator>, Refusal> {
    if !(1..=FURTHEST).contains(&change.advance_seconds) {
        let reason = format!("is not from 1 to {FURTHEST}");
        return Err(Refusal::of_field("advance_seconds", reason));
    }
    let way = Way::to(&shared, &name).await?;
    let body = json!({ "advance_seconds": change.advance_seconds });
    way.ask(Method::PUT, "clock", Some(&body)).await?;
    Ok(Json(way.look().await?))
}

/// Sets a fault.
pub(crate) async fn add_fault(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Body(new): Body<NewFault>,
) -> Result<Json<Simulator>, Refusal> {
    let way = Way::to(&shared, &name).await?;
    let mut faults = way.look().await?.faults;
    faults.push(Value::Object(new.fault));
    way.ask(Method::PUT, "faults", Some(&Value::Array(faults)))
        .await
        .map_err(|refusal| match refusal.code {
            "TL0989" => refusal.at("fault"),
            _ => refusal,
        })?;
    Ok(Json(way.look().await?))
}

/// Takes a fault back.
pub(crate) async fn remove_fault(
    State(shared): State<Arc<Shared>>,
    Named((name, place)): Named<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let way = Way::to(&shared, &name).await?;
    let mut faults = way.look().await?.faults;
    let place = place.parse::<usize>().ok().filter(|place| *place < faults.len());
    let Some(place) = place else {
        let message = "no fault is set at this place";
        return Err(Refusal::new(StatusCode::NOT_FOUND, "TL0987", message));
    };
    faults.remove(place);
    way.ask(Method::PUT, "faults", Some(&Value::Array(faults)))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_of_this_machine_may_be_a_simulator_s() {
        for here in [
            "http://127.0.0.1:7071",
            "http://localhost:7071/",
            "http://[::1]:80",
            "http://127.9.9.9",
        ] {
            assert!(may_be_one(here).is_some(), "{here}");
        }
        for elsewhere in [
            "",
            "https://api.intercom.io",
            "http://api.intercom.io",
            "https://127.0.0.1:7071",
            "http://10.0.0.1",
            "http://0.0.0.0:7071",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "http://127.0.0.1@evil.example",
            "http://user@127.0.0.1",
            "file:///etc/passwd",
        ] {
            assert!(may_be_one(elsewhere).is_none(), "{elsewhere}");
        }
    }
}

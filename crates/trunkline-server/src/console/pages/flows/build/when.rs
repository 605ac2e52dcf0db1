//! When a flow runs, in plain words: all the time, every so often, each day at a time, at one moment, or as `cron` says it.
//!
//! The one rule: what the words cannot say is shown as `cron`, and stays as it is until somebody changes it.

use maud::{Markup, html};
use serde_json::{Value, json};
use trunkline_flow::document::Node;

use crate::console::{
    fields::Fields,
    parts::{self, Field},
};

/// The ways to say it.
const WAYS: [(&str, &str); 5] = [
    ("", "as its source says: all the time, or when somebody runs it"),
    ("every", "every so often"),
    ("daily", "each day at a time"),
    ("once", "once, at a moment"),
    ("cron", "by a line of cron"),
];
const UNITS: [(&str, &str); 4] = [("s", "seconds"), ("m", "minutes"), ("h", "hours"), ("d", "days")];
const DAYS: [(&str, &str); 3] = [
    ("*", "every day"),
    ("1-5", "Monday to Friday"),
    ("6,0", "Saturday and Sunday"),
];
/// Its own keys; the others of a schedule stay as they are.
const KEYS: [&str; 4] = ["every", "cron", "once", "time_zone"];

/// When a flow runs, as a form shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct When {
    way: String,
    count: String,
    unit: String,
    time: String,
    days: String,
    once: String,
    cron: String,
    zone: String,
}

impl When {
    /// As the text says it.
    pub(super) fn of(schedule: Option<&Node>) -> Self {
        let schedule = schedule.map(Node::to_json).unwrap_or_default();
        let text = |key: &str| schedule[key].as_str().unwrap_or_default().to_owned();
        let mut when = Self {
            count: "5".to_owned(),
            unit: "m".to_owned(),
            time: "09:00".to_owned(),
            days: "*".to_owned(),
            zone: text("time_zone"),
            ..Self::default()
        };
        let (every, cron, once) = (text("every"), text("cron"), text("once"));
        if !every.is_empty() {
            let digits = every
                .find(|letter: char| !letter.is_ascii_digit())
                .unwrap_or(every.len());
            "every".clone_into(&mut when.way);
            when.count = every[..digits].to_owned();
            when.unit = every[digits..].to_owned();
        } else if !once.is_empty() {
            "once".clone_into(&mut when.way);
            when.once = once;
        } else if let Some((time, days)) = daily(&cron) {
            "daily".clone_into(&mut when.way);
            when.time = time;
            when.days = days;
        } else if !cron.is_empty() {
            "cron".clone_into(&mut when.way);
            when.cron = cron;
        }
        when
    }

    /// As it was typed.
    pub(super) fn typed(form: &Fields) -> Self {
        let get = |name: &str| form.get(name).to_owned();
        Self {
            way: get("when"),
            count: get("when_count"),
            unit: get("when_unit"),
            time: get("when_time"),
            days: get("when_days"),
            once: get("when_once"),
            cron: get("when_cron"),
            zone: get("when_zone"),
        }
    }

    pub(super) fn form(&self, wrong: Option<&str>) -> Markup {
        html! {
            div class="when" {
                (parts::choice("when", "It runs", &self.way, &WAYS))
                div class="only every inline" {
                    (Field::text("when_count", "Every", &self.count).needed())
                    (parts::choice("when_unit", "Unit", &self.unit, &UNITS))
                }
                div class="only daily inline" {
                    (Field::text("when_time", "At", &self.time).needed().like("09:00"))
                    (parts::choice("when_days", "On", &self.days, &DAYS))
                }
                div class="only moment" { (Field::text("when_once", "Moment", &self.once).needed().like("2027-01-01T09:00:00Z")) }
                div class="only cron" {
                    (Field::text("when_cron", "Line of cron", &self.cron).needed().like("*/15 9-17 * * 1-5")
                        .hint("Minute, hour, day of the month, month, day of the week."))
                }
                div class="only zoned" { (Field::text("when_zone", "Time zone", &self.zone).like("Europe/Dublin").hint("UTC unless told.")) }
                @if let Some(wrong) = wrong { p class="wrong" { (wrong) } }
            }
        }
    }

    /// Puts what is meant into the tree of a flow.
    pub(super) fn put(&self, root: &mut Node) -> Result<(), String> {
        let (key, value) = match self.way.as_str() {
            "every" => ("every", format!("{}{}", self.count, self.unit)),
            "daily" => ("cron", self.cron_of_day()?),
            "once" => ("once", self.once.clone()),
            "cron" => ("cron", self.cron.clone()),
            _ => {
                root.remove("schedule");
                return Ok(());
            }
        };
        if value.is_empty() {
            return Err("Say when it runs.".to_owned());
        }
        if root.get("schedule").is_none() {
            root.set("schedule", Node::of_json(json!({})));
        }
        let Some(schedule) = root.get_mut("schedule") else {
            return Ok(());
        };
        KEYS.iter()
            .filter(|own| **own != key)
            .for_each(|own| schedule.remove(own));
        schedule.set(key, Node::of_json(Value::from(value)));
        if key == "cron" && !self.zone.is_empty() {
            schedule.set("time_zone", Node::of_json(Value::from(self.zone.clone())));
        }
        Ok(())
    }

    fn cron_of_day(&self) -> Result<String, String> {
        let wrong = || format!("“{}” is no time of the day: write it as 09:30.", self.time);
        let (hour, minute) = self.time.split_once(':').ok_or_else(wrong)?;
        let within = |text: &str, most: u8| text.parse::<u8>().ok().filter(|number| *number <= most);
        let (hour, minute) = within(hour, 23).zip(within(minute, 59)).ok_or_else(wrong)?;
        let days = if self.days.is_empty() { "*" } else { &self.days };
        Ok(format!("{minute} {hour} * * {days}"))
    }
}

/// The time and the days of a line of cron that says no more than that.
fn daily(cron: &str) -> Option<(String, String)> {
    let [minute, hour, "*", "*", days] = cron.split_whitespace().collect::<Vec<_>>()[..] else {
        return None;
    };
    let (minute, hour): (u8, u8) = (minute.parse().ok()?, hour.parse().ok()?);
    let is_known = DAYS.iter().any(|(known, _)| *known == days);
    (is_known && minute < 60 && hour < 24).then(|| (format!("{hour:02}:{minute:02}"), days.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_said_in_words_and_written_back_as_it_was() {
        for (schedule, way) in [
            (json!({ "every": "15m" }), "every"),
            (json!({ "every": "500ms", "jitter": "10s" }), "every"),
            (
                json!({ "cron": "30 9 * * 1-5", "time_zone": "Europe/Dublin" }),
                "daily",
            ),
            (json!({ "cron": "0 0 * * *" }), "daily"),
            (json!({ "cron": "*/5 * * * *" }), "cron"),
            (json!({ "cron": "0 9 1 * *", "missed": "skip" }), "cron"),
            (json!({ "once": "2040-01-01T00:00:00Z" }), "once"),
        ] {
            let mut root = Node::of_json(json!({ "flow": "x", "schedule": schedule }));
            let when = When::of(root.get("schedule"));
            assert_eq!(when.way, way, "{schedule}");
            when.put(&mut root).unwrap();
            assert_eq!(root.to_json()["schedule"], schedule);
        }
        assert_eq!(When::of(None).way, "");
    }

    #[test]
    fn another_way_takes_the_place_of_the_one_before() {
        let old =
            json!({ "schedule": { "cron": "0 9 * * *", "time_zone": "Europe/Dublin", "missed": "skip" } });
        for (fields, expected) in [
            (
                vec![("when", "every"), ("when_count", "2"), ("when_unit", "h")],
                json!({ "every": "2h", "missed": "skip" }),
            ),
            (
                vec![
                    ("when", "daily"),
                    ("when_time", "7:05"),
                    ("when_days", "1-5"),
                    ("when_zone", ""),
                ],
                json!({ "cron": "5 7 * * 1-5", "missed": "skip" }),
            ),
            (vec![("when", "")], Value::Null),
        ] {
            let mut root = Node::of_json(old.clone());
            When::typed(&Fields::of(&fields)).put(&mut root).unwrap();
            assert_eq!(root.to_json()["schedule"], expected);
        }
        for bad in ["", "9", "25:00", "09:60", "noon"] {
            let when = When::typed(&Fields::of(&[("when", "daily"), ("when_time", bad)]));
            assert!(when.put(&mut Node::of_json(old.clone())).is_err(), "{bad}");
        }
    }
}

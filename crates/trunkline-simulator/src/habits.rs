//! The platform's habits, each of which can be turned off.

/// A habit that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no habit `{0}`")]
pub struct UnknownHabit(pub String);

impl UnknownHabit {
    /// The error's code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "TL0301"
    }

    /// What to do.
    #[must_use]
    pub fn advice(&self) -> String {
        format!("The habits are {}.", Habits::NAMES.join(", "))
    }
}

/// What the real platform does to whoever calls it (facts 3, 4 and 6); all on by default.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Habits {
    /// Contact search compares times by calendar day in the workspace's time zone, up to 2.16.
    pub day_search: bool,
    /// A new contact is missing from search for a minute.
    pub search_lag: bool,
    /// Lists inside a contact show at most ten.
    pub ten_items: bool,
    /// A conversation shows at most its 500 newest parts.
    pub five_hundred_parts: bool,
    /// One scroll a workspace, gone after 60 idle seconds.
    pub scroll_lock: bool,
    /// A merged contact answers 410 with `Link` from 2.16 on; without the habit it is 404 everywhere.
    pub merged_gone: bool,
    /// A contact that exists already answers 409 with its id in the message; without the habit the message has no id.
    pub conflict_id: bool,
    /// A path that is no operation answers with an HTML page.
    pub html_404: bool,
    /// A page of more than one and a half megabytes answers 502.
    pub big_pages: bool,
    /// One answer in forty thousand is a 200 without a body.
    pub empty_200: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            day_search: true,
            search_lag: true,
            ten_items: true,
            five_hundred_parts: true,
            scroll_lock: true,
            merged_gone: true,
            conflict_id: true,
            html_404: true,
            big_pages: true,
            empty_200: true,
        }
    }
}

impl Habits {
    /// Every habit's name.
    pub const NAMES: [&'static str; 10] = [
        "day_search",
        "search_lag",
        "ten_items",
        "five_hundred_parts",
        "scroll_lock",
        "merged_gone",
        "conflict_id",
        "html_404",
        "big_pages",
        "empty_200",
    ];

    /// Turns a habit off by name.
    ///
    /// # Errors
    /// When there is no such habit.
    pub fn turn_off(&mut self, name: &str) -> Result<(), UnknownHabit> {
        self.set(name, false)
    }

    /// Turns a habit on or off by name.
    ///
    /// # Errors
    /// When there is no such habit.
    pub fn set(&mut self, name: &str, on: bool) -> Result<(), UnknownHabit> {
        let habit = match name {
            "day_search" => &mut self.day_search,
            "search_lag" => &mut self.search_lag,
            "ten_items" => &mut self.ten_items,
            "five_hundred_parts" => &mut self.five_hundred_parts,
            "scroll_lock" => &mut self.scroll_lock,
            "merged_gone" => &mut self.merged_gone,
            "conflict_id" => &mut self.conflict_id,
            "html_404" => &mut self.html_404,
            "big_pages" => &mut self.big_pages,
            "empty_200" => &mut self.empty_200,
            other => return Err(UnknownHabit(other.to_owned())),
        };
        *habit = on;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_habit_can_be_turned_off_by_its_name() {
        for name in Habits::NAMES {
            let mut habits = Habits::default();
            habits.turn_off(name).unwrap();
            assert_ne!(habits, Habits::default(), "{name}");
        }
        assert_eq!(
            Habits::default().turn_off("patience"),
            Err(UnknownHabit("patience".to_owned()))
        );
    }
}

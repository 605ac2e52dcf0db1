//! The known word that a misspelt one most likely means.

/// The known word nearest to `word`, if one is near enough to be meant.
pub fn of<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let most = (word.chars().count() / 3).max(1);
    known
        .map(|known| (strsim::osa_distance(word, known), known))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_misspelt_word_finds_what_it_means() {
        let known = ["filter", "map", "route", "dedupe"];
        for (word, expected) in [
            ("fitler", Some("filter")),
            ("filters", Some("filter")),
            ("mapp", Some("map")),
            ("rout", Some("route")),
            ("webhook", None),
            ("", None),
        ] {
            assert_eq!(super::of(word, known.into_iter()), expected, "{word}");
        }
    }
}

//! Finding what may be rare among much: the newest of a topic, of a deed, of a kind of dead letters.
//!
//! The one rule: each word is looked up in an index that begins with it, so a list costs the same whether a word is rare or frequent.

/// How many words are looked up one by one. So many others are found soon by reading in order.
pub(crate) const MOST_WORDS: usize = 150;

/// The question for the numbers or ids (`column`) of the newest rows of a table that fit one of some conditions, as many of each as
/// `limit` says.
pub(crate) fn newest_of_each(table: &str, column: &str, conditions: &[String], limit: &str) -> String {
    let each: Vec<String> = conditions
        .iter()
        .map(|condition| {
            format!(
                "SELECT {column} FROM (SELECT {column} FROM {table} WHERE {condition} ORDER BY {column} DESC LIMIT {limit}) AS newest"
            )
        })
        .collect();
    each.join(" UNION ALL ")
}

/// The question for the different words of a column that an index begins with: it goes from one to the next.
pub(crate) fn words_of(table: &str, column: &str) -> String {
    format!(
        "WITH RECURSIVE known (word) AS (SELECT min({column}) FROM {table} UNION ALL \
         SELECT (SELECT min(next.{column}) FROM {table} AS next WHERE next.{column} > known.word) FROM known WHERE known.word IS NOT NULL) \
         SELECT word FROM known WHERE word IS NOT NULL"
    )
}

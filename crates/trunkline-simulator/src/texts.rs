//! Names and texts, made from numbers, so that a workspace of any size needs no memory for them.

pub(crate) mod replies;

use serde_json::{Map, Value, json};

/// A well-spread number from the seed, a purpose and a row: the same three give the same number for ever.
pub(crate) fn mix(seed: u64, purpose: u64, row: u32) -> u64 {
    let mut z = seed
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(purpose.wrapping_mul(0xD1B5_4A32_D192_ED03))
        .wrapping_add(u64::from(row).wrapping_mul(0x94D0_49BB_1331_11EB));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn pick<'a>(words: &[&'a str], number: u64) -> &'a str {
    words[(number % words.len() as u64) as usize]
}

/// The languages that people of the workspace speak.
pub(crate) const LANGUAGES: [&str; 6] = ["en", "en", "en", "fr", "de", "es"];

const FIRST_NAMES: [&str; 40] = [
    "Ada", "Noah", "Mia", "Liam", "Zoé", "Jürgen", "Chloé", "Mateo", "Ingrid", "Kofi", "Yuki", "Priya",
    "Omar", "Elena", "Tomasz", "Aoife", "Diego", "Fatima", "Lars", "Wei", "Amara", "Hugo", "Sofía", "Niamh",
    "Anton", "Leïla", "Rafael", "Mei", "Jonas", "Carmen", "Iris", "Samuel", "Olga", "Bruno", "Nadia",
    "Felix", "Rosa", "Emil", "Tara", "Victor",
];
const LAST_NAMES: [&str; 40] = [
    "Okafor",
    "Lindqvist",
    "Moreau",
    "Schäfer",
    "García",
    "O'Neill",
    "Tanaka",
    "Rossi",
    "Novak",
    "Haddad",
    "Larsen",
    "Dubois",
    "Weber",
    "Fernández",
    "Kowalski",
    "Mbeki",
    "Singh",
    "Nguyen",
    "Costa",
    "Petrov",
    "Byrne",
    "Keller",
    "Santos",
    "Laurent",
    "Ivanova",
    "Berg",
    "Marin",
    "Castro",
    "Hughes",
    "Yilmaz",
    "Romero",
    "Fischer",
    "Owusu",
    "Sato",
    "Jensen",
    "Vidal",
    "Brandt",
    "Rahman",
    "Walsh",
    "Leroy",
];
const COMPANY_WORDS: [&str; 24] = [
    "Northwind",
    "Harbor",
    "Quill",
    "Juniper",
    "Cobalt",
    "Meridian",
    "Lumen",
    "Fathom",
    "Anvil",
    "Saffron",
    "Tidal",
    "Orchard",
    "Summit",
    "Willow",
    "Beacon",
    "Granite",
    "Marlow",
    "Atlas",
    "Kestrel",
    "Driftwood",
    "Prism",
    "Copper",
    "Fable",
    "Nimbus",
];
const COMPANY_KINDS: [&str; 8] = [
    "Labs",
    "Logistics",
    "Health",
    "Studio",
    "Foods",
    "Energy",
    "Analytics",
    "GmbH",
];
const DOMAINS: [&str; 8] = [
    "example.com",
    "example.org",
    "example.net",
    "mail.example.com",
    "shop.example.org",
    "team.example.net",
    "work.example.com",
    "inbox.example.org",
];
const CITIES: [(&str, &str, &str, &str); 8] = [
    ("Dublin", "Leinster", "Ireland", "IE"),
    ("Lyon", "Auvergne-Rhône-Alpes", "France", "FR"),
    ("Hamburg", "Hamburg", "Germany", "DE"),
    ("Sevilla", "Andalucía", "Spain", "ES"),
    ("Portland", "Oregon", "United States", "US"),
    ("Osaka", "Osaka", "Japan", "JP"),
    ("Accra", "Greater Accra", "Ghana", "GH"),
    ("Leeds", "England", "United Kingdom", "GB"),
];

/// A person's full name.
pub(crate) fn person(number: u64) -> String {
    format!(
        "{} {}",
        pick(&FIRST_NAMES, number),
        pick(&LAST_NAMES, number >> 17)
    )
}

/// An address in a domain that nobody owns.
pub(crate) fn email(name: &str, number: u64, row: u32) -> String {
    let local: String = name
        .to_lowercase()
        .chars()
        .filter_map(|letter| {
            if letter == ' ' {
                Some('.')
            } else {
                letter.is_ascii_alphabetic().then_some(letter)
            }
        })
        .collect();
    format!("{local}.{row}@{}", pick(&DOMAINS, number))
}

/// A number from the range that is kept free for fiction.
pub(crate) fn phone(number: u64) -> String {
    format!("+1555{:07}", number % 10_000_000)
}

/// A version-4-shaped UUID.
pub(crate) fn uuid(number: u64, row: u32) -> String {
    let high = number >> 32;
    let low = number & 0xFFFF_FFFF;
    format!(
        "{high:08x}-{:04x}-4{:03x}-9{:03x}-{low:08x}{:04x}",
        low >> 16,
        low & 0xFFF,
        high & 0xFFF,
        row & 0xFFFF
    )
}

/// A company's name.
pub(crate) fn company(number: u64, row: u32) -> String {
    format!(
        "{} {} {}",
        pick(&COMPANY_WORDS, number),
        pick(&COMPANY_KINDS, number >> 9),
        row + 1
    )
}

/// City, region, country and country code.
pub(crate) fn place(number: u64) -> (&'static str, &'static str, &'static str, &'static str) {
    CITIES[(number % CITIES.len() as u64) as usize]
}

/// The custom attributes of a generated contact; real workspaces have spaces and colons in their names.
pub(crate) fn contact_attributes(seed: u64, row: u32) -> Map<String, Value> {
    let number = mix(seed, 10, row);
    let mut map = Map::new();
    map.insert(
        "Plan tier".to_owned(),
        json!(pick(&["free", "team", "scale", "enterprise"], number)),
    );
    map.insert(
        "Fin AI Agent: Preview".to_owned(),
        json!(number.is_multiple_of(3)),
    );
    map.insert("lifetime_value".to_owned(), json!(number % 20_000));
    if number.is_multiple_of(5) {
        map.insert(
            "Signup \"source\"".to_owned(),
            json!(pick(&["ads", "friend", "search", "event"], number >> 8)),
        );
    }
    map
}

/// The custom attributes of a generated company.
pub(crate) fn company_attributes(seed: u64, row: u32) -> Map<String, Value> {
    let number = mix(seed, 11, row);
    let mut map = Map::new();
    map.insert(
        "Account: tier".to_owned(),
        json!(pick(&["gold", "silver", "bronze"], number)),
    );
    map.insert("renewal_month".to_owned(), json!(number % 12 + 1));
    map
}

const OPENINGS: [&[&str]; 4] = [
    &[
        "Hi, I can't log in since this morning. The reset mail never arrives.",
        "Hello! Is there a way to export last month's invoices as one file?",
        "Our import of 12,000 rows stopped at 8,431 with \"row invalid\". Which row is it?",
        "We were charged twice in October, could you have a look?",
        "The mobile app closes as soon as I open a report. Phone restarted, same thing.",
        "How do I add a colleague who should only see billing?",
        "The webhook you send us arrives three times & our system chokes on it.",
        "Can I move my workspace to the EU region?",
    ],
    &[
        "Bonjour, la facture d'octobre n'apparaît pas dans mon espace.",
        "Bonjour ! Comment inviter un collègue sans lui donner les droits d'administration ?",
        "L'export s'arrête à 80 % depuis la mise à jour.",
    ],
    &[
        "Guten Tag, die Anmeldung schlägt seit heute früh fehl.",
        "Können wir die Rechnungsadresse für alle Standorte auf einmal ändern?",
        "Der Bericht zeigt für September keine Zahlen.",
    ],
    &[
        "Hola, no puedo cambiar la contraseña desde el móvil.",
        "¿Es posible descargar todas las conversaciones de este año?",
        "El importador dice \"fila no válida\" pero no cuál.",
    ],
];
const NOTES: [&str; 6] = [
    "Prefers to be called in the morning.",
    "Renewal is due in spring; speak with procurement first.",
    "Had a bad start with us, please be quick.",
    "Champion of the product inside the company.",
    "Uses the API a lot, sends good bug reports.",
    "Invoice goes to the holding, not to the branch.",
];

/// The first message of a conversation, in the language of its writer.
pub(crate) fn opening(language: &str, number: u64) -> &'static str {
    let index = match language {
        "fr" => 1,
        "de" => 2,
        "es" => 3,
        _ => 0,
    };
    pick(OPENINGS[index], number)
}

/// A note on a contact.
pub(crate) fn note(number: u64) -> &'static str {
    pick(&NOTES, number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_numbers_give_the_same_texts_and_others_give_others() {
        assert_eq!(person(mix(7, 1, 5)), person(mix(7, 1, 5)));
        let names: std::collections::BTreeSet<String> = (0..200).map(|row| person(mix(7, 1, row))).collect();
        assert!(names.len() > 150, "{}", names.len());
    }

    #[test]
    fn addresses_are_plain_ascii_in_reserved_domains() {
        for row in 0..100 {
            let address = email(&person(mix(3, 1, row)), mix(3, 2, row), row);
            assert!(address.is_ascii() && address.contains("example."), "{address}");
        }
    }
}

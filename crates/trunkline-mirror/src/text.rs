//! HTML as plain text: what a person reads, one line for each paragraph.
//!
//! The one rule: no input panics and none grows; broken markup is read as the text that it shows.

/// Tags that begin and end a line.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "pre",
    "section",
    "article",
    "header",
    "footer",
    "hr",
    "dt",
    "dd",
    "dl",
    "figure",
    "figcaption",
    "thead",
    "tbody",
    "form",
];

/// Named entities, in order, without those of [`LATIN`].
const NAMED: &[(&str, char)] = &[
    ("amp", '&'),
    ("apos", '\''),
    ("bull", '•'),
    ("dagger", '†'),
    ("euro", '€'),
    ("gt", '>'),
    ("hearts", '♥'),
    ("hellip", '…'),
    ("larr", '←'),
    ("ldquo", '“'),
    ("le", '≤'),
    ("lsaquo", '‹'),
    ("lsquo", '‘'),
    ("lt", '<'),
    ("mdash", '—'),
    ("minus", '−'),
    ("ndash", '–'),
    ("ne", '≠'),
    ("ge", '≥'),
    ("quot", '"'),
    ("rarr", '→'),
    ("rdquo", '”'),
    ("rsaquo", '›'),
    ("rsquo", '’'),
    ("sbquo", '‚'),
    ("bdquo", '„'),
    ("trade", '™'),
    ("infin", '∞'),
    ("OElig", 'Œ'),
    ("oelig", 'œ'),
    ("Scaron", 'Š'),
    ("scaron", 'š'),
    ("Yuml", 'Ÿ'),
    ("ensp", ' '),
    ("emsp", ' '),
    ("thinsp", ' '),
    ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
];

/// The entities of U+00A0 to U+00FF, in order.
const LATIN: &[&str] = &[
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo",
    "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot",
    "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc",
    "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute",
    "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash",
    "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave", "aacute", "acirc", "atilde",
    "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc",
    "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave",
    "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

/// What a person reads of `html`.
#[must_use]
pub fn from_html(html: &str) -> String {
    let mut writer = Writer {
        out: String::with_capacity(html.len()),
        space: false,
        breaks: 0,
    };
    // Behind the last of these no tag ends, and none is looked for: each look would go to the end.
    let ends = html.rfind('>').unwrap_or(0);
    let mut rest = html;
    // Both are ASCII, so that the bytes can be looked at without reading them as characters.
    while let Some(at) = rest.bytes().position(|byte| byte == b'<' || byte == b'&') {
        writer.text(&rest[..at]);
        rest = &rest[at..];
        let taken = if html.len() - rest.len() >= ends && rest.starts_with('<') && !rest.starts_with("<!--") {
            writer.word("<");
            1
        } else if rest.starts_with('<') {
            writer.markup(rest)
        } else {
            writer.entity(rest)
        };
        rest = &rest[taken..];
    }
    writer.text(rest);
    writer.out
}

struct Writer {
    out: String,
    space: bool,
    breaks: u8,
}

impl Writer {
    /// Words as they are, white space as one blank.
    fn text(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut start = None;
        for (at, byte) in bytes.iter().enumerate() {
            if !byte.is_ascii_whitespace() {
                start = start.or(Some(at));
            } else if *byte == b' '
                && start.is_some()
                && bytes.get(at + 1).is_some_and(|next| !next.is_ascii_whitespace())
            {
                // One blank between two words is copied with them.
            } else {
                if let Some(start) = start.take() {
                    self.word(&text[start..at]);
                }
                self.space = true;
            }
        }
        if let Some(start) = start {
            self.word(&text[start..]);
        }
    }

    fn word(&mut self, word: &str) {
        if !self.out.is_empty() {
            if self.breaks > 0 {
                self.out.push_str(if self.breaks > 1 { "\n\n" } else { "\n" });
            } else if self.space {
                self.out.push(' ');
            }
        }
        self.space = false;
        self.breaks = 0;
        self.out.push_str(word);
    }

    /// Reads what begins with `<`; answers how many bytes it took.
    fn markup(&mut self, rest: &str) -> usize {
        if rest.starts_with("<!--") {
            return rest.find("-->").map_or(rest.len(), |end| end + 3);
        }
        let Some(end) = tag_end(rest) else {
            self.word("<");
            return 1;
        };
        let inside = &rest[1..end];
        let closing = inside.starts_with('/');
        let name = inside.trim_start_matches('/');
        let name = &name[..name
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(name.len())];
        let is = |tag: &&str| name.eq_ignore_ascii_case(tag);
        if is(&"br") {
            self.breaks = (self.breaks + 1).min(2);
        } else if BLOCKS.iter().any(is) {
            self.breaks = self.breaks.max(1);
        } else if is(&"td") || is(&"th") {
            self.space = true;
        } else if !closing && (is(&"script") || is(&"style")) {
            return end + 1 + hidden(&rest[end + 1..], name);
        }
        end + 1
    }

    /// Reads what begins with `&`; answers how many bytes it took.
    fn entity(&mut self, rest: &str) -> usize {
        let body = &rest.as_bytes()[1..];
        let length = body
            .iter()
            .take(12)
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'#')
            .count();
        let decoded = decode(&rest[1..=length]);
        let Some(decoded) = decoded else {
            self.word("&");
            return 1;
        };
        match decoded {
            '\u{a0}' | ' ' | '\n' | '\t' | '\r' => self.space = true,
            '\u{ad}' => {}
            other => self.word(other.encode_utf8(&mut [0; 4])),
        }
        1 + length + usize::from(body.get(length) == Some(&b';'))
    }
}

fn decode(name: &str) -> Option<char> {
    if let Some(digits) = name.strip_prefix('#') {
        let code = match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => digits.parse(),
        };
        return code
            .ok()
            .map(|code| char::from_u32(code).filter(|c| *c != '\0').unwrap_or('\u{fffd}'));
    }
    if let Some((_, decoded)) = NAMED.iter().find(|(named, _)| *named == name) {
        return Some(*decoded);
    }
    let place = LATIN.iter().position(|named| *named == name)?;
    char::from_u32(0xa0 + u32::try_from(place).ok()?)
}

/// Where the tag that `rest` begins with ends, quotes in attributes respected; nothing when it is no tag.
fn tag_end(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    if !matches!(bytes.get(1), Some(b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'!' | b'?')) {
        return None;
    }
    let mut quote = None;
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') if bytes[at - 1] == b'=' => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
    }
    // A quote that never closes hides the end of the tag: take the first one.
    rest.find('>')
}

/// How much of `rest` belongs to an element that shows nothing.
fn hidden(rest: &str, name: &str) -> usize {
    let mut from = 0;
    while let Some(at) = rest[from..].find("</") {
        let at = from + at;
        let tail = &rest[at + 2..];
        if tail
            .get(..name.len())
            .is_some_and(|tail| tail.eq_ignore_ascii_case(name))
        {
            return at;
        }
        from = at + 2;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::from_html;

    #[test]
    fn html_reads_as_a_person_would() {
        for (html, text) in [
            ("plain", "plain"),
            ("<p>Hello</p>", "Hello"),
            ("<p>Hello</p>\n<p>there</p>", "Hello\nthere"),
            ("one<br>two<br/>three<br /><br />four", "one\ntwo\nthree\n\nfour"),
            ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
            (
                "<p class=\"no-margin\">a <b>bold</b>&nbsp;word</p>",
                "a bold word",
            ),
            (
                "Tom &amp; Jerry &lt;3 &#8364;5 &#x1F600; &eacute;t&eacute; &szlig;",
                "Tom & Jerry <3 €5 😀 été ß",
            ),
            ("AT&T &unknown; &", "AT&T &unknown; &"),
            ("&#0;&#xD800;&#99999999999;", "\u{fffd}\u{fffd}&#99999999999;"),
            (
                "<style>p { color: red }</style>a<script>if (a < b) alert('</p>')</script>b",
                "ab",
            ),
            ("a<!-- hidden <b> -->b", "ab"),
            ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
            ("<a href=\"https://example.com/?a>b\">link</a>", "link"),
            ("<a href=\"never closed>link</a>", "link"),
            ("<p>unclosed <b", "unclosed <b"),
            ("  \n <p>  many   blanks  </p> \n ", "many blanks"),
            (
                "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
                "a b\nc",
            ),
            ("<P>UPPER</P><DIV>case</DIV>", "UPPER\ncase"),
            ("日本語<br>テキスト", "日本語\nテキスト"),
            ("<script>never closed", ""),
            ("", ""),
        ] {
            assert_eq!(from_html(html), text, "{html}");
        }
    }

    #[test]
    fn what_never_ends_is_read_in_one_go() {
        let html = "<b".repeat(200_000);
        assert_eq!(from_html(&html), html);
    }

    proptest! {
        #[test]
        fn no_input_panics_and_none_grows(html in "[<>/&;#x0-9a-zé\"'= !\\-\n]{0,60}") {
            prop_assert!(from_html(&html).len() <= html.len().max(3) * 3);
        }

        #[test]
        fn text_without_markup_keeps_its_words(text in "[a-zé ]{0,40}") {
            let words: Vec<&str> = text.split_whitespace().collect();
            prop_assert_eq!(from_html(&text), words.join(" "));
        }
    }
}

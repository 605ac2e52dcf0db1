//! What is said in a thread after its first message: by language, by who speaks and by how far the thread is.

/// Lines of one language. The first five are a teammate's in the middle of a thread.
type Lines = [&'static str; 12];

const GREETING: usize = 5;
const PARTING: usize = 7;
const PERSON: usize = 8;
const THANKS: usize = 11;

const LINES: [Lines; 4] = [
    [
        "Could you send me the address of the page and a screenshot, please?",
        "I found it: the row has a date in the wrong form. I have marked it in the attached file.",
        "That was our mistake. The second charge is on its way back to you.",
        "You can do this under <b>Settings &gt; People</b>; choose <i>Billing only</i>.",
        "It is fixed with today's release. Could you try again?",
        "Thanks for writing in! I am looking into it now.",
        "Hello, and sorry for the trouble. I have passed this on to our engineers and will write as soon as I know more.",
        "Great. I will close this for now, just reply if anything comes up.",
        "Still the same on my side, unfortunately.",
        "Yes, it happens in both browsers. Here is the log:<br>ERR 4012 &ndash; upstream closed",
        "One more thing: can the report be sent every Monday?",
        "That worked, thank you so much!",
    ],
    [
        "Pourriez-vous m'envoyer l'adresse de la page et une capture d'écran ?",
        "Je l'ai trouvée : la date de la ligne est mal écrite. Je l'ai marquée dans le fichier joint.",
        "C'était notre erreur. Le second prélèvement vous est remboursé.",
        "Cela se règle sous <b>Paramètres &gt; Équipe</b>.",
        "C'est corrigé depuis ce matin. Pouvez-vous réessayer ?",
        "Merci pour votre message, je regarde tout de suite.",
        "Bonjour, désolé pour ce souci. Je demande à nos développeurs et je reviens vers vous.",
        "Parfait, je clos la demande. Répondez ici si besoin.",
        "Toujours pareil de mon côté, malheureusement.",
        "Oui, dans les deux navigateurs. Voici le journal :<br>ERR 4012",
        "Encore une question : le rapport peut-il partir chaque lundi ?",
        "Ça marche, merci beaucoup !",
    ],
    [
        "Könnten Sie mir die Adresse der Seite und ein Bildschirmfoto schicken?",
        "Gefunden: In der Zeile steht ein Datum in falscher Form. Sie ist im Anhang markiert.",
        "Das war unser Fehler. Die zweite Abbuchung wird erstattet.",
        "Das geht unter <b>Einstellungen &gt; Personen</b>.",
        "Mit der heutigen Version ist es behoben. Probieren Sie es bitte noch einmal?",
        "Danke für Ihre Nachricht, ich sehe es mir gleich an.",
        "Guten Tag, das tut mir leid. Ich gebe es an die Entwicklung weiter und melde mich.",
        "Prima, dann schließe ich den Fall. Antworten Sie einfach, falls noch etwas ist.",
        "Bei mir leider unverändert.",
        "Ja, in beiden Browsern. Hier das Protokoll:<br>ERR 4012",
        "Noch etwas: Kann der Bericht jeden Montag kommen?",
        "Jetzt klappt es, vielen Dank!",
    ],
    [
        "¿Me puede enviar la dirección de la página y una captura?",
        "La encontré: la fila tiene una fecha mal escrita. La he marcado en el archivo adjunto.",
        "Fue un error nuestro. El segundo cargo ya está devuelto.",
        "Se hace en <b>Ajustes &gt; Personas</b>.",
        "Con la versión de hoy queda corregido. ¿Puede probar otra vez?",
        "Gracias por escribir, lo miro ahora mismo.",
        "Hola, siento las molestias. Lo paso a nuestros ingenieros y le aviso.",
        "Perfecto, cierro el caso. Responda aquí si surge algo.",
        "Por mi parte sigue igual.",
        "Sí, en los dos navegadores. Este es el registro:<br>ERR 4012",
        "Una cosa más: ¿se puede enviar el informe cada lunes?",
        "Ya funciona, ¡muchas gracias!",
    ],
];

/// Who speaks in a thread, and where in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A teammate's first line.
    Greeting,
    /// A teammate's line in the middle.
    Answer,
    /// A teammate's last line.
    Parting,
    /// A person's line in the middle.
    Question,
    /// A person's last line.
    Thanks,
}

/// The number of a line for a turn in a language; `salt` picks among several and makes numbers differ.
pub(crate) fn number(language: &str, turn: Turn, salt: u32) -> u32 {
    let language = match language {
        "fr" => 1,
        "de" => 2,
        "es" => 3,
        _ => 0,
    };
    let pick = |from: usize, to: usize| from + salt as usize % (to - from);
    let line = match turn {
        Turn::Answer => pick(0, GREETING),
        Turn::Greeting => pick(GREETING, PARTING),
        Turn::Parting => PARTING,
        Turn::Question => pick(PERSON, THANKS),
        Turn::Thanks => THANKS,
    };
    let space = (LINES.len() * LINES[0].len()) as u32;
    (salt % (u32::MAX / space - 1)) * space + (language * LINES[0].len() + line) as u32
}

/// The line with a number, as HTML without its paragraph.
pub(crate) fn line(number: u64) -> &'static str {
    let place = (number % (LINES.len() * LINES[0].len()) as u64) as usize;
    LINES[place / LINES[0].len()][place % LINES[0].len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_taken_in_its_language_by_whose_turn_it_is() {
        for (language, turn, allowed) in [
            ("en", Turn::Greeting, &LINES[0][5..7]),
            ("en", Turn::Answer, &LINES[0][..5]),
            ("fr", Turn::Question, &LINES[1][8..11]),
            ("de", Turn::Thanks, &LINES[2][11..]),
            ("es", Turn::Parting, &LINES[3][7..8]),
        ] {
            for salt in [0, 1, 2, 77, 1_000_003, u32::MAX] {
                let said = line(u64::from(number(language, turn, salt)));
                assert!(allowed.contains(&said), "{language} {turn:?} {salt}: {said}");
            }
        }
    }
}

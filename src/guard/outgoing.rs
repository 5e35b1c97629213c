//! What may leave the house in an answer: nobody is pinged whom the asker did not ping, no link hides where it leads, no
//! picture is fetched, nothing invisible or of a terminal's is sent. One place for every path.

use crate::domain::holds_a_key;

/// Kept between a sign and the name it would ping: seen by nobody, ends the mention.
const BREAK: char = '\u{200b}';
/// Words that ping everyone somewhere.
const EVERYONE: [&str; 4] = ["everyone", "here", "room", "channel"];
/// Combining marks in a row that some script needs; more are a stack that hides lines.
const MARKS_MAX: usize = 4;

/// The answer as it may be sent. `asked` is what the asker wrote: whom they pinged may be pinged back.
pub fn rendered(text: &str, asked: &str) -> String {
    let text = visible(text);
    // A link within a link comes apart one layer at a time; each round takes brackets away.
    let mut text = text;
    loop {
        let clear = unmasked(&text);
        if clear == text {
            break;
        }
        text = clear;
    }
    let text = unpinged(&text, asked);
    without_keys(&text)
}

/// Without control and escape codes, bidirectional overrides, tag characters and runs of invisible marks.
fn visible(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let (mut marks, mut invisible) = (0, 0);
    while let Some(c) = chars.next() {
        if c == '\u{1b}' || c == '\u{9b}' {
            skip_escape(c, &mut chars);
            continue;
        }
        let is_mark = unicode_normalization::char::is_combining_mark(c);
        let is_joiner = matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}');
        (marks, invisible) = (if is_mark { marks + 1 } else { 0 }, if is_joiner { invisible + 1 } else { 0 });
        let is_odd = (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
            || matches!(c, '\u{e0000}'..='\u{e01ef}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
        if !is_odd && marks <= MARKS_MAX && invisible <= 2 {
            clean.push(c);
        }
    }
    clean
}

/// Leaves out the rest of a terminal's escape sequence.
fn skip_escape(start: char, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let is_csi = start == '\u{9b}' || chars.next_if_eq(&'[').is_some();
    if is_csi {
        while let Some(c) = chars.next_if(|c| matches!(c, ' '..='?')) {
            let _ = c;
        }
        let _ = chars.next_if(|c| matches!(c, '@'..='~'));
    } else if chars.next_if_eq(&']').is_some() {
        // A title or link: up to the bell or the string terminator, on one line.
        while let Some(c) = chars.next_if(|c| !matches!(c, '\u{7}' | '\u{1b}' | '\n')) {
            let _ = c;
        }
        let _ = chars.next_if_eq(&'\u{7}');
    }
}

/// Links as text and address, pictures as their text: what is shown is where it leads. Code is no exception: what is
/// code to one platform is a link to another.
fn unmasked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let Some((label, address, after)) = link_at(&rest[open..]) else {
            out.push_str(&rest[..=open]);
            rest = &rest[open + 1..];
            continue;
        };
        let before = &rest[..open];
        if let Some(before) = before.strip_suffix('!') {
            // A picture's address may carry what the reader said to whoever it belongs to.
            out.push_str(before);
            out.push_str(label);
        } else {
            out.push_str(before);
            if label == address || label.is_empty() {
                out.push_str(address);
            } else {
                out.push_str(label);
                out.push_str(" <");
                out.push_str(address);
                out.push('>');
            }
        }
        rest = &rest[open + after..];
    }
    out.push_str(rest);
    out
}

/// Longest label that is looked through for its end, in bytes: no platform shows a longer one as a link.
const LABEL_MAX: usize = 4_096;

/// The label and address of `[label](address)` at the start of `text`, and where it ends. Brackets within the label may
/// be nested or escaped.
fn link_at(text: &str) -> Option<(&str, &str, usize)> {
    let close = closing(text, '[', ']', LABEL_MAX)?;
    let label = text.get(1..close)?;
    let target = text[close + 1..].trim_start_matches([' ', '\n', '\t']);
    let start = text.len() - target.len();
    let end = closing(target, '(', ')', LABEL_MAX)?;
    let inside = target[1..end].trim();
    // What follows a blank is a title.
    let address = inside.split_whitespace().next()?.trim_matches(['<', '>']);
    let leads = address.contains("://") || address.starts_with("//") || address.starts_with("data:");
    leads.then_some((label, address, start + end + 1))
}

/// Where the bracket that opens `text` is closed.
fn closing(text: &str, open: char, close: char, most: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut is_escaped = false;
    for (at, c) in text.char_indices().take_while(|(at, _)| *at <= most) {
        if at == 0 && c != open {
            return None;
        }
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == open => depth += 1,
            c if c == close => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Mentions that ping somebody, broken, unless the asker wrote the same one.
fn unpinged(text: &str, asked: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['@', '<']) {
        out.push_str(&rest[..at]);
        let here = &rest[at..];
        let sign = here.chars().next().unwrap_or('@');
        rest = &here[sign.len_utf8()..];
        out.push(sign);
        let pings = if sign == '@' { pings_everyone(rest) } else { pings_someone(here, asked) };
        if pings {
            out.push(BREAK);
        }
    }
    out.push_str(rest);
    out
}

fn pings_everyone(after: &str) -> bool {
    EVERYONE.iter().any(|word| after.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
}

/// `<@123>`, `<@!123>`, `<@&123>`: a member or a role. Channels (`<#…>`) and emoji ping nobody.
fn pings_someone(here: &str, asked: &str) -> bool {
    let Some(inside) = here.strip_prefix("<@") else { return false };
    let Some(end) = inside.find('>') else { return true };
    let mention = &here[..end + 3];
    inside.starts_with('&') || !asked.contains(mention)
}

/// A word that looks like a key is never repeated, wherever the model has it from.
fn without_keys(text: &str) -> String {
    if !holds_a_key(text) {
        return text.to_owned();
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().chain(['\0']) {
        if is_part(c) {
            word.push(c);
            continue;
        }
        out.push_str(if holds_a_key(&word) { "[…]" } else { &word });
        word.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A reader of mentions, written from how platforms describe them rather than from the code above.
    fn pings(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let lower = text.to_lowercase();
        for word in ["@everyone", "@here", "@room", "@channel"] {
            found.extend(lower.matches(word).map(str::to_owned));
        }
        for (at, _) in text.match_indices("<@") {
            let id: String = text[at + 2..].chars().take_while(|c| *c != '>').collect();
            let digits = id.trim_start_matches(['!', '&']);
            if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) {
                found.push(format!("<@{id}>"));
            }
        }
        found
    }

    #[test]
    fn nobody_is_pinged_whom_the_asker_did_not_ping() {
        for text in ["@everyone", "hey @HERE!", "<@123>", "<@!123> <@&77>", "@room all", "(@everyone)", "@@everyone"] {
            assert!(!pings(text).is_empty(), "{text}");
            assert_eq!(pings(&rendered(text, "")), Vec::<String>::new(), "{text}");
        }
        assert_eq!(pings(&rendered("ask <@123> and <@456>", "do you know <@123>?")), ["<@123>"]);
        assert!(pings(&rendered("<@&123>", "<@&123> do something")).is_empty(), "roles never");
        assert_eq!(rendered("mail ada@example.org, see <#12> :)", ""), "mail ada@example.org, see <#12> :)");
    }

    #[test]
    fn an_invisible_mark_does_not_bring_a_mention_back() {
        for text in
            ["@\u{200b}everyone", "@\u{200d}everyone", "@ever\u{feff}yone", "<\u{2060}@123>", "@\u{1b}[0meveryone"]
        {
            assert!(pings(&rendered(text, "")).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn links_show_where_they_lead_and_pictures_are_not_fetched() {
        let table = [
            ("see [my page](https://evil.example/?q=1)", "see my page <https://evil.example/?q=1>"),
            ("![pixel](https://evil.example/p.png?d=secret)", "pixel"),
            ("[https://a.example](https://a.example)", "https://a.example"),
            ("[a](https://x.example/(1)) [b](//y.example \"t\")", "a <https://x.example/(1)> b <//y.example>"),
            ("an array[0](x) and [a note]", "an array[0](x) and [a note]"),
            ("```\n[a](https://x.example)\n```", "```\na <https://x.example>\n```"),
            ("[see [here]](https://evil.example)", "see [here] <https://evil.example>"),
            ("![a [b]](https://evil.example/p.png?d=1)", "a [b]"),
            ("[a\\]b](https://evil.example)", "a\\]b <https://evil.example>"),
            ("[two\nlines](https://evil.example)", "two\nlines <https://evil.example>"),
            ("[broken](https://x.example", "[broken](https://x.example"),
            ("[[a](https://good.example)](https://evil.example)", "a <https://good.example> <https://evil.example>"),
        ];
        for (text, expected) in table {
            assert_eq!(rendered(text, ""), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_not_sent() {
        assert_eq!(rendered("a\u{1b}[31mred\u{1b}[0m\u{7}b\u{202e}c\r\n\td", ""), "aredbc\n\td");
        assert_eq!(rendered("\u{1b}]8;;https://evil.example\u{7}click\u{1b}]8;;\u{7}", ""), "click");
        assert_eq!(rendered("\u{e0041}\u{e0042}x", ""), "x");
        assert_eq!(rendered("👩\u{200d}🚀 ❤\u{fe0f} é naïve עברית", ""), "👩\u{200d}🚀 ❤\u{fe0f} é naïve עברית");
        assert!(rendered(&format!("z{}", "\u{301}".repeat(500)), "").chars().count() < 8);
    }

    #[test]
    fn a_key_is_never_repeated() {
        let said = rendered("your key is sk-or-v1-0123456789abcdef0123, right?", "");
        assert_eq!(said, "your key is […], right?");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_mixture_pings(parts in proptest::collection::vec(prop_oneof![
            Just("@everyone".to_owned()), Just("@here".to_owned()), Just("@ROOM".to_owned()), Just("<@123>".to_owned()),
            Just("<@&9>".to_owned()), Just("<".to_owned()), Just("@".to_owned()), Just("[".to_owned()),
            Just("](https://x.example)".to_owned()), Just("\u{200b}".to_owned()), Just("\u{1b}[".to_owned()),
            Just("`".to_owned()), Just("```\n".to_owned()), "\\PC{0,6}",
        ], 0..12)) {
            let text = parts.concat();
            let said = rendered(&text, "");
            prop_assert!(pings(&said).is_empty(), "{said:?}");
            prop_assert!(!said.contains('\u{1b}'), "{said:?}");
            prop_assert_eq!(rendered(&said.replace(BREAK, ""), ""), said.clone(), "rendering again changes nothing");
        }
    }
}

//! Covers drawn as SVG text: the title on a colour that follows from the book's number.

use std::fmt::Write;

/// Ground and ink, readable together.
const COLOURS: [(&str, &str); 16] = [
    ("#7b2d26", "#fff4e0"),
    ("#0b5563", "#f2f7f5"),
    ("#1f3a5f", "#f6efdc"),
    ("#a44a3f", "#fff8ee"),
    ("#2f5233", "#f5f1e3"),
    ("#5b3758", "#fbeff5"),
    ("#c98b2b", "#20160a"),
    ("#d8c3a5", "#2a2118"),
    ("#3d405b", "#f4f1de"),
    ("#81b29a", "#14261e"),
    ("#e07a5f", "#2a0f08"),
    ("#264653", "#e9f5f2"),
    ("#8d5524", "#fff3e2"),
    ("#e9c46a", "#2b2206"),
    ("#4a4e69", "#f2e9e4"),
    ("#b5838d", "#260d13"),
];
/// How many letters fit a line, and how many lines a cover.
const LINE: usize = 15;
const LINES: usize = 7;
/// Where the first line stands and how far the next is below it, in pixels of the cover.
const TOP: usize = 250;
const STEP: usize = 78;

/// Draws a cover of 600 by 900 for a title; the colours follow from `key`, such as the ISBN.
pub fn cover_svg(title: &str, key: &str) -> String {
    let place = usize::try_from(fnv1a(key) % 16).unwrap_or(0);
    let (ground, ink) = COLOURS[place];
    let direction = if title.chars().any(is_arabic) { "rtl" } else { "ltr" };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 600 900\" role=\"img\">\
         <title>{title}</title>\
         <rect width=\"600\" height=\"900\" fill=\"{ground}\"/>\
         <rect x=\"36\" y=\"36\" width=\"528\" height=\"828\" fill=\"none\" stroke=\"{ink}\" stroke-width=\"4\"/>\
         <g fill=\"{ink}\" font-family=\"serif\" font-size=\"60\" text-anchor=\"middle\" direction=\"{direction}\">",
        title = escaped(title),
    );
    for (number, line) in lines(title).iter().enumerate() {
        let y = TOP + STEP * number;
        // Writing to a string cannot fail.
        let _ = write!(svg, "<text x=\"300\" y=\"{y}\">{}</text>", escaped(line));
    }
    svg.push_str("</g></svg>");
    svg
}

/// Words put into lines; what does not fit any more is told by an ellipsis.
fn lines(title: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in title.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LINE => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.len() > LINES {
        lines.truncate(LINES);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines
}

fn is_arabic(letter: char) -> bool {
    ('\u{600}'..='\u{6ff}').contains(&letter)
}

/// Text that can stand in XML, without the control characters that cannot.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            control if control.is_control() => safe.push(' '),
            '\u{fffe}' | '\u{ffff}' => safe.push(' '),
            plain => safe.push(plain),
        }
    }
    safe
}

/// A small stable hash of text.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

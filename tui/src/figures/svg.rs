//! A figure as SVG: text stays text, and lines stay lines.

use std::fmt::Write;

use super::scene::{Anchor, Colour, Face, Scene, Shape, Text};

/// Returns the figure as an SVG document.
///
/// ```
/// use tui::figures::{Anchor, Scene, svg};
///
/// let mut scene = Scene::new((80.0, 20.0), "a < b");
/// scene.text("a < b", (4.0, 14.0), 12.0, Anchor::Start);
/// assert!(svg(&scene).contains(">a &lt; b</text>"));
/// ```
pub fn svg(scene: &Scene) -> String {
    let (width, height) = (number(scene.size.0), number(scene.size.1));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n<title>{}</title>\n",
        escaped(&scene.title)
    );
    if !scene.about.is_empty() {
        push(&mut out, format_args!("<desc>{}</desc>\n", escaped(&scene.about)));
    }
    push(&mut out, format_args!("<style>{STYLE}</style>\n"));
    let fill = hex(scene.background);
    push(&mut out, format_args!("<path fill=\"{fill}\" d=\"M0 0H{width}V{height}H0Z\"/>\n"));
    scene.shapes.iter().for_each(|shape| write_shape(&mut out, shape));
    out.push_str("</svg>\n");
    out
}

/// Fonts by class. DejaVu comes first, since the layout was measured with it; the others are narrower
/// or equal.
const STYLE: &str = "text{white-space:pre}\
    .s{font-family:'DejaVu Sans',Verdana,Helvetica,Arial,sans-serif}\
    .m{font-family:'DejaVu Sans Mono',Menlo,Consolas,monospace}\
    .b{font-weight:bold}";

fn write_shape(out: &mut String, shape: &Shape) {
    match shape {
        Shape::Rect { area: [x, y, width, height], fill, about } => {
            let area = [*x, *y, *width, *height].map(number);
            let [x, y, width, height] = area;
            let head = format!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{}\"",
                hex(*fill)
            );
            if about.is_empty() {
                push(out, format_args!("{head}/>\n"));
            } else {
                push(out, format_args!("{head}><title>{}</title></rect>\n", escaped(about)));
            }
        }
        Shape::Line { points, colour, width, dash } => {
            let dash = match dash {
                [] => String::new(),
                dash => {
                    let lengths: Vec<String> = dash.iter().map(|&length| number(length)).collect();
                    format!(" stroke-dasharray=\"{}\"", lengths.join(" "))
                }
            };
            push(
                out,
                format_args!(
                    "<path fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" \
                     stroke-linejoin=\"round\"{dash} d=\"{}\"/>\n",
                    hex(*colour),
                    number(*width),
                    path(points)
                ),
            );
        }
        Shape::Polygon { points, fill, opacity } => push(
            out,
            format_args!(
                "<path fill=\"{}\" fill-opacity=\"{}\" d=\"{}Z\"/>\n",
                hex(*fill),
                number(*opacity),
                path(points)
            ),
        ),
        Shape::Dots { points, radius, colour } => {
            // Lines of no length with round ends are dots, in one element.
            let dots: String =
                points.iter().map(|(x, y)| format!("M{} {}h0", number(*x), number(*y))).collect();
            push(
                out,
                format_args!(
                    "<path stroke=\"{}\" stroke-width=\"{}\" stroke-linecap=\"round\" d=\"{dots}\"/>\n",
                    hex(*colour),
                    number(radius * 2.0)
                ),
            );
        }
        Shape::Text(text) => write_text(out, text),
    }
}

fn write_text(out: &mut String, text: &Text) {
    let (x, y) = (number(text.at.0), number(text.at.1));
    let anchor = match text.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let class = match text.face {
        Face::Sans => "s",
        Face::SansBold => "s b",
        Face::Mono => "m",
        Face::MonoBold => "m b",
    };
    let turned = match text.turned {
        0.0 => String::new(),
        degrees => format!(" transform=\"rotate({} {x} {y})\"", number(degrees)),
    };
    let width = text.width.map_or_else(String::new, |width| {
        format!(" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", number(width))
    });
    let fill = match text.colour {
        Colour::BLACK => String::new(),
        colour => format!(" fill=\"{}\"", hex(colour)),
    };
    push(
        out,
        format_args!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" font-size=\"{}\"{anchor}{turned}{width}{fill}>\
             {}</text>\n",
            number(text.size),
            escaped(&text.text)
        ),
    );
}

/// Returns the points as a path: the first one absolute, the others relative to the one before.
fn path(points: &[(f32, f32)]) -> String {
    let mut out = String::new();
    // Relative to the written position, so that rounding does not add up.
    let mut last = (0, 0);
    for (i, (x, y)) in points.iter().enumerate() {
        let at = (hundredths(*x), hundredths(*y));
        let moved = (at.0 - last.0, at.1 - last.1);
        let text = |value: i64| number(value as f32 / 100.0);
        let letter = if i == 0 { 'M' } else { 'l' };
        push(&mut out, format_args!("{letter}{} {}", text(moved.0), text(moved.1)));
        last = at;
    }
    out
}

#[allow(clippy::cast_possible_truncation)] // a position on the page; saturates
fn hundredths(value: f32) -> i64 {
    (value * 100.0).round() as i64
}

/// Writes a number with at most two decimals.
fn number(value: f32) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn hex(Colour(red, green, blue): Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Escapes a text. Characters that XML 1.0 does not allow are replaced by U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_well_formed_and_holds_the_texts() {
        let mut scene = Scene::new((100.0, 50.5), "title & <more>");
        scene.about = "tui export \"a\"".to_owned();
        scene.rect([0.0, 1.0, 2.0, 3.456], Colour(255, 0, 16));
        scene.line(vec![(0.0, 0.0), (1.0, 2.005), (3.0, 1.0)], Colour::BLACK, 1.5);
        scene.shapes.push(Shape::Text(Text {
            turned: -90.0,
            width: Some(20.0),
            ..Text::new("a\u{1}<b>\u{fffe}", (1.0, -0.001), 10.0, Anchor::End)
        }));
        scene.shapes.push(Shape::Dots {
            points: vec![(5.0, 5.0)],
            radius: 1.5,
            colour: Colour::BLACK,
        });
        let text = svg(&scene);
        let document = roxmltree::Document::parse(&text).unwrap();
        let of = |name: &str| {
            let found = document.descendants().filter(|node| node.has_tag_name(name));
            found.map(|node| node.text().unwrap_or("").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of("title"), ["title & <more>"]);
        assert_eq!(of("desc"), ["tui export \"a\""]);
        assert_eq!(of("text"), ["a\u{fffd}<b>\u{fffd}"]);
        assert!(text.contains("height=\"3.46\" fill=\"#ff0010\""), "{text}");
        assert!(text.contains("y=\"0\" font-size=\"10\" text-anchor=\"end\""), "{text}");
        assert!(text.contains("d=\"M0 0l1 2.01l2 -1.01\""), "{text}");
        assert!(
            text.contains("stroke-width=\"3\" stroke-linecap=\"round\" d=\"M5 5h0\""),
            "{text}"
        );
    }
}

//! Accuracy against tokens as a picture: one SVG without scripts, light or dark as its reader likes.

use std::fmt::Write;

use super::contest::Row;

/// Size of the picture and of the field inside it, in pixels.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 170.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 46.0;

/// Told apart without colour vision as well (Okabe and Ito).
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f"];

const STYLE: &str = "<style>
  svg { color-scheme: light dark; background: Canvas; font: 12px system-ui, sans-serif }
  text { fill: CanvasText } .grid { stroke: GrayText; stroke-opacity: 0.25 }
  .curve { fill: none; stroke-width: 2px } .whisker { stroke-opacity: 0.5 }
</style>
";

/// Where numbers stand on the picture.
struct Field {
    tokens: f64,
    low: f64,
    high: f64,
}

impl Field {
    fn x(&self, tokens: f64) -> f64 {
        LEFT + tokens / self.tokens * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, share: f64) -> f64 {
        TOP + (self.high - share) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)
    }
}

/// The curves of all rows, each with the 95 % interval of its points.
pub fn plot(rows: &[Row]) -> String {
    let points = || rows.iter().flat_map(|row| &row.curve);
    let tokens = points().map(|point| point.tokens).fold(1.0, f64::max);
    // To whole tenths, so that the grid is where the eye looks for it.
    let low = points().map(|point| point.interval.0).fold(1.0, f64::min);
    let high = points().map(|point| point.interval.1).fold(0.0, f64::max);
    let low = (low * 10.0).floor().clamp(0.0, 9.0) / 10.0;
    let field = Field { tokens: tokens * 1.04, low, high: (high * 10.0).ceil().max(low * 10.0 + 1.0) / 10.0 };
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n<title>Accuracy against tokens</title>\n{STYLE}"
    );
    grid(&mut out, &field);
    for (at, row) in rows.iter().enumerate() {
        curve(&mut out, &field, row, COLOURS[at % COLOURS.len()], at);
    }
    out + "</svg>\n"
}

fn grid(out: &mut String, field: &Field) {
    #[expect(clippy::cast_sign_loss, reason = "shares have no sign")]
    let tenths = (field.low * 10.0).round() as u32..=(field.high * 10.0).round() as u32;
    for tenth in tenths {
        let y = field.y(f64::from(tenth) / 10.0);
        let (end, label, percent) = (WIDTH - RIGHT, LEFT - 6.0, tenth * 10);
        line(
            out,
            format_args!("<line class=\"grid\" x1=\"{LEFT}\" x2=\"{end}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"),
        );
        let low = y + 4.0;
        line(out, format_args!("<text x=\"{label}\" y=\"{low:.1}\" text-anchor=\"end\">{percent} %</text>"));
    }
    let step = step(field.tokens);
    let mut tokens = 0.0;
    while tokens <= field.tokens {
        let (x, y) = (field.x(tokens), HEIGHT - BOTTOM + 18.0);
        line(out, format_args!("<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{tokens:.0}</text>"));
        tokens += step;
    }
    let (x, y) = (f64::midpoint(LEFT, WIDTH - RIGHT), HEIGHT - 8.0);
    line(
        out,
        format_args!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">tokens a question, mean</text>"),
    );
}

/// About five numbers on the axis: 1, 2 or 5 times a power of ten apart.
fn step(tokens: f64) -> f64 {
    let power = 10_f64.powf((tokens / 5.0).log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| tokens / step <= 6.0)
        .unwrap_or(power)
}

fn curve(out: &mut String, field: &Field, row: &Row, colour: &str, at: usize) {
    let places: Vec<String> = row
        .curve
        .iter()
        .map(|point| format!("{:.1},{:.1}", field.x(point.tokens), field.y(point.accuracy)))
        .collect();
    line(
        out,
        format_args!("<polyline class=\"curve\" stroke=\"{colour}\" points=\"{}\"/>", places.join(" ")),
    );
    for point in &row.curve {
        let (x, y) = (field.x(point.tokens), field.y(point.accuracy));
        let (low, high) = (field.y(point.interval.0), field.y(point.interval.1));
        line(
            out,
            format_args!(
                "<line class=\"whisker\" stroke=\"{colour}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{low:.1}\" y2=\"{high:.1}\"/>"
            ),
        );
        line(
            out,
            format_args!(
                "<circle fill=\"{colour}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"><title>{}: {:.1} % at {:.0} tokens</title></circle>",
                escape(&row.name),
                100.0 * point.accuracy,
                point.tokens
            ),
        );
    }
    let (x, y) = (WIDTH - RIGHT + 14.0, TOP + 14.0 + 20.0 * at as f64);
    let (bar, text) = (y - 9.0, x + 16.0);
    line(out, format_args!("<rect fill=\"{colour}\" x=\"{x}\" y=\"{bar}\" width=\"10\" height=\"10\"/>"));
    line(out, format_args!("<text x=\"{text}\" y=\"{y}\">{}</text>", escape(&row.name)));
}

/// Writes a line; to a String that cannot fail.
fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = writeln!(out, "{text}");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::contest::tests::contest;

    #[test]
    fn every_point_is_drawn_inside_the_picture() {
        let mut rows = contest().rows;
        rows[1].name = "<sc>".into();
        let svg = plot(&rows);
        assert_eq!(svg.matches("<circle").count(), rows.iter().map(|row| row.curve.len()).sum::<usize>());
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert!(svg.contains("&lt;sc&gt;") && svg.contains("50 %") && svg.ends_with("</svg>\n"));
        let ys =
            svg.split("cy=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse::<f64>().unwrap());
        assert!(ys.into_iter().all(|y| (TOP..=HEIGHT - BOTTOM).contains(&y)), "{svg}");
        assert!(plot(&[]).contains("<svg"));
    }

    #[test]
    fn numbers_on_the_axis_are_round() {
        let steps = [100.0, 700.0, 1000.0, 8192.0].map(|tokens| step(tokens).to_string());
        assert_eq!(steps, ["20", "200", "200", "2000"]);
    }
}

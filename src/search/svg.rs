//! A tree as a picture: one SVG without scripts or fonts of its own, light or dark as its reader likes.
//!
//! Time goes from left to right, a node is a box as long as its text in tokens; the deeper its colour the higher its
//! mean confidence, the thicker its line the more rollouts went through it; the winning branch has an outline.

use std::fmt::Write;

use super::machine::Search;
use super::tree::{Node, ROOT};
use crate::protocol::{NodeId, NodeKind};

/// Height of a branch and of a box, in pixels.
const ROW: f64 = 22.0;
const BOX: f64 = 14.0;

/// Space between a node and its children, and around the picture.
const GAP: f64 = 10.0;

/// Pixels a token, and the shortest box.
const TOKEN: f64 = 1.2;
const SHORTEST: f64 = 10.0;

/// Letters of a node's text that its tooltip shows.
const TOOLTIP: usize = 400;

/// Where a node is drawn.
#[derive(Clone, Copy, Default)]
struct Place {
    x: f64,
    y: f64,
    width: f64,
}

/// The tree of a search, its answers and the winning branch.
pub fn svg(search: &Search) -> String {
    let tree = search.tree();
    let nodes = tree.nodes();
    let report = search.report();
    let places = layout(nodes);
    let answer_x = places.iter().map(|place| place.x + place.width).fold(0.0, f64::max) + GAP;
    let rows = places.iter().map(|place| place.y).fold(0.0, f64::max);
    let (width, height) = (answer_x + 160.0, rows + ROW + GAP);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n<title>{}</title>\n{STYLE}",
        escape(&format!(
            "Search tree: {} nodes, {} branches done, answer {}",
            nodes.len() - 1,
            report.progress.rollouts,
            report.answer.as_deref().unwrap_or("none")
        ))
    );
    for (id, node) in (0..).zip(nodes).skip(1) {
        draw(&mut out, id, node, &places, report.path.contains(&id));
        if let Some(answer) = &node.answer {
            let won = if report.path.last() == Some(&id) { " class=\"won\"" } else { "" };
            let forced = if answer.forced { " (forced)" } else { "" };
            let y = places[id as usize].y + BOX - 3.0;
            line(
                &mut out,
                format_args!(
                    "<text{won} x=\"{answer_x:.1}\" y=\"{y:.1}\">{}{forced}</text>",
                    escape(&short(&answer.class, 20))
                ),
            );
        }
    }
    out + "</svg>\n"
}

const STYLE: &str = "<style>
  svg { color-scheme: light dark; background: Canvas; font: 11px system-ui, sans-serif }
  text { fill: CanvasText } .won { font-weight: bold }
  path { fill: none; stroke: GrayText }
  rect { stroke: none; rx: 3px } .path { stroke: CanvasText; stroke-width: 2px }
</style>
";

/// Writes a line; to a String that cannot fail.
fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = writeln!(out, "{text}");
}

/// The root at the left; leaves from top to bottom in the order of the tree, a node at the height of its first child.
fn layout(nodes: &[Node]) -> Vec<Place> {
    let mut places = vec![Place::default(); nodes.len()];
    let mut row = 0.0;
    // Children of a node wait with the last at the bottom, so that the first is drawn next, in the same row.
    let mut waiting = vec![(ROOT, GAP, true)];
    while let Some((id, x, same_row)) = waiting.pop() {
        let node = &nodes[id as usize];
        row += if same_row { 0.0 } else { ROW };
        let width = if id == ROOT { 0.0 } else { (node.tokens.len() as f64 * TOKEN).max(SHORTEST) };
        places[id as usize] = Place { x, y: GAP + row, width };
        let below = x + width + GAP;
        waiting.extend(node.children.iter().enumerate().rev().map(|(at, &child)| (child, below, at == 0)));
    }
    places
}

fn draw(out: &mut String, id: NodeId, node: &Node, places: &[Place], won: bool) {
    let (from, to) = (places[node.parent as usize], places[id as usize]);
    let thickness = 1.0 + f64::from(node.visits.max(1)).log2();
    let (x0, y0, x1, y1) = (from.x + from.width, from.y + BOX / 2.0, to.x, to.y + BOX / 2.0);
    line(
        out,
        format_args!(
            "<path stroke-width=\"{thickness:.1}\" d=\"M{x0:.1} {y0:.1} C{x1:.1} {y0:.1} {x0:.1} {y1:.1} {x1:.1} {y1:.1}\"/>"
        ),
    );
    let confidence = node.mean_confidence();
    let class = if won { " class=\"path\"" } else { "" };
    let value = node.value().map_or("-".into(), |value| format!("{value:.3}"));
    let mean = confidence.map_or("-".into(), |mean| format!("{mean:.3}"));
    line(
        out,
        format_args!(
            "<rect{class} x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{BOX}\" fill=\"{}\"><title>{}</title></rect>",
            to.x,
            to.y,
            to.width,
            fill(node.kind, confidence),
            escape(&format!(
                "node {id}: {:?}, {} tokens, confidence {mean}, {} visits, value {value}\n{}",
                node.kind,
                node.tokens.len(),
                node.visits,
                short(&super::tree::text(node.tokens.iter()), TOOLTIP)
            ))
        ),
    );
}

/// Blue for thoughts, violet for reflections, green for answers, grey for what was forced or went in circles; paler
/// where confidence is lower. It lives near 0.9, so 0.5 is as pale as it gets.
fn fill(kind: NodeKind, confidence: Option<f32>) -> String {
    let hue = match kind {
        NodeKind::Segment => 210,
        NodeKind::Reflection => 275,
        NodeKind::Final => 145,
        NodeKind::Truncated | NodeKind::Loop => return "hsl(0 0% 60%)".into(),
    };
    let strength = ((confidence.unwrap_or(0.5) - 0.5) * 2.0).clamp(0.0, 1.0);
    format!("hsl({hue} 65% {:.0}%)", 80.0 - 40.0 * strength)
}

fn short(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    text.chars().take(letters).chain(['…']).collect()
}

/// Text for XML; what XML 1.0 has no place for is left out.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(letter),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{SamplingOptions, SearchOptions, ThoughtFormat};
    use crate::search::toy::{Toy, run};

    fn searched() -> Search {
        let sampling = SamplingOptions::default();
        let mut search =
            Search::new(&SearchOptions::default(), &sampling, ThoughtFormat::Marco, 4096).unwrap();
        run(&mut search, &mut Toy::default(), |_| 0).unwrap();
        search
    }

    #[test]
    fn every_node_has_its_box_and_the_winner_its_outline() {
        let search = searched();
        let picture = svg(&search);
        let nodes = search.tree().nodes().len() - 1;
        assert_eq!((picture.matches("<rect").count(), picture.matches("<path").count()), (nodes, nodes));
        assert_eq!(picture.matches("class=\"path\"").count(), search.report().path.len() - 1);
        assert_eq!(picture.matches("class=\"won\"").count(), 1);
        let leaves = search.tree().nodes().iter().filter(|node| node.answer.is_some()).count();
        assert_eq!(picture.matches("<text").count(), leaves);
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    }

    #[test]
    fn nothing_in_the_text_is_markup() {
        assert_eq!(escape("<Thought>\n\"a\" & \u{1b}b\u{ffff}"), "&lt;Thought&gt;\n&quot;a&quot; &amp; b");
        let picture = svg(&searched());
        // Outside of tags no angle bracket is left: they come in pairs of our own.
        let known = ["svg", "title", "style", "path", "rect", "text"];
        for tag in picture.split('<').skip(1) {
            let name = tag.trim_start_matches('/').split([' ', '>']).next().unwrap();
            assert!(known.contains(&name), "<{name}");
        }
        assert!(picture.contains("&lt;Thought&gt;"));
    }

    #[test]
    fn boxes_do_not_overlap() {
        let search = searched();
        let places = layout(search.tree().nodes());
        for (a, one) in places.iter().enumerate().skip(1) {
            for other in &places[a + 1..] {
                let apart = one.x + one.width <= other.x || other.x + other.width <= one.x;
                assert!(apart || (one.y - other.y).abs() >= BOX, "two boxes at {} {}", one.x, one.y);
            }
        }
    }
}

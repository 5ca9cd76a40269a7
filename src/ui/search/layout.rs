//! Where the nodes of a tree are drawn, and the window through which they are seen.
//!
//! Depth goes to the right, leaves from top to bottom; the first child lies in its parent's row. A new leaf is
//! the last of its parent, so nothing above it moves, and the window makes up for what moves below.

use crate::protocol::NodeId;

use super::tree::{ROOT, Tree};

/// From one column to the next, and from one row to the next, in pixels of the picture.
pub const COLUMN: f64 = 62.0;
/// Height of a row.
pub const ROW: f64 = 28.0;
/// Size of a node.
pub const WIDTH: f64 = 40.0;
/// Height of a node.
pub const HEIGHT: f64 = 20.0;
/// Room to the right of the last column, for the answers.
const ANSWERS: f64 = 120.0;
/// Space around the picture.
const MARGIN: f64 = 16.0;
/// The strongest and the weakest zoom.
const ZOOM: (f64, f64) = (0.15, 2.5);
/// Below this text cannot be read, so fitting goes no further while the tree grows.
const LEGIBLE: f64 = 0.6;

/// Where a node is, in pixels of the picture: its left edge and its middle.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Place {
    /// Left edge.
    pub x: f64,
    /// Middle.
    pub y: f64,
    /// How far its parent's middle lies above.
    pub rise: f64,
}

/// The places of all nodes, by name.
pub fn places(tree: &Tree) -> Vec<Place> {
    let mut places = vec![Place::default(); tree.nodes().len()];
    let mut row = 0.0;
    let order = tree.order(ROOT);
    for (at, &id) in order.iter().enumerate() {
        let Some(node) = tree.get(id) else { continue };
        let parent = node.told.parent;
        // The one drawn before it is its parent, or the end of another branch.
        if at > 0 && order[at - 1] != parent {
            row += ROW;
        }
        let rise = row - if id == ROOT { row } else { places[parent as usize].y };
        places[id as usize] = Place { x: f64::from(node.depth) * COLUMN, y: row, rise };
    }
    places
}

/// Width and height of the picture, with room around it.
pub fn size(places: &[Place]) -> (f64, f64) {
    let right = places.iter().map(|place| place.x).fold(0.0, f64::max);
    let bottom = places.iter().map(|place| place.y).fold(0.0, f64::max);
    (right + WIDTH + ANSWERS + 2.0 * MARGIN, bottom + HEIGHT + 2.0 * MARGIN)
}

/// The line from a node's parent to it, in the node's own coordinates.
pub fn edge(rise: f64) -> String {
    let from = WIDTH - COLUMN;
    if rise == 0.0 {
        return format!("M{from} 0H0");
    }
    format!("M{from} {:.0}C{:.0} {:.0} {from} 0 0 0", -rise, from / 3.0, -rise)
}

/// What part of the picture is seen: a point of the picture is at `zoom * point + (x, y)` of the frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
    /// Pixels of the frame a pixel of the picture.
    pub zoom: f64,
}

impl Default for Camera {
    fn default() -> Self {
        Self { x: MARGIN, y: MARGIN + HEIGHT / 2.0, zoom: 1.0 }
    }
}

impl Camera {
    /// All of the picture in a frame of that size, as large as it goes, but not larger than life.
    pub fn fit(places: &[Place], frame: (f64, f64)) -> Self {
        let (width, height) = size(places);
        let zoom = (frame.0 / width).min(frame.1 / height).clamp(ZOOM.0, 1.0);
        Self::at_start(zoom)
    }

    /// As [`Self::fit`], but only so far that text can be read; the rest is reached by moving.
    pub fn fit_legibly(places: &[Place], frame: (f64, f64)) -> Self {
        Self::at_start(Self::fit(places, frame).zoom.max(LEGIBLE))
    }

    fn at_start(zoom: f64) -> Self {
        Self { x: MARGIN * zoom, y: (MARGIN + HEIGHT / 2.0) * zoom, zoom }
    }

    /// Zooms by a factor, with this point of the frame held in its place.
    #[must_use]
    pub fn zoomed(self, by: f64, (px, py): (f64, f64)) -> Self {
        let zoom = (self.zoom * by).clamp(ZOOM.0, ZOOM.1);
        let by = zoom / self.zoom;
        Self { x: px - (px - self.x) * by, y: py - (py - self.y) * by, zoom }
    }

    /// Moved by so many pixels of the frame.
    #[must_use]
    pub fn moved(self, dx: f64, dy: f64) -> Self {
        Self { x: self.x + dx, y: self.y + dy, ..self }
    }

    /// As much moved as a node was, so that it stays where the eye is.
    #[must_use]
    pub fn anchored(self, old: Place, new: Place) -> Self {
        self.moved((old.x - new.x) * self.zoom, (old.y - new.y) * self.zoom)
    }

    /// Moved just so far that a node is seen whole, with its answer.
    #[must_use]
    pub fn showing(self, place: Place, frame: (f64, f64)) -> Self {
        let left = self.x + place.x * self.zoom;
        let top = self.y + (place.y - HEIGHT / 2.0) * self.zoom;
        let (width, height) = ((WIDTH + ANSWERS) * self.zoom, HEIGHT * self.zoom);
        self.moved(into(left, width, frame.0), into(top, height, frame.1))
    }
}

/// How far a stretch must move to lie within 0 and `room`, its start first.
fn into(start: f64, length: f64, room: f64) -> f64 {
    let over = (start + length + MARGIN - room).max(0.0);
    let start = start - over;
    if start < MARGIN { MARGIN - start - over } else { -over }
}

/// Where an arrow key leads from a node: to the parent, the first child, or the next above or below in the order
/// of the picture.
pub fn neighbour(tree: &Tree, from: NodeId, key: &str) -> Option<NodeId> {
    let order = tree.order(ROOT);
    let at = order.iter().position(|id| *id == from)?;
    match key {
        "ArrowLeft" => tree.get(from).map(|node| node.told.parent),
        "ArrowRight" => tree.get(from)?.children.first().copied(),
        "ArrowUp" => at.checked_sub(1).map(|at| order[at]),
        "ArrowDown" => order.get(at + 1).copied(),
        "Home" => order.first().copied(),
        "End" => order.last().copied(),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "numbers that are exact")]
mod tests {
    use super::super::tree::tests::{piece, tree};
    use super::*;

    #[test]
    fn a_first_child_shares_its_parents_row_and_no_two_nodes_overlap() {
        let places = places(&tree());
        let rows: Vec<_> = places.iter().map(|place| place.y / ROW).collect();
        assert_eq!(rows, [0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
        assert_eq!(places[4].rise, ROW);
        assert_eq!(places[5].rise, 2.0 * ROW);
        for (at, one) in places.iter().enumerate() {
            assert!(places[at + 1..].iter().all(|other| (one.x, one.y) != (other.x, other.y)));
        }
    }

    #[test]
    fn a_new_leaf_moves_nothing_above_it_and_the_window_follows_what_it_moves() {
        let mut tree = tree();
        let before = places(&tree);
        tree.add(piece(6, 2));
        let after = places(&tree);
        assert_eq!(after[..4], before[..4]);
        assert_eq!(after[4].y, before[4].y + ROW);
        let camera = Camera { zoom: 0.5, ..Camera::default() };
        let moved = camera.anchored(before[4], after[4]);
        assert_eq!(moved.y + after[4].y * moved.zoom, camera.y + before[4].y * camera.zoom);
    }

    #[test]
    fn zooming_holds_the_point_under_the_pointer() {
        let camera = Camera::default();
        let point = |camera: Camera| ((100.0 - camera.x) / camera.zoom, (50.0 - camera.y) / camera.zoom);
        let near = camera.zoomed(1.5, (100.0, 50.0));
        let (a, b) = (point(camera), point(near));
        assert!((a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9);
        assert_eq!(camera.zoomed(100.0, (0.0, 0.0)).zoom, ZOOM.1);
    }

    #[test]
    fn fitting_shows_everything_and_showing_moves_no_more_than_it_must() {
        let places = places(&tree());
        let camera = Camera::fit(&places, (200.0, 100.0));
        let (width, height) = size(&places);
        assert!(width * camera.zoom <= 200.5 && height * camera.zoom <= 100.5);
        assert_eq!(Camera::fit(&places, (5000.0, 5000.0)).zoom, 1.0);
        let frame = (400.0, 300.0);
        let camera = Camera::default();
        assert_eq!(camera.showing(places[1], frame), camera, "it is seen already");
        let far = Place { x: 900.0, y: 700.0, rise: 0.0 };
        let there = camera.showing(far, frame);
        let (x, y) = (there.x + far.x, there.y + far.y);
        assert!(x >= 0.0 && x + WIDTH <= 400.0 && y >= 0.0 && y + HEIGHT / 2.0 <= 300.0, "{x} {y}");
        let back = there.showing(places[0], frame);
        assert!(back.x >= 0.0 && back.y >= HEIGHT / 2.0);
    }

    #[test]
    fn arrows_lead_through_the_tree() {
        let tree = tree();
        let go = |from, key| neighbour(&tree, from, key);
        assert_eq!(go(2, "ArrowLeft"), Some(1));
        assert_eq!(go(1, "ArrowRight"), Some(2));
        assert_eq!((go(3, "ArrowDown"), go(4, "ArrowUp")), (Some(4), Some(3)));
        assert_eq!((go(3, "ArrowRight"), go(5, "ArrowDown"), go(3, "x")), (None, None, None));
        assert_eq!((go(3, "Home"), go(3, "End")), (Some(0), Some(5)));
    }
}

//! The window onto the picture of a tree: what is drawn, which part of it is seen, and what moves it.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::protocol::{NodeId, RequestId};

use crate::ui::page::{Page, page};
use crate::ui::search::layout::{Camera, Place, neighbour, places};
use crate::ui::search::look::{Look, look};
use crate::ui::search::run::Run;
use crate::ui::search::tree::ROOT;

/// A step of the zoom buttons.
pub(super) const ZOOM: f64 = 1.25;
/// Pixels that a press may move and still be a click.
const STILL: f64 = 4.0;

/// A node as it is drawn. The signals belong to nobody's scope: they live as long as the picture.
#[derive(Clone)]
pub(super) struct Drawn {
    pub(super) id: NodeId,
    pub(super) place: ArcRwSignal<Place>,
    pub(super) look: ArcRwSignal<Look>,
    version: u32,
}

/// What was drawn last.
#[derive(Default)]
pub(super) struct Canvas {
    pub(super) nodes: Vec<Drawn>,
    shape: u32,
    /// Size of the frame in CSS pixels.
    frame: (f64, f64),
    done: bool,
}

impl Canvas {
    /// Brings what is drawn up to date; how far what the eye rests on has moved, and where the newest node is.
    fn update(&mut self, run: &Run) -> (Option<(Place, Place)>, Option<Place>) {
        let nodes = run.tree.nodes();
        let (mut moved, mut newest) = (None, None);
        if self.nodes.is_empty() || self.shape != run.tree.shape {
            self.shape = run.tree.shape;
            let places = places(&run.tree);
            let anchor = run.selected.unwrap_or(ROOT) as usize;
            moved = self.nodes.get(anchor).map(|drawn| (drawn.place.get_untracked(), places[anchor]));
            for (drawn, place) in self.nodes.iter().zip(&places) {
                if drawn.place.with_untracked(|old| old != place) {
                    drawn.place.set(*place);
                }
            }
            for (id, node) in nodes.iter().enumerate().skip(self.nodes.len()) {
                let id = id as NodeId;
                if run.follow.is_some_and(|branch| run.tree.path(id).any(|above| above.told.node == branch)) {
                    newest = Some(places[id as usize]);
                }
                let look = ArcRwSignal::new(look(run, id));
                let place = ArcRwSignal::new(places[id as usize]);
                self.nodes.push(Drawn { id, place, look, version: node.version });
            }
        }
        for (drawn, node) in self.nodes.iter_mut().zip(nodes) {
            if drawn.version != node.version {
                drawn.version = node.version;
                drawn.look.set(look(run, drawn.id));
            }
        }
        (moved, newest)
    }

    fn places(&self) -> Vec<Place> {
        self.nodes.iter().map(|drawn| drawn.place.get_untracked()).collect()
    }
}

/// The window onto a picture, and what moves it. All of it is handles.
#[derive(Clone, Copy)]
pub(super) struct Pane {
    pub(super) id: RequestId,
    pub(super) page: Page,
    pub(super) frame: NodeRef<html::Div>,
    pub(super) canvas: StoredValue<Canvas, LocalStorage>,
    pub(super) camera: RwSignal<Camera>,
    /// Whether the last move was the picture's own, and is shown as a glide.
    pub(super) gliding: RwSignal<bool>,
    /// Nodes that are drawn.
    pub(super) count: RwSignal<usize>,
    /// Where a press began, and whether it became a drag.
    press: StoredValue<Option<(f64, f64, bool)>>,
}

impl Pane {
    pub(super) fn new(id: RequestId) -> Self {
        Self {
            id,
            page: page(),
            frame: NodeRef::new(),
            canvas: StoredValue::new_local(Canvas::default()),
            camera: RwSignal::new(Camera::default()),
            gliding: RwSignal::new(false),
            count: RwSignal::new(0),
            press: StoredValue::new(None),
        }
    }

    /// Reads the size of the frame, once it is there.
    pub(super) fn measure(self) {
        if let Some(frame) = self.frame.get_untracked() {
            let size = (f64::from(frame.client_width()), f64::from(frame.client_height()));
            self.canvas.update_value(|canvas| canvas.frame = size);
        }
    }

    /// Draws what has changed, and moves the window where it is to follow.
    pub(super) fn draw(self, run: &Run) {
        if self.canvas.with_value(|canvas| canvas.frame.0 == 0.0) {
            self.measure();
        }
        self.canvas.update_value(|canvas| {
            let first = canvas.nodes.len() <= 1;
            let (moved, newest) = canvas.update(run);
            self.count.set(canvas.nodes.len());
            let done = run.report.is_some();
            let ended = done && !std::mem::replace(&mut canvas.done, done);
            let old = self.camera.get_untracked();
            let new = if ended && (first || run.follow.is_some()) {
                Camera::fit_legibly(&canvas.places(), canvas.frame)
            } else if let Some(place) = newest {
                old.showing(place, canvas.frame)
            } else if let Some((from, to)) = moved {
                old.anchored(from, to)
            } else {
                old
            };
            if new != old {
                self.gliding.set(newest.is_some() || ended);
                self.camera.set(new);
            }
        });
    }

    /// Moves the window at once.
    pub(super) fn steer(self, change: impl FnOnce(Camera) -> Camera) {
        self.gliding.set(false);
        self.camera.update(|camera| *camera = change(*camera));
    }

    /// What the reader does to the window ends the following.
    pub(super) fn let_go(self) {
        let follows = |run: &Run| run.follow.is_some();
        if self.page.chat.with_untracked(|chat| chat.searches.get(self.id).is_some_and(follows)) {
            self.page.act_on_searches(|searches| searches.follow(self.id, None));
        }
    }

    pub(super) fn zoom(self, by: f64) {
        let middle = self.canvas.with_value(|canvas| (canvas.frame.0 / 2.0, canvas.frame.1 / 2.0));
        self.steer(|camera| camera.zoomed(by, middle));
    }

    pub(super) fn fit(self) {
        self.measure();
        let all = self.canvas.with_value(|canvas| Camera::fit(&canvas.places(), canvas.frame));
        self.steer(|_| all);
        self.gliding.set(true);
    }

    /// Looks at a node, and brings it into view and under the keyboard.
    pub(super) fn show(self, node: NodeId) {
        self.page.act_on_searches(|searches| searches.select(self.id, Some(node)));
        let found = self.canvas.with_value(|canvas| {
            let place = canvas.nodes.get(node as usize).map(|drawn| drawn.place.get_untracked());
            place.map(|place| (place, canvas.frame))
        });
        if let Some((place, size)) = found {
            self.steer(|camera| camera.showing(place, size));
        }
        let selector = format!("[data-node='{node}']");
        request_animation_frame(move || {
            let frame = self.frame.get_untracked();
            let found = frame.and_then(|frame| frame.query_selector(&selector).ok().flatten());
            if let Some(element) = found.and_then(|found| found.dyn_into::<web_sys::SvgElement>().ok()) {
                // An element that is gone has no focus to take.
                drop(element.focus());
            }
        });
    }

    pub(super) fn key(self, event: &leptos::ev::KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let key = event.key();
        let next = self.page.chat.with_untracked(|chat| {
            let run = chat.searches.get(self.id)?;
            let from = run.selected.unwrap_or(ROOT);
            if key == "Enter" || key == " " { Some(from) } else { neighbour(&run.tree, from, &key) }
        });
        match (key.as_str(), next) {
            (_, Some(next)) => self.show(next),
            ("+" | "=", None) => self.zoom(ZOOM),
            ("-", None) => self.zoom(1.0 / ZOOM),
            ("0", None) => self.fit(),
            _ => return,
        }
        event.prevent_default();
    }

    pub(super) fn down(self, event: &leptos::ev::PointerEvent) {
        if event.button() == 0 {
            self.press.set_value(Some((f64::from(event.client_x()), f64::from(event.client_y()), false)));
        }
    }

    pub(super) fn drag(self, event: &leptos::ev::PointerEvent) {
        let Some((from_x, from_y, dragging)) = self.press.get_value() else { return };
        let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        let (dx, dy) = (x - from_x, y - from_y);
        if !dragging && dx.abs().max(dy.abs()) < STILL {
            return;
        }
        if !dragging && let Some(frame) = self.frame.get_untracked() {
            // A pointer that is gone needs no capture.
            drop(frame.set_pointer_capture(event.pointer_id()));
            self.let_go();
        }
        self.press.set_value(Some((x, y, true)));
        self.steer(|camera| camera.moved(dx, dy));
    }

    pub(super) fn up(self, event: &leptos::ev::PointerEvent) {
        let dragged = self.press.get_value().is_some_and(|(.., dragged)| dragged);
        self.press.set_value(None);
        if dragged || event.type_() != "pointerup" {
            return;
        }
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let node = target.and_then(|target| target.closest("[data-at]").ok().flatten());
        if let Some(node) = node.and_then(|node| node.get_attribute("data-at")?.parse().ok()) {
            self.show(node);
        }
    }

    /// A plain wheel scrolls the page; with Ctrl, as a pinch sends it, it zooms; sideways it moves the picture.
    pub(super) fn wheel(self, event: &leptos::ev::WheelEvent) {
        if event.ctrl_key() || event.meta_key() {
            let Some(frame) = self.frame.get_untracked() else { return };
            let rect = frame.get_bounding_client_rect();
            let point = (f64::from(event.client_x()) - rect.left(), f64::from(event.client_y()) - rect.top());
            let by = (-event.delta_y() / 300.0).exp();
            self.steer(|camera| camera.zoomed(by, point));
        } else if event.delta_x() != 0.0 {
            let dx = -event.delta_x();
            self.steer(|camera| camera.moved(dx, 0.0));
        } else {
            return;
        }
        self.let_go();
        event.prevent_default();
    }
}

//! The live picture of a tree. Each node has signals of its own, so an update touches only what changed; the
//! window onto the picture moves by itself only where the reader asked it to follow.

use leptos::attr::custom::custom_attribute;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::protocol::{NodeId, RequestId};

use super::{hue, of_run};
use crate::ui::page::page;
use crate::ui::search::layout::{Camera, HEIGHT, Place, WIDTH, edge, neighbour, places};
use crate::ui::search::look::{Look, look};
use crate::ui::search::run::Run;
use crate::ui::search::tree::ROOT;
use crate::ui::view::icons::{Icon, MINUS, PLUS};

/// A step of the zoom buttons.
const ZOOM: f64 = 1.25;
/// Pixels that a press may move and still be a click.
const STILL: f64 = 4.0;

/// A node as it is drawn. The signals belong to nobody's scope: they live as long as the picture.
#[derive(Clone)]
struct Drawn {
    id: NodeId,
    place: ArcRwSignal<Place>,
    look: ArcRwSignal<Look>,
    version: u32,
}

/// What was drawn last.
#[derive(Default)]
struct Canvas {
    nodes: Vec<Drawn>,
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

/// The picture of one search.
#[component]
pub fn Picture(id: RequestId) -> impl IntoView {
    let page = page();
    let frame = NodeRef::<html::Div>::new();
    let camera = RwSignal::new(Camera::default());
    let gliding = RwSignal::new(false);
    let count = RwSignal::new(0_usize);
    let canvas = StoredValue::new_local(Canvas::default());
    let measure = move || {
        if let Some(frame) = frame.get_untracked() {
            let size = (f64::from(frame.client_width()), f64::from(frame.client_height()));
            canvas.update_value(|canvas| canvas.frame = size);
        }
    };
    let resized = window_event_listener(leptos::ev::resize, move |_| measure());
    on_cleanup(move || resized.remove());
    let changes = of_run(id, |run| (run.tree.changes, run.report.is_some(), run.follow));
    Effect::new(move |_| {
        changes.get();
        page.chat.with_untracked(|chat| {
            let Some(run) = chat.searches.get(id) else { return };
            canvas.update_value(|canvas| {
                if canvas.frame.0 == 0.0 {
                    measure_into(canvas, frame);
                }
                let first = canvas.nodes.len() <= 1;
                let (moved, newest) = canvas.update(run);
                count.set(canvas.nodes.len());
                let old = camera.get_untracked();
                let mut new = old;
                let ended =
                    run.report.is_some() && !std::mem::replace(&mut canvas.done, run.report.is_some());
                if ended && (first || run.follow.is_some()) {
                    new = Camera::fit_legibly(&canvas.places(), canvas.frame);
                } else if let Some(place) = newest {
                    new = new.showing(place, canvas.frame);
                } else if let Some((from, to)) = moved {
                    new = new.anchored(from, to);
                }
                if new != old {
                    gliding.set(newest.is_some() || ended);
                    camera.set(new);
                }
            });
        });
    });
    // What the reader does to the window ends the following, but for the buttons.
    let steer = move |change: &dyn Fn(Camera) -> Camera| {
        gliding.set(false);
        camera.update(|camera| *camera = change(*camera));
    };
    let let_go = move || {
        if page.chat.with_untracked(|chat| chat.searches.get(id).is_some_and(|run| run.follow.is_some())) {
            page.act_on_searches(|searches| searches.follow(id, None));
        }
    };
    let middle = move || canvas.with_value(|canvas| (canvas.frame.0 / 2.0, canvas.frame.1 / 2.0));
    let zoom = move |by: f64| steer(&move |camera| camera.zoomed(by, middle()));
    let fit = move || {
        measure();
        let all = canvas.with_value(|canvas| Camera::fit(&canvas.places(), canvas.frame));
        steer(&move |_| all);
        gliding.set(true);
    };
    let show = move |node: NodeId| {
        page.act_on_searches(|searches| searches.select(id, Some(node)));
        let place = canvas.with_value(|canvas| {
            let place = canvas.nodes.get(node as usize).map(|drawn| drawn.place.get_untracked());
            place.map(|place| (place, canvas.frame))
        });
        if let Some((place, size)) = place {
            steer(&move |camera| camera.showing(place, size));
        }
        let selector = format!("[data-node='{node}']");
        request_animation_frame(move || {
            let found =
                frame.get_untracked().and_then(|frame| frame.query_selector(&selector).ok().flatten());
            if let Some(element) = found.and_then(|found| found.dyn_into::<web_sys::SvgElement>().ok()) {
                // An element that is gone has no focus to take.
                drop(element.focus());
            }
        });
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let key = event.key();
        let next = page.chat.with_untracked(|chat| {
            let run = chat.searches.get(id)?;
            let from = run.selected.unwrap_or(ROOT);
            if key == "Enter" || key == " " { Some(from) } else { neighbour(&run.tree, from, &key) }
        });
        match (key.as_str(), next) {
            (_, Some(next)) => show(next),
            ("+" | "=", None) => zoom(ZOOM),
            ("-", None) => zoom(1.0 / ZOOM),
            ("0", None) => fit(),
            _ => return,
        }
        event.prevent_default();
    };
    // Where a press began, and whether it became a drag.
    let press = StoredValue::new(None::<(f64, f64, bool)>);
    let at = |event: &leptos::ev::PointerEvent| (f64::from(event.client_x()), f64::from(event.client_y()));
    let on_down = move |event: leptos::ev::PointerEvent| {
        if event.button() == 0 {
            let (x, y) = at(&event);
            press.set_value(Some((x, y, false)));
        }
    };
    let on_move = move |event: leptos::ev::PointerEvent| {
        let Some((from_x, from_y, dragging)) = press.get_value() else { return };
        let (x, y) = at(&event);
        let (dx, dy) = (x - from_x, y - from_y);
        if !dragging && dx.abs().max(dy.abs()) < STILL {
            return;
        }
        if !dragging && let Some(frame) = frame.get_untracked() {
            // A pointer that is gone needs no capture.
            drop(frame.set_pointer_capture(event.pointer_id()));
            let_go();
        }
        press.set_value(Some((x, y, true)));
        steer(&move |camera| camera.moved(dx, dy));
    };
    let on_up = move |event: leptos::ev::PointerEvent| {
        let dragged = press.get_value().is_some_and(|(.., dragged)| dragged);
        press.set_value(None);
        if dragged || event.type_() != "pointerup" {
            return;
        }
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let node = target.and_then(|target| target.closest("[data-at]").ok().flatten());
        if let Some(node) = node.and_then(|node| node.get_attribute("data-at")?.parse().ok()) {
            show(node);
        }
    };
    // A plain wheel scrolls the page; with Ctrl, as a pinch sends it, it zooms; sideways it moves the picture.
    let on_wheel = move |event: leptos::ev::WheelEvent| {
        if event.ctrl_key() || event.meta_key() {
            let Some(frame) = frame.get_untracked() else { return };
            let rect = frame.get_bounding_client_rect();
            let point = (f64::from(event.client_x()) - rect.left(), f64::from(event.client_y()) - rect.top());
            let by = (-event.delta_y() / 300.0).exp();
            steer(&move |camera| camera.zoomed(by, point));
        } else if event.delta_x() != 0.0 {
            let dx = -event.delta_x();
            steer(&move |camera| camera.moved(dx, 0.0));
        } else {
            return;
        }
        let_go();
        event.prevent_default();
    };
    let following = Memo::new(move |_| changes.get().is_some_and(|(.., follow)| follow.is_some()));
    let transform = move || {
        let Camera { x, y, zoom } = camera.get();
        format!("translate({x:.1}px, {y:.1}px) scale({zoom:.3})")
    };
    view! {
        <div class="tree-frame" node_ref=frame on:pointerdown=on_down on:pointermove=on_move on:pointerup=on_up on:pointercancel=on_up on:wheel=on_wheel>
            <svg class="tree" role="tree" aria-label="Search tree" on:keydown=on_key>
                <g role="none" class="world" class:gliding=move || gliding.get() style:transform=transform>
                    <For each=move || 0..count.get() key=|at| *at let(at)>
                        {canvas.with_value(|canvas| canvas.nodes.get(at).cloned()).map(|drawn| view! { <Shape drawn /> })}
                    </For>
                </g>
            </svg>
        </div>
        <div class="tree-tools" role="group" aria-label="Picture">
            <button type="button" class="icon-button" aria-label="Zoom in" on:click=move |_| zoom(ZOOM)>
                <Icon path=PLUS />
            </button>
            <button type="button" class="icon-button" aria-label="Zoom out" on:click=move |_| zoom(1.0 / ZOOM)>
                <Icon path=MINUS />
            </button>
            <button
                type="button"
                class="quiet"
                on:click=move |_| {
                    let_go();
                    fit();
                }
            >
                "Fit"
            </button>
            <button
                type="button"
                class="quiet"
                aria-pressed=move || following.get().to_string()
                on:click=move |_| {
                    let follow = (!following.get_untracked()).then_some(ROOT);
                    page.act_on_searches(|searches| searches.follow(id, follow));
                }
            >
                "Follow growth"
            </button>
        </div>
    }
}

/// Reads the size of the frame, once it is there.
fn measure_into(canvas: &mut Canvas, frame: NodeRef<html::Div>) {
    if let Some(frame) = frame.get_untracked() {
        canvas.frame = (f64::from(frame.client_width()), f64::from(frame.client_height()));
    }
}

/// One node with the line that leads to it.
#[component]
fn Shape(drawn: Drawn) -> impl IntoView {
    let Drawn { id, place, look, .. } = drawn;
    let (line, at) = (place.clone(), place);
    let read = |of: fn(&Look) -> String| {
        let look = look.clone();
        move || look.with(of)
    };
    let thickness = look.clone();
    let extras = look.clone();
    let level = look.with_untracked(|look| look.level.to_string());
    let radius = if look.with_untracked(|look| look.class.contains("segment")) { "5" } else { "10" };
    // The answer stands beside the item: it is in the item's name already.
    view! {
        <g
            role="none"
            class=read(|look| look.class.clone())
            data-at=id.to_string()
            style:transform=move || at.with(|place| format!("translate({:.0}px, {:.0}px)", place.x, place.y))
        >
            {(id != ROOT)
                .then(|| {
                    view! {
                        <path
                            class="edge"
                            d=move || line.with(|place| edge(place.rise))
                            stroke-width=move || thickness.with(|look| format!("{:.1}", look.thickness))
                        />
                    }
                })}
            <g
                class="item"
                role="treeitem"
                data-node=id.to_string()
                tabindex=read(|look| if look.focus { "0".into() } else { "-1".into() })
                aria-label=read(|look| look.name.clone())
                aria-selected=read(|look| look.selected.to_string())
                {..custom_attribute("aria-level", level)}
            >
                <rect class="box" y=-HEIGHT / 2.0 width=WIDTH height=HEIGHT rx=radius />
                <text class="label" x=WIDTH / 2.0 y="4">
                    {read(|look| look.label.clone())}
                </text>
            </g>
            {move || {
                extras.with(|look| {
                    let stub = (look.growing > 0)
                        .then(|| view! { <path class="stub" d=format!("M{WIDTH} 0h14") /> });
                    let answer = look.answer.clone().map(|(letter, answer)| {
                        view! {
                            <text aria-hidden="true" class=format!("answer hue{}", hue(letter)) x=WIDTH + 6.0 y="4">
                                {format!("{letter} {answer}")}
                            </text>
                        }
                    });
                    (stub, answer)
                })
            }}
        </g>
    }
}

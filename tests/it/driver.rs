//! Polo Tiny behind the engine's one door, and all that a front end sees of it.

use std::cell::RefCell;
use std::rc::Rc;

use polo::engine::Engine;
use polo::protocol::{Event, LoadOptions, ModelSource, Request, RequestId, SearchReport, TreeNode};

pub(crate) const ID: RequestId = 2;

/// What a front end sees.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) events: Vec<Event>,
    requests: Option<futures_channel::mpsc::UnboundedSender<Request>>,
}

impl Seen {
    pub(crate) fn report(&self) -> SearchReport {
        let report = self.events.iter().rev().find_map(|event| match event {
            Event::SearchDone { report, .. } => Some(report.clone()),
            _ => None,
        });
        report.expect("the search ended")
    }

    pub(crate) fn nodes(&self) -> Vec<TreeNode> {
        let nodes = self.events.iter().filter_map(|event| match event {
            Event::Expanded { nodes, .. } => Some(nodes.clone()),
            _ => None,
        });
        nodes.flatten().collect()
    }

    pub(crate) fn export(&self) -> (String, String) {
        let export = self.events.iter().rev().find_map(|event| match event {
            Event::Exported { json, svg, .. } => Some((json.clone(), svg.clone())),
            _ => None,
        });
        export.expect("it was exported")
    }

    pub(crate) fn failures(&self) -> Vec<&str> {
        let message = self.events.iter().map(|event| match event {
            Event::Failed { message, .. } => message.as_str(),
            _ => "",
        });
        message.filter(|message| !message.is_empty()).collect()
    }
}

/// Loads Polo Tiny, sends `first`, and asks `react` after each event what to send next; `None` ends the engine.
pub(crate) fn drive(
    first: Vec<Request>,
    react: impl FnMut(&Event) -> Option<Vec<Request>> + 'static,
) -> Seen {
    drive_with(LoadOptions::default(), first, react)
}

pub(crate) fn drive_with(
    options: LoadOptions,
    first: Vec<Request>,
    react: impl FnMut(&Event) -> Option<Vec<Request>> + 'static,
) -> Seen {
    drive_source(ModelSource::Embedded, options, first, react)
}

/// As [`drive`], with another model.
pub(crate) fn drive_source(
    source: ModelSource,
    options: LoadOptions,
    first: Vec<Request>,
    react: impl FnMut(&Event) -> Option<Vec<Request>> + 'static,
) -> Seen {
    drive_after(Vec::new(), source, options, first, react)
}

/// As [`drive_source`], with requests that go before the load.
pub(crate) fn drive_after(
    before: Vec<Request>,
    source: ModelSource,
    options: LoadOptions,
    first: Vec<Request>,
    mut react: impl FnMut(&Event) -> Option<Vec<Request>> + 'static,
) -> Seen {
    let seen = Rc::new(RefCell::new(Seen::default()));
    let watch = seen.clone();
    let react = RefCell::new(move |event: &Event| react(event));
    let engine = Engine::new(move |event| {
        let answer = (react.borrow_mut())(&event);
        let mut seen = watch.borrow_mut();
        seen.events.push(event);
        match answer {
            Some(requests) => {
                for request in requests {
                    if let Some(sender) = &seen.requests {
                        sender.unbounded_send(request).expect("the engine listens");
                    }
                }
            }
            None => seen.requests = None,
        }
    });
    let (sender, requests) = futures_channel::mpsc::unbounded();
    let load = Request::Load { id: 1, source, options };
    for request in before.into_iter().chain([load]).chain(first) {
        sender.unbounded_send(request).expect("the engine listens");
    }
    seen.borrow_mut().requests = Some(sender);
    pollster::block_on(engine.run(requests));
    std::mem::take(&mut *seen.borrow_mut())
}

//! A device that is lost in the middle of a reply: another is opened and the same reply goes on.

use std::cell::RefCell;
use std::rc::Rc;

use futures_channel::mpsc;

use super::Engine;
use crate::gpu::Gpu;
use crate::platform::now_ms;
use crate::protocol::{
    Event, LoadOptions, Message, ModelSource, Prompt, Request, Role, SamplingOptions, SearchOptions,
};

/// Asks Polo Tiny one question, for a reply or for a search; the device is destroyed when that many tokens have come. Token ids of the
/// reply, its text, and the kinds of notices and failures on the way.
fn ask(searched: bool, lost_after: Option<usize>, earlier_losses: usize) -> (Vec<u32>, String, Vec<String>) {
    #[derive(Default)]
    struct Seen {
        tokens: Vec<u32>,
        text: String,
        kinds: Vec<String>,
        gpu: Option<Rc<Gpu>>,
        requests: Option<mpsc::UnboundedSender<Request>>,
    }
    let seen = Rc::new(RefCell::new(Seen::default()));
    let watch = seen.clone();
    let mut engine = Engine::new(move |event| {
        let mut seen = watch.borrow_mut();
        match event {
            Event::Token { token, .. } => {
                seen.tokens.push(token);
                if Some(seen.tokens.len()) == lost_after
                    && let Some(gpu) = seen.gpu.take()
                {
                    gpu.device().destroy();
                }
            }
            Event::Notice { kind, .. } => seen.kinds.push(kind),
            Event::Done { replies, .. } => {
                seen.text = replies.concat();
                seen.requests = None;
            }
            Event::SearchDone { report, .. } => {
                seen.text = format!("{report:?}");
                seen.requests = None;
            }
            Event::Failed { kind, id, .. } => {
                seen.kinds.push(kind);
                if id.is_none() {
                    seen.requests = None;
                }
            }
            _ => {}
        }
    });
    pollster::block_on(async {
        engine.load(1, &ModelSource::Embedded, &LoadOptions::default()).await.unwrap();
        engine.losses_ms = vec![now_ms(); earlier_losses];
        let (sender, requests) = mpsc::unbounded();
        let content = "What is 12 + 30 * 2?".into();
        let prompt = Prompt::Chat { messages: vec![Message { role: Role::User, content }] };
        let sampling = SamplingOptions { temperature: 0.0, max_new_tokens: 64, ..Default::default() };
        let request = if searched {
            let search = SearchOptions { rollouts: 4, lanes: 2, ..SearchOptions::default() };
            Request::Search {
                id: 2,
                prompt,
                sampling: SamplingOptions { temperature: 1.0, ..sampling },
                search,
            }
        } else {
            Request::Generate { id: 2, prompt, sampling }
        };
        sender.unbounded_send(request).unwrap();
        {
            let mut seen = seen.borrow_mut();
            seen.gpu = engine.gpu.as_ref().map(|(_, gpu)| gpu.clone());
            seen.requests = Some(sender);
        }
        engine.run(requests).await;
    });
    let mut seen = seen.borrow_mut();
    (std::mem::take(&mut seen.tokens), std::mem::take(&mut seen.text), std::mem::take(&mut seen.kinds))
}

#[test]
fn a_reply_goes_on_after_its_device_is_lost() {
    let (tokens, text, kinds) = ask(false, None, 0);
    assert!(tokens.len() > 20 && kinds.is_empty(), "{kinds:?}");
    for lost_after in [1, 9] {
        let (again, same, kinds) = ask(false, Some(lost_after), 0);
        assert_eq!(kinds, ["recovering", "recovered"]);
        assert_eq!((again, same), (tokens.clone(), text.clone()));
    }
}

#[test]
fn a_device_that_is_lost_again_and_again_is_given_up() {
    let (tokens, text, kinds) = ask(false, Some(3), super::MOST_LOSSES);
    assert!(tokens.len() >= 3 && text.is_empty());
    assert_eq!(kinds, ["gpu_lost", "gpu_lost"]);
}

#[test]
fn a_search_goes_on_after_its_device_is_lost() {
    let (tokens, report, _) = ask(true, None, 0);
    // Somewhere among the lanes, and late enough that there is a tree.
    let (again, same, kinds) = ask(true, Some(tokens.len() / 2), 0);
    assert_eq!(kinds, ["recovering", "recovered"]);
    assert_eq!((again.len(), same), (tokens.len(), report));
}

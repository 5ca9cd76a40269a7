//! The chat against scripted events: what is sent, what is shown, what is kept.

use super::loading::MAX_RESTARTS;
use super::*;
use crate::protocol::{Channel, ModelSource, SamplingOptions, ThoughtFormat, Usage};

/// A chat whose model is loaded, with no effects pending.
pub(in crate::ui) fn ready() -> Chat {
    let mut chat = Chat::new(LoadOptions::default(), Choice::default());
    chat.apply(Event::Ready, 0.0);
    let [Effect::Post(Request::Load { id, source: ModelSource::Embedded, .. })] = chat.take_effects()[..]
    else {
        panic!("a load is expected")
    };
    chat.apply(Event::Loading { id, phase: LoadPhase::Upload, done_bytes: 1, total_bytes: 2 }, 0.0);
    assert_eq!(chat.phase, Phase::Loading { phase: LoadPhase::Upload, done_bytes: 1, total_bytes: 2 });
    let thoughts = ThoughtFormat::Marco;
    let model = ModelInfo { name: "Polo Tiny".into(), thoughts, context: 1024, ..ModelInfo::default() };
    chat.apply(Event::Loaded { id, model }, 0.0);
    assert_eq!(chat.phase, Phase::Ready);
    assert_eq!(chat.take_effects(), [Effect::Remember(Choice::default())]);
    chat
}

pub(in crate::ui) fn ask(chat: &mut Chat, question: &str) -> RequestId {
    assert!(chat.ask(question, &Settings::default(), 7, 0.0));
    sent(chat).0
}

/// The one request that was sent: its id, its messages, its sampling.
pub(in crate::ui) fn sent(chat: &mut Chat) -> (RequestId, Vec<Message>, SamplingOptions) {
    match chat.take_effects().pop() {
        Some(Effect::Post(Request::Generate { id, prompt: Prompt::Chat { messages }, sampling })) => {
            (id, messages, sampling)
        }
        other => panic!("a question is expected, not {other:?}"),
    }
}

pub(in crate::ui) fn token(id: RequestId, channel: Channel, text: &str) -> Event {
    Event::Token {
        id,
        choice: 0,
        node: 0,
        channel,
        text: text.into(),
        token: 1,
        logprob: -0.1,
        top: vec![],
        bytes: None,
    }
}

pub(in crate::ui) fn done(id: RequestId, finish_reason: FinishReason) -> Event {
    let usage = Usage { prompt_tokens: 10, completion_tokens: 3, context_left: 1011, ..Usage::default() };
    Event::Done { id, finish_reason, usage, replies: vec![] }
}

pub(in crate::ui) fn failed(id: Option<RequestId>, kind: &str) -> Event {
    Event::Failed { id, kind: kind.into(), message: "what was found".into(), context: None }
}

/// A finished exchange.
pub(in crate::ui) fn answered(chat: &mut Chat, question: &str) {
    let id = ask(chat, question);
    chat.apply(Event::Started { id, prompt_tokens: 10, cached_tokens: 0 }, 1.0);
    chat.apply(token(id, Channel::Thought, "2+2"), 2.0);
    chat.apply(token(id, Channel::Output, ""), 3.0);
    let text = "4".into();
    chat.apply(Event::Text { id, choice: 0, node: 0, channel: Channel::Output, text }, 3.0);
    chat.apply(done(id, FinishReason::Stop), 3.0);
}

#[test]
fn a_question_is_answered() {
    let mut chat = ready();
    answered(&mut chat, " 2+2? ");
    let reply = &chat.exchanges[0].reply;
    assert_eq!(&*chat.exchanges[0].question, " 2+2? ");
    assert_eq!((reply.thought.as_str(), reply.output.as_str()), ("2+2", "4"));
    assert_eq!(reply.status, Status::Done(FinishReason::Stop));
    assert_eq!(reply.seed, 7);
    assert_eq!(chat.announcement, "Reply finished, 3 tokens");
    assert_eq!(chat.context_used(), Some((13, 1024)));
    assert!(!chat.is_busy());
}

#[test]
fn each_turn_sends_the_whole_conversation() {
    let mut chat = ready();
    answered(&mut chat, "one");
    let stopped = ask(&mut chat, "stopped before a token");
    chat.apply(done(stopped, FinishReason::Cancelled), 4.0);
    let settings = Settings { system: " Be brief. ".into(), temperature: Some(0.0), ..Settings::default() };
    assert!(chat.ask("two ", &settings, 8, 5.0));
    let (_, messages, sampling) = sent(&mut chat);
    let told: Vec<(Role, &str)> = messages.iter().map(|m| (m.role, m.content.as_str())).collect();
    assert_eq!(
        told,
        [
            (Role::System, "Be brief."),
            (Role::User, "one"),
            (Role::Assistant, "<Thought>\n2+2\n</Thought>\n<Output>\n4\n</Output>"),
            (Role::User, "two"),
        ]
    );
    assert_eq!((sampling.temperature, sampling.seed), (0.0, 8));
}

#[test]
fn one_question_at_a_time_and_none_that_is_empty() {
    let mut chat = ready();
    assert!(!chat.ask("  ", &Settings::default(), 0, 0.0));
    ask(&mut chat, "one");
    assert!(!chat.ask("two", &Settings::default(), 0, 0.0));
    assert_eq!(chat.exchanges.len(), 1);
}

#[test]
fn a_question_waits_for_the_model() {
    let mut chat = Chat::new(LoadOptions::default(), Choice::default());
    chat.apply(Event::Ready, 0.0);
    let load = chat.load;
    chat.take_effects();
    assert!(chat.ask("early", &Settings::default(), 0, 0.0));
    assert!(chat.take_effects().is_empty());
    assert_eq!(chat.exchanges[0].reply.status, Status::Queued);
    chat.apply(Event::Loaded { id: load, model: ModelInfo::default() }, 0.0);
    assert_eq!(sent(&mut chat).1[0].content, "early");
    assert_eq!(chat.exchanges[0].reply.status, Status::Reading);
}

#[test]
fn a_waiting_question_can_be_stopped() {
    let mut chat = Chat::new(LoadOptions::default(), Choice::default());
    assert!(chat.ask("early", &Settings::default(), 0, 0.0));
    chat.stop();
    assert!(chat.take_effects().is_empty());
    assert!(!chat.is_busy());
}

#[test]
fn stop_asks_the_engine_and_keeps_what_came() {
    let mut chat = ready();
    let id = ask(&mut chat, "long");
    chat.apply(token(id, Channel::Output, "so "), 1.0);
    chat.stop();
    assert_eq!(chat.take_effects(), [Effect::Post(Request::Cancel { id })]);
    chat.apply(token(id, Channel::Output, "far"), 1.0);
    chat.apply(done(id, FinishReason::Cancelled), 2.0);
    assert_eq!(chat.exchanges[0].reply.output, "so far");
    assert_eq!(chat.announcement, "Stopped");
}

#[test]
fn a_question_that_does_not_fit_comes_back() {
    let mut chat = ready();
    answered(&mut chat, "one");
    let id = ask(&mut chat, "far too long ");
    chat.apply(failed(Some(id), "context_full"), 1.0);
    assert_eq!(chat.take_effects(), [Effect::Draft("far too long ".into())]);
    assert_eq!(chat.exchanges.len(), 1);
    let notice = chat.notice.as_ref().unwrap();
    assert_eq!((notice.kind.as_str(), notice.detail.as_str()), ("context_full", "What was found"));
    ask(&mut chat, "shorter");
    assert!(chat.notice.is_none());
}

#[test]
fn a_new_chat_stops_the_old_one_and_ignores_its_tokens() {
    let mut chat = ready();
    let id = ask(&mut chat, "one");
    chat.settle();
    chat.new_chat();
    assert_eq!(chat.take_effects(), [Effect::Post(Request::Cancel { id })]);
    let next = ask(&mut chat, "two");
    chat.apply(token(id, Channel::Output, "late"), 1.0);
    chat.apply(done(id, FinishReason::Cancelled), 1.0);
    assert!(chat.is_busy());
    chat.apply(token(next, Channel::Output, "b"), 1.0);
    assert_eq!(chat.exchanges[0].reply.output, "b");
}

#[test]
fn a_panic_restarts_the_engine_and_keeps_the_conversation() {
    let mut chat = ready();
    let id = ask(&mut chat, "one");
    chat.apply(token(id, Channel::Output, "so far"), 1.0);
    chat.apply(failed(None, "panic"), 1.0);
    assert_eq!(chat.take_effects(), [Effect::Restart]);
    assert_eq!(chat.phase, Phase::Starting);
    assert_eq!(chat.exchanges[0].reply.status, Status::Failed);
    assert_eq!(chat.exchanges[0].reply.output, "so far");
    assert_eq!(chat.exchanges[0].reply.failure, None);
    assert_eq!(chat.notice.as_ref().unwrap().kind, "panic");
}

#[test]
fn restarts_end_when_they_do_not_help() {
    let mut chat = ready();
    for _ in 0..MAX_RESTARTS {
        chat.apply(failed(None, "worker"), 1.0);
        assert_eq!(chat.take_effects(), [Effect::Restart]);
    }
    chat.apply(failed(None, "worker"), 1.0);
    assert_eq!((chat.take_effects(), chat.phase), (vec![], Phase::Down));
    assert!(!chat.ask("dead", &Settings::default(), 0, 0.0));
    chat.try_again();
    assert_eq!((chat.take_effects(), chat.phase), (vec![Effect::Restart], Phase::Starting));
}

#[test]
fn a_lost_gpu_restarts_the_engine() {
    let mut chat = ready();
    let id = ask(&mut chat, "one");
    chat.apply(failed(Some(id), "gpu_lost"), 1.0);
    chat.apply(failed(None, "gpu_lost"), 1.0);
    assert_eq!(chat.take_effects(), [Effect::Restart]);
    assert_eq!(chat.exchanges[0].reply.failure.as_ref().unwrap().kind, "gpu_lost");
    assert!(chat.notice.is_none());
}

#[test]
fn a_load_that_fails_puts_the_engine_down() {
    let mut chat = Chat::new(LoadOptions::default(), Choice::default());
    chat.apply(Event::Ready, 0.0);
    chat.apply(failed(Some(chat.load), "no_gpu"), 1.0);
    assert_eq!(chat.phase, Phase::Down);
    assert_eq!(chat.notice.as_ref().unwrap().kind, "no_gpu");
}

#[test]
fn checks_and_measurements_have_their_own_ends() {
    let mut chat = ready();
    chat.start_self_test();
    let Some(Effect::Post(Request::SelfTest { id })) = chat.take_effects().pop() else { panic!() };
    chat.start_self_test();
    assert!(chat.take_effects().is_empty());
    chat.apply(Event::SelfTested { id, results: vec![] }, 0.0);
    assert_eq!(chat.self_test, Task::Done(vec![]));
    chat.start_bench();
    let Some(Effect::Post(Request::Bench { id, .. })) = chat.take_effects().pop() else { panic!() };
    chat.apply(failed(Some(id), "out_of_memory"), 0.0);
    assert_eq!(chat.bench, Task::Failed(Notice::new("out_of_memory", "what was found")));
    assert!(chat.notice.is_none());
}

fn stored(name: &str) -> Choice {
    Choice::new(ModelSource::Stored { name: name.into() }, name)
}

/// The load that was sent: its id and its source.
fn load_sent(chat: &mut Chat) -> (RequestId, ModelSource) {
    match chat.take_effects().pop() {
        Some(Effect::Post(Request::Load { id, source, .. })) => (id, source),
        other => panic!("a load is expected, not {other:?}"),
    }
}

#[test]
fn another_model_goes_on_with_the_conversation() {
    let mut chat = ready();
    answered(&mut chat, "one");
    chat.use_model(Choice { context: Some(4096), ..stored("big") });
    assert!(chat.model.is_none());
    let (id, source) = load_sent(&mut chat);
    assert_eq!(source, ModelSource::Stored { name: "big".into() });
    chat.apply(Event::Loaded { id, model: ModelInfo { name: "Big".into(), ..ModelInfo::default() } }, 0.0);
    let kept = Choice { title: "Big".into(), context: Some(4096), ..stored("big") };
    assert_eq!(chat.take_effects(), [Effect::Remember(kept)]);
    let id = ask(&mut chat, "two");
    assert_eq!(&*chat.exchanges[1].reply.model, "Big");
    chat.apply(done(id, FinishReason::Stop), 5.0);
    assert!(chat.ask("three", &Settings::default(), 0, 0.0));
    let (_, messages, _) = sent(&mut chat);
    assert_eq!(messages[1].content, "4", "another model's tags are not shown to it");
}

#[test]
fn a_load_under_way_is_ended_for_another() {
    let mut chat = ready();
    chat.use_model(stored("slow"));
    let (slow, _) = load_sent(&mut chat);
    chat.use_model(stored("quick"));
    assert_eq!((chat.take_effects(), chat.phase), (vec![Effect::Restart], Phase::Starting));
    chat.use_model(stored("quicker"));
    assert!(chat.take_effects().is_empty(), "it is starting, and will load what is chosen by then");
    // The engine that was ended had said this before, and it is heard only now.
    chat.apply(Event::Loading { id: slow, phase: LoadPhase::Open, done_bytes: 0, total_bytes: 0 }, 0.0);
    chat.apply(Event::Loaded { id: slow, model: ModelInfo::default() }, 0.0);
    assert_eq!(chat.phase, Phase::Starting);
    chat.apply(Event::Ready, 0.0);
    let (_, source) = load_sent(&mut chat);
    assert_eq!(source, ModelSource::Stored { name: "quicker".into() });
}

#[test]
fn a_reply_ends_when_another_model_is_chosen() {
    let mut chat = ready();
    let id = ask(&mut chat, "one");
    chat.apply(token(id, Channel::Output, "so far"), 1.0);
    chat.use_model(stored("big"));
    let effects = chat.take_effects();
    assert_eq!(effects[0], Effect::Post(Request::Cancel { id }));
    assert!(!chat.is_busy());
    chat.apply(failed(Some(id), "bad_request"), 1.0);
    assert_eq!(chat.exchanges[0].reply.output, "so far");
    assert!(chat.notice.is_none());
}

#[test]
fn a_model_that_cannot_be_loaded_leaves_a_way_on() {
    let mut chat = Chat::new(LoadOptions::default(), stored("gone"));
    chat.ask("early", &Settings::default(), 0, 0.0);
    chat.apply(Event::Ready, 0.0);
    let (id, _) = load_sent(&mut chat);
    chat.apply(failed(Some(id), "fetch"), 1.0);
    assert_eq!(chat.phase, Phase::Down);
    assert_eq!(chat.notice.as_ref().unwrap().title(), "gone could not be loaded");
    assert_eq!(chat.take_effects(), [Effect::Draft("early".into())]);
    assert!(!chat.is_busy());
    chat.use_model(Choice::default());
    assert_eq!(load_sent(&mut chat).1, ModelSource::Embedded);
    assert!(chat.notice.is_none());
}

#[test]
fn a_restart_loads_the_model_that_was_lost() {
    let mut chat = ready();
    chat.use_model(stored("big"));
    let (id, _) = load_sent(&mut chat);
    chat.apply(Event::Loaded { id, model: ModelInfo::default() }, 0.0);
    chat.take_effects();
    chat.apply(failed(None, "gpu_lost"), 0.0);
    assert_eq!(chat.take_effects(), [Effect::Restart]);
    chat.apply(Event::Ready, 0.0);
    assert_eq!(load_sent(&mut chat).1, ModelSource::Stored { name: "big".into() });
}

#[test]
fn a_remark_stops_nothing_and_is_said_once() {
    let mut chat = ready();
    let id = ask(&mut chat, "one");
    chat.apply(token(id, Channel::Output, "so "), 1.0);
    for kind in ["recovering", "recovered", "recovered"] {
        let message = "the device was gone".into();
        chat.apply(Event::Notice { id: Some(id), kind: kind.into(), message }, 1.0);
    }
    chat.apply(token(id, Channel::Output, "far"), 1.0);
    chat.apply(done(id, FinishReason::Stop), 2.0);
    assert_eq!(chat.exchanges[0].reply.output, "so far");
    assert_eq!(chat.remarks.len(), 1);
    assert_eq!(chat.remarks[0].title(), "The GPU was lost, and is back");
    chat.new_chat();
    assert!(chat.remarks.is_empty());
}

#[test]
fn an_engine_that_recovers_by_itself_goes_on_with_the_reply() {
    let mut chat = ready();
    let load = chat.load;
    let id = ask(&mut chat, "one");
    chat.apply(token(id, Channel::Output, "so "), 1.0);
    chat.apply(Event::Loading { id: load, phase: LoadPhase::Upload, done_bytes: 1, total_bytes: 2 }, 1.0);
    assert!(chat.is_busy());
    let model = ModelInfo { name: "Polo Tiny".into(), ..ModelInfo::default() };
    chat.apply(Event::Loaded { id: load, model }, 1.0);
    chat.apply(token(id, Channel::Output, "far"), 1.0);
    assert_eq!(chat.exchanges[0].reply.output, "so far");
    assert_eq!(chat.phase, Phase::Ready);
    // Another model that is chosen in the middle of it ends the reply all the same.
    chat.apply(Event::Loading { id: load, phase: LoadPhase::Upload, done_bytes: 1, total_bytes: 2 }, 1.0);
    chat.use_model(stored("big"));
    assert!(!chat.is_busy());
    assert!(chat.take_effects().contains(&Effect::Restart));
}

//! How the pieces of a stream become tokens of a search.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::{Value, json};

use super::{Leg, Mouth};
use crate::protocol::{FinishReason, ThoughtFormat};
use crate::remote::client::Trouble;
use crate::remote::made_up::a_server;
use crate::remote::server::{Flavour, Form, Question, Server, Way};
use crate::remote::wire::Choice;
use crate::sampler::Rule;
use crate::search::Token;

/// What was told, and what the leg has come to.
struct Heard {
    tokens: Vec<(Token, bool)>,
    leg: Leg,
}

impl Heard {
    fn texts(&self) -> Vec<&str> {
        self.tokens.iter().map(|(token, _)| std::str::from_utf8(&token.bytes.0).unwrap()).collect()
    }

    fn ends(&self) -> Vec<bool> {
        self.tokens.iter().map(|(_, is_end)| *is_end).collect()
    }
}

/// Of these choices, as [`Mouth::attempt`] takes them, and an end.
fn hear(server: &Server, choices: &[Value], reason: FinishReason) -> Result<Heard, Trouble> {
    let told = RefCell::new(Vec::new());
    let tell = |token, is_end| told.borrow_mut().push((token, is_end));
    let question = Question { form: Form::Tokens(Vec::new()), length: 0 };
    let leg = Leg {
        question: Rc::new(question),
        path: vec![1],
        text: b"so".to_vec(),
        rule: Rule::GREEDY,
        seed: 0,
        choice: 0,
        limit: 10,
    };
    let mut mouth = Mouth::new(server, leg, &tell);
    for choice in choices {
        let choice: Choice = serde_json::from_value(choice.clone()).unwrap();
        mouth.channel(&choice);
        for token in choice.tokens().unwrap() {
            mouth.take(token)?;
        }
    }
    mouth.finish(reason)?;
    let leg = mouth.leg;
    Ok(Heard { tokens: told.into_inner(), leg })
}

/// A token as llama.cpp tells it.
fn token(id: u32, bytes: &[u8], logprob: f64) -> Value {
    let top: Vec<Value> =
        (0..5).map(|at| json!({ "id": at, "bytes": [97], "logprob": logprob - f64::from(at) })).collect();
    let entry = json!({ "id": id, "bytes": bytes, "logprob": logprob, "top_logprobs": top });
    json!({ "text": String::from_utf8_lossy(bytes), "logprobs": { "content": [entry] } })
}

#[test]
fn a_thought_of_its_own_channel_is_put_back_with_its_tags() {
    let pieces = [
        json!({ "delta": { "reasoning_content": "hm" } }),
        json!({ "delta": { "content": "4" } }),
        json!({ "delta": { "content": "2" } }),
    ];
    for (thoughts, expected) in [
        (ThoughtFormat::Marco, ["<Thought>\n", "hm", "\n</Thought>\n<Output>\n", "4", "2", ""]),
        (ThoughtFormat::Think, ["<think>\n", "hm", "\n</think>\n", "4", "2", ""]),
    ] {
        let server = Server { thoughts, ..a_server(Flavour::Other, Way::Prefill) };
        let heard = hear(&server, &pieces, FinishReason::Stop).unwrap();
        assert_eq!(heard.texts(), expected);
        assert_eq!(heard.ends(), [false, false, false, false, false, true]);
        assert_eq!(heard.leg.text, format!("so{}", expected.concat()).into_bytes());
        // Of ten, "hm", "4", "2" and the end are the model's own.
        assert_eq!((heard.leg.path.len(), heard.leg.limit), (7, 6));
    }
    // What was never a thought needs no tags.
    let server = Server { thoughts: ThoughtFormat::Think, ..a_server(Flavour::Other, Way::Prefill) };
    assert_eq!(hear(&server, &pieces[1..], FinishReason::Length).unwrap().texts(), ["4", "2"]);
}

#[test]
fn parts_of_a_character_are_one_token_where_texts_are_sent() {
    let parts = [token(7, &[229, 164], -0.25), token(8, &[169], -0.75), token(9, b"!", -0.5)];
    let text = hear(&a_server(Flavour::LlamaCpp, Way::Text), &parts, FinishReason::Length).unwrap();
    assert_eq!(text.texts(), ["天", "!"]);
    let (whole, _) = &text.tokens[0];
    assert_eq!((whole.logprob, whole.top[0].1), (-0.75, -0.75), "as sure as its least sure part");
    assert_eq!(text.leg.limit, 8);
    let ids = hear(&a_server(Flavour::LlamaCpp, Way::Tokens), &parts, FinishReason::Length).unwrap();
    let bytes: Vec<&[u8]> = ids.tokens.iter().map(|(token, _)| &token.bytes.0[..]).collect();
    assert_eq!((bytes, &ids.leg.path[..]), (vec![&[229, 164][..], &[169], b"!"], &[1, 7, 8, 9][..]));
    // What is cut at the end is told all the same.
    let cut = hear(&a_server(Flavour::LlamaCpp, Way::Text), &parts[..1], FinishReason::Length).unwrap();
    assert_eq!(cut.tokens[0].0.bytes.0, [229, 164]);
}

#[test]
fn a_token_without_text_is_the_end_only_at_the_end() {
    let server = a_server(Flavour::LlamaCpp, Way::Tokens);
    let said = [token(7, b"a", -0.25), token(2, b"", -0.5)];
    let stopped = hear(&server, &said, FinishReason::Stop).unwrap();
    assert_eq!(
        (stopped.texts(), stopped.ends(), &stopped.leg.path[..]),
        (vec!["a", ""], vec![false, true], &[1, 7, 2][..])
    );
    let on = hear(&server, &[&said[..], &[token(8, b"b", -0.25)]].concat(), FinishReason::Length).unwrap();
    assert_eq!((on.texts(), on.ends()), (vec!["a", "", "b"], vec![false; 3]));
    // A server that does not tell its end token has one all the same.
    let untold = hear(&server, &said[..1], FinishReason::Stop).unwrap();
    assert_eq!((untold.texts(), untold.ends()), (vec!["a", ""], vec![false, true]));
    assert_eq!(hear(&server, &said[..1], FinishReason::Length).unwrap().ends(), [false]);
}

#[test]
fn tokens_without_numbers_of_their_own_have_some_by_their_text() {
    let server = a_server(Flavour::Other, Way::Prefill);
    let heard = hear(
        &server,
        &[json!({ "text": "a" }), json!({ "text": "b" }), json!({ "text": "a" })],
        FinishReason::Length,
    )
    .unwrap();
    let ids: Vec<u32> = heard.tokens.iter().map(|(token, _)| token.id).collect();
    assert!(ids[0] == ids[2] && ids[0] != ids[1], "{ids:?}");
    assert_eq!(server.bytes(ids[1]), Some(b"b".to_vec()));
    assert!(
        heard.tokens.iter().all(|(token, _)| token.confidence.is_none()),
        "nothing is known of its confidence"
    );
}

//! What each kind of server is sent.

use serde_json::{Value, json};

use super::{How, completion, mixed, reply, sendable};
use crate::protocol::{Format, Message, Role, SamplingOptions};
use crate::remote::made_up::a_server as server;
use crate::remote::server::{Flavour, Form, Question, Server, Way};
use crate::sampler::Rule;

fn how() -> How {
    let rule = Rule { temperature: 3.0, top_k: 7, top_p: 0.5 };
    How { rule, seed: 11, choice: 2, limit: 40, alternatives: 5 }
}

fn question(form: Form) -> Question {
    Question { form, length: 1 }
}

fn chat() -> Question {
    question(Form::Chat(vec![Message { role: Role::User, content: "Hi".into() }]))
}

/// The path, and the fields of the body that are named.
#[track_caller]
fn holds((path, body): (&str, Value), expected_path: &str, fields: &Value) {
    assert_eq!(path, expected_path);
    for (name, value) in fields.as_object().unwrap() {
        assert_eq!(body.get(name).unwrap_or(&Value::Null), value, "{name} in {body}");
    }
}

#[test]
fn what_was_said_is_gone_on_with_in_the_form_of_the_server() {
    let tokens = question(Form::Tokens(vec![1, 2]));
    let own = completion(&server(Flavour::Polo, Way::Tokens), &tokens, &[3, 4], b"so", how());
    // Where the model's own advice would count, what is off is said.
    let fields = json!({
        "model": "m", "stream": true, "prompt": [1, 2, 3, 4], "max_tokens": 40, "temperature": 3.0, "top_k": 7,
        "top_p": 0.5, "seed": 11, "first_choice": 2, "logprobs": 5, "return_token_ids": true, "min_p": 0.0,
        "repetition_penalty": 1.0, "add_special_tokens": null,
    });
    holds(own, "completions", &fields);
    let vllm = completion(&server(Flavour::Vllm, Way::Tokens), &tokens, &[3, 4], b"so", how());
    // No hotter than the API knows, its own beginning of a text left out, and a seed for each place.
    let fields = json!({
        "prompt": [1, 2, 3, 4], "temperature": 2.0, "top_k": 7, "seed": mixed(11, 2, 2), "first_choice": null,
        "logprobs": 5, "return_token_ids": true, "add_special_tokens": false, "min_p": null,
    });
    holds(vllm, "completions", &fields);
    let text = question(Form::Text("Hi ".into()));
    let llama = completion(&server(Flavour::LlamaCpp, Way::Text), &text, &[], b"so", how());
    let fields = json!({
        "prompt": "Hi so", "min_p": 0.0, "seed": mixed(11, 2, 0), "return_token_ids": null, "logprobs": 5,
    });
    holds(llama, "completions", &fields);
}

#[test]
fn a_reply_that_is_begun_is_the_last_message_of_a_chat() {
    let (hi, so) =
        (json!({ "role": "user", "content": "Hi" }), json!({ "role": "assistant", "content": "so" }));
    let other = completion(&server(Flavour::Other, Way::Prefill), &chat(), &[], b"so", how());
    let fields = json!({
        "messages": [hi, so], "logprobs": true, "top_logprobs": 5, "top_k": null, "continue_final_message": null,
    });
    holds(other, "chat/completions", &fields);
    let vllm = completion(&server(Flavour::Vllm, Way::Prefill), &chat(), &[], b"so", how());
    let fields = json!({ "continue_final_message": true, "add_generation_prompt": false });
    holds(vllm, "chat/completions", &fields);
    let begun = completion(&server(Flavour::Vllm, Way::Prefill), &chat(), &[], b"", how());
    holds(begun, "chat/completions", &json!({ "messages": [hi], "continue_final_message": null }));
    // One that cannot go on is asked for its answer in a turn of its own.
    let (_, whole) = completion(&server(Flavour::Other, Way::Whole), &chat(), &[], b"so", how());
    let last = &whole["messages"][2];
    assert_eq!(last["role"], "user");
    assert!(last["content"].as_str().unwrap().contains("final answer"), "{whole}");
}

#[test]
fn greedy_needs_no_seed() {
    let how = How { rule: Rule::GREEDY, ..how() };
    let other = completion(&server(Flavour::Other, Way::Prefill), &chat(), &[], b"", how);
    holds(other, "chat/completions", &json!({ "temperature": 0.0, "seed": null }));
}

#[test]
fn a_plain_reply_is_asked_for_with_all_that_was_set() {
    let sampling = SamplingOptions {
        stop: vec!["END".into()],
        presence_penalty: 1.5,
        frequency_penalty: -0.5,
        logit_bias: vec![(5, -3.0)],
        repeat_penalty: 1.25,
        min_p: 0.25,
        ignore_end: true,
        top_logprobs: 3,
        max_new_tokens: 9,
        ..SamplingOptions::default()
    };
    for (flavour, penalty) in [(Flavour::Vllm, "repetition_penalty"), (Flavour::LlamaCpp, "repeat_penalty")] {
        let mut fields = json!({
            "stop": ["END"], "presence_penalty": 1.5, "frequency_penalty": -0.5, "logit_bias": { "5": -3.0 },
            "min_p": 0.25, "ignore_eos": true, "top_logprobs": 3, "max_tokens": 9,
        });
        fields[penalty] = json!(1.25);
        let asked = reply(&server(flavour, Way::Prefill), &chat(), &sampling, 0).unwrap();
        holds(asked, "chat/completions", &fields);
    }
    let plain =
        reply(&server(Flavour::Other, Way::Prefill), &chat(), &SamplingOptions::default(), 0).unwrap();
    let fields = json!({
        "stop": null, "presence_penalty": null, "frequency_penalty": null, "logit_bias": null, "min_p": null,
        "ignore_eos": null, "repetition_penalty": null, "repeat_penalty": null, "response_format": null,
    });
    holds(plain, "chat/completions", &fields);
    let silent = Server { alternatives: 0, ..server(Flavour::Other, Way::Prefill) };
    let asked = reply(&silent, &chat(), &sampling, 0).unwrap();
    holds(asked, "chat/completions", &json!({ "logprobs": null, "top_logprobs": null }));
}

#[test]
fn formats_go_in_the_words_of_the_api_or_are_refused() {
    let asked = |sampling: SamplingOptions| {
        reply(&server(Flavour::Other, Way::Prefill), &chat(), &sampling, 0).map(|(_, body)| body)
    };
    let of = |format: Format| asked(SamplingOptions { format: Some(format), ..SamplingOptions::default() });
    assert_eq!(of(Format::JsonObject).unwrap()["response_format"], json!({ "type": "json_object" }));
    let schema = of(Format::JsonSchema { schema: json!({ "a": 1 }) }).unwrap();
    assert_eq!(schema["response_format"]["json_schema"]["schema"], json!({ "a": 1 }));
    for refused in [
        of(Format::Regex { pattern: "a".into() }),
        of(Format::Grammar { lark: "start: \"a\"".into() }),
        asked(SamplingOptions { echo: true, ..SamplingOptions::default() }),
    ] {
        assert_eq!(refused.unwrap_err().kind(), "bad_request");
    }
}

#[test]
fn a_cut_character_is_not_sent() {
    assert_eq!(sendable("a天".as_bytes()), "a天");
    assert_eq!(sendable(&"a天".as_bytes()[..3]), "a");
    assert_eq!(sendable(b"a\xffb"), "a\u{fffd}b");
}

#[test]
fn rollouts_and_legs_have_seeds_of_their_own() {
    let mut seeds = std::collections::BTreeSet::new();
    for seed in 0..4 {
        for choice in 0..32 {
            for position in [0, 1, 100] {
                seeds.insert(mixed(seed, choice, position));
            }
        }
    }
    assert_eq!(seeds.len(), 4 * 32 * 3);
    assert!(seeds.iter().all(|&seed| i32::try_from(seed).is_ok()));
    assert_eq!(mixed(1, 2, 3), mixed(1, 2, 3));
}

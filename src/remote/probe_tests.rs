//! What is made of what servers say about themselves.

use serde_json::{Value, json};

use super::{Probe, choose, context_of, goes_on, thoughts_of};
use crate::protocol::ThoughtFormat;
use crate::remote::made_up::a_server;
use crate::remote::server::{Flavour, Way};

#[test]
fn a_model_is_chosen_by_its_name_or_where_it_is_the_only_one() {
    let models = |owner: &str, ids: &[&str]| {
        let entry = |id: &&str| json!({ "id": id, "owned_by": owner, "aliases": [format!("{id}-alias")] });
        json!({ "data": ids.iter().map(entry).collect::<Vec<_>>() })
    };
    let chosen = |models: &Value, named: Option<&str>| {
        choose(models, named, "http://h/v1").map(|entry| entry["id"].as_str().unwrap().to_owned())
    };
    let several = models("vllm", &["a", "b"]);
    assert_eq!(chosen(&models("vllm", &["a"]), None).unwrap(), "a");
    assert_eq!(chosen(&several, Some("b")).unwrap(), "b");
    assert_eq!(chosen(&several, Some("b-alias")).unwrap(), "b");
    let untold = chosen(&several, None).unwrap_err().to_string();
    assert!(untold.contains("name one (--remote-model); it has: a, b"), "{untold}");
    let wrong = chosen(&several, Some("c")).unwrap_err().to_string();
    assert!(wrong.contains("has no model \"c\"; it has: a, b"), "{wrong}");
    assert!(chosen(&models("vllm", &[]), None).unwrap_err().to_string().contains("it has: none"));
    assert_eq!(chosen(&models("polo", &["a", "b"]), None).unwrap(), "a", "ours lists its default first");
}

#[test]
fn contexts_and_thoughts_are_found_where_servers_tell_them() {
    for entry in
        [json!({ "max_model_len": 9 }), json!({ "context_length": 9 }), json!({ "meta": { "n_ctx": 9 } })]
    {
        assert_eq!(context_of(&entry), Some(9));
    }
    assert_eq!(context_of(&json!({ "id": "m" })), None);
    for (name, thoughts) in [
        ("AIDC-AI/Marco-o1", ThoughtFormat::Marco),
        ("DeepSeek-R1-Distill-Qwen-7B", ThoughtFormat::Think),
        ("Qwen/QwQ-32B", ThoughtFormat::Think),
        ("Qwen2.5-7B-Instruct", ThoughtFormat::None),
    ] {
        assert_eq!(thoughts_of(name), thoughts, "{name}");
    }
}

#[test]
fn a_reply_goes_on_only_where_it_does_not_begin_anew() {
    let said = |text: &str| goes_on(&json!({ "choices": [{ "message": { "content": text } }] }));
    assert!(said(" delta epsilon") && said("Delta"));
    assert!(!said("alpha beta gamma delta epsilon") && !said("Sure! delta") && !said(""));
}

#[test]
fn an_answer_tells_what_the_server_tells_about_tokens() {
    let look = |choice: Value| {
        let server = a_server(Flavour::Other, Way::Whole);
        let mut probe = Probe { server, thoughts: None, has_ids: false };
        let understood = probe.look_at(&json!({ "choices": [choice] }));
        (understood, probe.server.alternatives, probe.has_ids, probe.thoughts)
    };
    let told = |id: Option<u32>, alternatives: usize| {
        let top = vec![json!({ "token": "a", "logprob": -1.0 }); alternatives];
        let entry = json!({ "token": "a", "id": id, "logprob": -1.0, "top_logprobs": top });
        json!({ "message": { "content": "a" }, "logprobs": { "content": [entry] } })
    };
    assert_eq!(look(told(Some(7), 20)), (true, 5, true, None), "five are wanted");
    assert_eq!(look(told(None, 3)), (true, 3, false, None));
    assert_eq!(look(json!({ "message": { "content": "a" } })), (true, 0, false, None));
    let apart = look(json!({ "message": { "content": "", "reasoning_content": "hm" } }));
    assert_eq!(apart, (true, 0, false, Some(ThoughtFormat::Think)), "a thought of its own channel");
    let server = a_server(Flavour::Other, Way::Whole);
    assert!(!Probe { server, thoughts: None, has_ids: false }.look_at(&json!({ "hello": 1 })));
}

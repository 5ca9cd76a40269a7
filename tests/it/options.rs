//! What a request may ask beside its prompt, through the engine's one door with Polo Tiny: formats, echo, bytes,
//! tokens, lengths, and many requests at once.

use std::collections::{BTreeMap, BTreeSet};

use polo::protocol::{
    Channel, Event, FinishReason, Format, Message, Prompt, PromptToken, Request, RequestId, Role,
    SamplingOptions, SearchOptions, Usage,
};

use crate::driver::drive;

fn chat(text: &str) -> Prompt {
    Prompt::Chat { messages: vec![Message { role: Role::User, content: text.into() }] }
}

fn raw(text: &str) -> Prompt {
    Prompt::Raw { text: text.into() }
}

fn generate(id: RequestId, prompt: Prompt, sampling: SamplingOptions) -> Request {
    Request::Generate { id, prompt, sampling }
}

/// The request that an event ends, if it ends one.
fn ends(event: &Event) -> Option<RequestId> {
    match event {
        Event::Done { id, .. }
        | Event::Tokenized { id, .. }
        | Event::Detokenized { id, .. }
        | Event::Unloaded { id } => Some(*id),
        Event::Failed { id, .. } => *id,
        _ => None,
    }
}

/// Everything that is told until all of these requests have ended.
fn answers(requests: Vec<Request>) -> Vec<Event> {
    let mut open = requests.len();
    let seen = drive(requests, move |event| {
        open -= usize::from(ends(event).is_some());
        (open > 0).then(Vec::new)
    });
    seen.events
}

/// What one request was answered.
#[derive(Debug, Default)]
struct Answer {
    tokens: BTreeMap<u32, Vec<u32>>,
    output: BTreeMap<u32, String>,
    ended: BTreeMap<u32, (FinishReason, Option<String>, usize)>,
    prompt: Option<Vec<PromptToken>>,
    usage: Option<Usage>,
    replies: Vec<String>,
    failure: Option<(String, String)>,
}

fn answer(events: &[Event], id: RequestId) -> Answer {
    let mut all = Answer::default();
    for event in events {
        match event {
            Event::Token { id: of, choice, channel, text, token, .. } if *of == id => {
                assert!(!all.ended.contains_key(choice), "a token after the end");
                all.tokens.entry(*choice).or_default().push(*token);
                if *channel == Channel::Output {
                    *all.output.entry(*choice).or_default() += text;
                }
            }
            Event::Text { id: of, choice, channel: Channel::Output, text, .. } if *of == id => {
                *all.output.entry(*choice).or_default() += text;
            }
            Event::Ended { id: of, choice, finish_reason, stop, completion_tokens, .. } if *of == id => {
                let ended = (*finish_reason, stop.clone(), *completion_tokens);
                assert!(all.ended.insert(*choice, ended).is_none(), "told once");
            }
            Event::Prompted { id: of, tokens } if *of == id => all.prompt = Some(tokens.clone()),
            Event::Done { id: of, usage, replies, .. } if *of == id => {
                all.usage = Some(usage.clone());
                all.replies.clone_from(replies);
            }
            Event::Failed { id: Some(of), kind, message, .. } if *of == id => {
                all.failure = Some((kind.clone(), message.clone()));
            }
            _ => {}
        }
    }
    all
}

fn one(prompt: Prompt, sampling: SamplingOptions) -> Answer {
    answer(&answers(vec![generate(2, prompt, sampling)]), 2)
}

const HOT: f32 = 1.0;

/// Twenty replies at temperature 1, of which nothing is cut off.
fn hot(format: Format) -> SamplingOptions {
    SamplingOptions {
        temperature: HOT,
        top_k: 0,
        top_p: 1.0,
        seed: 3,
        max_new_tokens: 160,
        choices: 20,
        format: Some(format),
        ..SamplingOptions::default()
    }
}

#[test]
fn a_schema_is_kept_at_any_seed() {
    let schema = serde_json::json!({
        "type": "object",
        "properties": {
            "count": { "type": "integer", "minimum": 0, "maximum": 99 },
            "word": { "enum": ["apple", "pear"] },
        },
        "required": ["count", "word"],
        "additionalProperties": false,
    });
    let all = one(chat("What is 3 + 4?"), hot(Format::JsonSchema { schema }));
    assert_eq!((all.failure, all.ended.len()), (None, 20));
    let mut complete = 0;
    for (choice, (reason, _, _)) in &all.ended {
        if *reason == FinishReason::Length {
            continue;
        }
        let text = &all.output[choice];
        let value: serde_json::Value =
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{choice}: {error} in {text:?}"));
        let object = value.as_object().unwrap();
        assert_eq!(object.keys().collect::<Vec<_>>(), ["count", "word"], "{text}");
        assert!(object["count"].as_u64().is_some_and(|count| count < 100), "{text}");
        assert!(["apple", "pear"].contains(&object["word"].as_str().unwrap()), "{text}");
        assert_eq!(text.trim_end(), text, "nothing follows");
        complete += 1;
    }
    assert!(complete >= 10, "only {complete} of 20 came to an end: {:#?}", all.replies);
}

#[test]
fn any_object_is_json_and_a_thought_is_free() {
    let all = one(chat("What is 3 + 4?"), hot(Format::JsonObject));
    assert_eq!(all.failure, None);
    let mut complete = 0;
    for (choice, (reason, _, _)) in &all.ended {
        if *reason == FinishReason::Stop {
            let text = &all.output[choice];
            let value: serde_json::Value =
                serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"));
            assert!(value.is_object(), "{text}");
            complete += 1;
        }
    }
    assert!(complete > 0, "{:#?}", all.replies);
    // It thinks as it does without a format: the mask begins with the answer.
    let greedy = SamplingOptions { temperature: 0.0, max_new_tokens: 12, ..SamplingOptions::default() };
    let free = one(chat("What is 3 + 4?"), greedy.clone());
    let held = one(chat("What is 3 + 4?"), SamplingOptions { format: Some(Format::JsonObject), ..greedy });
    assert_eq!(free.tokens, held.tokens);
}

#[test]
fn a_bad_schema_is_refused_in_the_words_of_the_library() {
    let schema = serde_json::json!({ "type": "object", "properties": { "a": { "type": "strange" } } });
    let format = Some(Format::JsonSchema { schema });
    let (kind, message) =
        one(chat("x"), SamplingOptions { format, ..SamplingOptions::default() }).failure.unwrap();
    assert_eq!(kind, "bad_request");
    assert!(message.contains("strange"), "{message}");
}

#[test]
fn a_search_has_no_format() {
    let sampling = SamplingOptions { format: Some(Format::JsonObject), ..SamplingOptions::default() };
    let search = Request::Search { id: 2, prompt: chat("x"), sampling, search: SearchOptions::default() };
    let (kind, message) = answer(&answers(vec![search]), 2).failure.unwrap();
    assert_eq!(kind, "bad_request");
    assert!(message.contains("neither format nor echo"), "{message}");
}

#[test]
fn a_prompt_is_told_with_bytes_and_alternatives() {
    let options = SamplingOptions {
        echo: true,
        token_bytes: true,
        top_logprobs: 7,
        max_new_tokens: 0,
        ..SamplingOptions::default()
    };
    let text = "The number of the apples: 是 42.";
    let all = one(raw(text), options.clone());
    assert_eq!(all.failure, None);
    let prompt = all.prompt.unwrap();
    let bytes: Vec<u8> = prompt.iter().flat_map(|token| token.bytes.clone().unwrap()).collect();
    assert_eq!(String::from_utf8(bytes).unwrap(), text);
    assert!(prompt[0].logprob.is_none() && prompt[0].top.is_empty());
    for token in &prompt[1..] {
        assert!(token.logprob.unwrap() <= 0.0 && token.top.len() == 7, "{token:?}");
        assert!(token.top.iter().all(|top| top.bytes.is_some()));
    }
    assert_eq!(all.ended[&0], (FinishReason::Length, None, 0));
    assert!(all.tokens.is_empty());
    let usage = all.usage.unwrap();
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens), (prompt.len(), 0, 0));
    // Several replies: told once, and each goes on from it.
    let all = one(raw(text), SamplingOptions { choices: 3, max_new_tokens: 4, ..options.clone() });
    assert_eq!(all.prompt.unwrap(), prompt);
    assert!((0..3).all(|choice| all.tokens[&choice].len() == 4));
    // One token has no probability; and it ends all the same.
    let tokens = Prompt::Tokens { tokens: vec![prompt[0].token] };
    let all = one(tokens, options);
    assert_eq!((all.prompt.unwrap().len(), all.ended[&0].0), (1, FinishReason::Length));
}

#[test]
fn tokens_and_text_are_told_both_ways() {
    let text = "是 <|im_end|> x";
    let events = answers(vec![
        Request::Tokenize { id: 2, prompt: raw(text) },
        Request::Tokenize { id: 3, prompt: Prompt::Marked { text: text.into() } },
    ]);
    let of = |id| {
        let found = events.iter().find_map(|event| match event {
            Event::Tokenized { id: of, tokens, texts } if *of == id => Some((tokens.clone(), texts.clone())),
            _ => None,
        });
        found.unwrap()
    };
    let (plain, marked) = (of(2), of(3));
    assert!(marked.1.contains(&"<|im_end|>".to_owned()) && !plain.1.contains(&"<|im_end|>".to_owned()));
    assert!(marked.0.len() < plain.0.len() && plain.0.len() == plain.1.len());
    let events = answers(vec![
        Request::Detokenize { id: 2, tokens: marked.0 },
        Request::Detokenize { id: 3, tokens: vec![1 << 30] },
        Request::Unload { id: 4 },
        Request::Tokenize { id: 5, prompt: raw(text) },
    ]);
    assert!(
        events.iter().any(|event| matches!(event, Event::Detokenized { id: 2, text: back } if back == text))
    );
    assert_eq!(answer(&events, 3).failure.unwrap().0, "bad_request");
    assert!(events.iter().any(|event| matches!(event, Event::Unloaded { id: 4 })));
    assert!(answer(&events, 5).failure.unwrap().1.contains("no model is loaded"));
}

#[test]
fn a_prompt_that_does_not_fit_is_told_with_both_lengths() {
    let tokens = vec![5; 100_000];
    let events =
        answers(vec![generate(2, Prompt::Tokens { tokens: tokens.clone() }, SamplingOptions::default())]);
    let counts = events.iter().find_map(|event| match event {
        Event::Failed { id: Some(2), kind, context, .. } => Some((kind.clone(), (*context)?)),
        _ => None,
    });
    let (kind, counts) = counts.unwrap();
    assert_eq!((kind.as_str(), counts.prompt_tokens), ("context_full", tokens.len()));
    assert!(counts.limit > 0 && counts.limit < tokens.len());
}

#[test]
fn choices_are_numbered_from_where_the_request_says() {
    let options = SamplingOptions {
        temperature: 3.0,
        choices: 4,
        max_new_tokens: 12,
        seed: 9,
        top_k: 0,
        top_p: 1.0,
        ..SamplingOptions::default()
    };
    let four = one(chat("2 + 2?"), options.clone());
    let two = one(chat("2 + 2?"), SamplingOptions { choices: 2, first_choice: 2, ..options });
    assert_eq!((&two.tokens[&0], &two.tokens[&1]), (&four.tokens[&2], &four.tokens[&3]));
    let distinct: BTreeSet<_> = four.tokens.values().collect();
    assert!(distinct.len() > 1);
}

#[test]
fn every_reply_says_how_it_ended() {
    let options = SamplingOptions { temperature: 0.0, max_new_tokens: 30, ..SamplingOptions::default() };
    let whole = one(chat("2 + 2?"), options.clone());
    let text: String = whole.output.values().cloned().collect();
    // Some text in the middle of what it says anyway: of the thought, where it does not get further.
    let stop = vec!["never said".to_owned(), "<Thought>".to_owned()];
    let stopped = one(chat("2 + 2?"), SamplingOptions { stop, ..options.clone() });
    let (reason, found, tokens) = stopped.ended[&0].clone();
    assert_eq!((reason, found.as_deref()), (FinishReason::Stop, Some("<Thought>")), "{text}");
    assert_eq!(stopped.usage.unwrap().completion_tokens, tokens);
    assert!(tokens < whole.ended[&0].2);
}

#[test]
fn what_was_at_hand_is_counted() {
    let options = SamplingOptions { max_new_tokens: 3, choices: 4, ..SamplingOptions::default() };
    let long = "one apple and another, ".repeat(40);
    let long = raw(&long);
    // The same prompt three times: computed once.
    let events = answers(vec![
        generate(2, long.clone(), options.clone()),
        generate(3, long.clone(), options.clone()),
        generate(4, long, options),
    ]);
    let usage = |id| answer(&events, id).usage.unwrap();
    assert_eq!(usage(2).cached_tokens, 0);
    for id in [3, 4] {
        let usage = usage(id);
        assert_eq!(usage.cached_tokens, usage.prompt_tokens - 1, "request {id}: all but the last token");
        assert_eq!(
            usage.completion_tokens,
            answer(&events, id).ended.values().map(|ended| ended.2).sum::<usize>()
        );
    }
}

#[test]
fn gpu_a_reply_goes_on_from_any_of_its_tokens() {
    let question = || chat("What is 48 + 37?");
    let sampling = SamplingOptions { temperature: 0.9, seed: 5, max_new_tokens: 90, ..Default::default() };
    let whole = one(question(), sampling.clone());
    let tokens = &whole.tokens[&0];
    assert!(whole.replies[0].contains("<Thought>") && tokens.len() > 20, "{whole:?}");
    for kept in [1, 2, 7, tokens.len() / 2, tokens.len() - 2] {
        let prefix = tokens[..kept].to_vec();
        let rest = one(question(), SamplingOptions { prefix, ..sampling.clone() });
        assert_eq!(rest.tokens[&0], tokens[kept..], "after {kept} tokens");
        assert_eq!(rest.replies, whole.replies, "after {kept} tokens");
        assert!(whole.output[&0].ends_with(rest.output.get(&0).map_or("", String::as_str)));
        let (usage, before) = (rest.usage.unwrap(), whole.usage.clone().unwrap());
        assert_eq!(usage.completion_tokens, tokens.len() - kept);
        assert_eq!(usage.prompt_tokens, before.prompt_tokens + kept);
    }
    let refused = |prefix: Vec<u32>, stop: &[&str]| {
        let stop = stop.iter().map(|&stop| stop.to_owned()).collect();
        one(question(), SamplingOptions { prefix, stop, ..sampling.clone() }).failure.unwrap().1
    };
    assert!(refused(tokens.clone(), &[]).contains("ends a reply"));
    assert!(refused(tokens[..8].to_vec(), &["Thought"]).contains("stop text"));
    assert!(refused(vec![u32::MAX], &[]).contains("vocabulary"));
}

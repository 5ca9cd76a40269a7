//! Pieces of streams as four kinds of servers send them.

use serde_json::json;

use super::*;

fn tokens(piece: Value) -> Result<Vec<Told>, String> {
    serde_json::from_value::<Piece>(piece).unwrap().choices[0].tokens()
}

fn told(id: Option<u32>, bytes: &[u8], logprob: f32, top: Vec<Told>) -> Told {
    Told { id, bytes: bytes.to_vec(), logprob: Some(logprob), top }
}

#[test]
fn llama_cpp_tells_numbers_and_bytes() {
    // As llama-server 7e4c0a9 sent it.
    let piece = json!({ "choices": [{ "text": "#", "index": 0, "logprobs": { "content": [
        { "id": 19, "token": "#", "bytes": [35], "logprob": -1.997_208_8, "top_logprobs": [
            { "id": 19, "token": "#", "bytes": [35], "logprob": -1.997_208_8 },
            { "id": 2, "token": "", "bytes": [], "logprob": -2.881_379_4 }] }] }, "finish_reason": null }] });
    let top = vec![told(Some(19), b"#", -1.997_208_8, vec![]), told(Some(2), b"", -2.881_379_4, vec![])];
    assert_eq!(tokens(piece), Ok(vec![told(Some(19), b"#", -1.997_208_8, top)]));
}

#[test]
fn vllm_tells_numbers_of_what_was_chosen() {
    let piece = json!({ "choices": [{ "text": "ab", "token_ids": [5, 6], "logprobs": {
        "tokens": ["a", "b"], "token_logprobs": [-0.5, -1.0], "text_offset": [0, 1],
        "top_logprobs": [{ "x": -2.0, "a": -0.5 }, { "b": -1.0 }] } }] });
    let expected = [
        told(Some(5), b"a", -0.5, vec![told(None, b"a", -0.5, vec![]), told(None, b"x", -2.0, vec![])]),
        told(Some(6), b"b", -1.0, vec![told(None, b"b", -1.0, vec![])]),
    ];
    assert_eq!(tokens(piece), Ok(expected.to_vec()));
    // Numbers instead of texts; the text of the piece belongs to the last, as characters may be cut.
    let piece = json!({ "choices": [{ "text": "天", "logprobs": {
        "tokens": ["token_id:7", "token_id:8"], "token_logprobs": [-0.5, -1.0],
        "top_logprobs": [{ "token_id:7": -0.5 }, { "token_id:8": -1.0 }] } }] });
    let found = tokens(piece).unwrap();
    assert_eq!((found[0].id, found[0].bytes.as_slice()), (Some(7), &b""[..]));
    assert_eq!(
        (found[1].id, found[1].bytes.as_slice(), found[1].top[0].id),
        (Some(8), "天".as_bytes(), Some(8))
    );
}

#[test]
fn our_own_tells_everything() {
    let piece = json!({ "choices": [{ "text": "", "logprobs": {
        "tokens": ["�"], "token_logprobs": [-0.1], "token_ids": [9],
        "top": [[{ "id": 9, "token": "�", "bytes": [228], "logprob": -0.1 }]],
        "content": [{ "id": 9, "token": "�", "bytes": [228], "logprob": -0.1,
            "top_logprobs": [{ "id": 9, "token": "�", "bytes": [228], "logprob": -0.1 }] }] } }] });
    assert_eq!(
        tokens(piece),
        Ok(vec![told(Some(9), &[228], -0.1, vec![told(Some(9), &[228], -0.1, vec![])])])
    );
}

#[test]
fn without_log_probabilities_a_piece_is_a_token() {
    let plain = json!({ "choices": [{ "delta": { "content": "Hi" } }] });
    assert_eq!(tokens(plain), Ok(vec![Told { bytes: b"Hi".to_vec(), ..Told::default() }]));
    assert_eq!(
        tokens(json!({ "choices": [{ "delta": { "role": "assistant", "content": null } }] })),
        Ok(vec![])
    );
    let thought: Piece =
        serde_json::from_value(json!({ "choices": [{ "delta": { "reasoning": "hm" } }] })).unwrap();
    assert_eq!((thought.choices[0].thought(), thought.choices[0].text()), ("hm", ""));
}

#[test]
fn wrong_counts_are_noticed() {
    let wrong = json!({ "choices": [{ "text": "ab", "logprobs": { "tokens": ["a", "b"], "token_logprobs": [-1.0] } }] });
    assert!(tokens(wrong).unwrap_err().contains("token_logprobs has 1 entries for 2 tokens"));
    let wrong = json!({ "choices": [{ "text": "a", "token_ids": [1, 2], "logprobs": { "content": [{ "token": "a" }] } }] });
    assert!(tokens(wrong).unwrap_err().contains("token_ids"));
}

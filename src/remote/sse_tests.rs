//! Streams as servers send them, and answers that are none.

use serde_json::json;

use super::{Pieces, stream};
use crate::remote::client::Trouble;
use crate::remote::made_up::answering;
use crate::remote::wire::Choice;

/// What comes of an answer of this kind with this body: the texts of its pieces, and how it ended.
fn read(kind: &'static str, body: &str) -> (Vec<String>, Result<(), Trouble>) {
    let client = answering(vec![(200, kind, body.to_owned())]);
    let mut texts = Vec::new();
    let ended = pollster::block_on(async {
        let mut pieces: Pieces = stream(&client, "completions", &json!({})).await?;
        while let Some(piece) = pieces.next(&client, "completions").await? {
            texts.push(piece.choices.iter().map(Choice::text).collect());
        }
        Ok(())
    });
    (texts, ended)
}

const EVENTS: &str = "text/event-stream";

#[test]
fn comments_and_named_events_are_passed_over() {
    let body = ": ping\n\nevent: polo.voted\ndata: not for us\n\ndata: {\"choices\":[{\"text\":\"a\"}]}\n\n\
                data: {\"choices\":[{\"text\":\"b\"}]}\n\ndata: [DONE]\n\ndata: more\n\n";
    let (texts, ended) = read(EVENTS, body);
    assert!(ended.is_ok() && texts == ["a", "b"], "{texts:?} {ended:?}");
}

#[test]
fn an_answer_that_is_no_stream_is_one_piece() {
    let (texts, ended) = read("application/json; charset=utf-8", "{\"choices\":[{\"text\":\"all\"}]}");
    assert!(ended.is_ok() && texts == ["all"], "{texts:?} {ended:?}");
}

#[test]
fn what_went_wrong_on_the_way_is_tried_again_where_that_helps() {
    let begun = "data: {\"choices\":[{\"text\":\"a\"}]}\n\n";
    let failed = |code: u16| {
        let error = json!({ "error": { "message": "in its own words", "code": code } });
        let (texts, ended) = read(EVENTS, &format!("{begun}data: {error}\n\n"));
        assert_eq!(texts, ["a"]);
        ended.unwrap_err()
    };
    let passing = failed(503);
    assert!(
        matches!(&passing, Trouble::Passing(error, None) if error.to_string().contains("in its own words"))
    );
    assert!(matches!(failed(400), Trouble::Lasting(_)));
    let (_, garbage) = read(EVENTS, &format!("{begun}data: {{\"choices\": [{{]\n\n"));
    assert!(matches!(garbage, Err(Trouble::Passing(..))), "{garbage:?}");
}

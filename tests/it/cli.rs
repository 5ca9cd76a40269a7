//! The command from outside: what it prints, and its exit codes. The tests named `gpu_` need a GPU.

use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn polo(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_polo"));
    command.args(words).stdin(Stdio::null());
    command
}

fn run(words: &[&str]) -> Output {
    polo(words).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn help_teaches_with_examples() {
    for (words, taught) in [
        (&["--help"][..], "polo ask --json"),
        (&["ask", "--help"], "| polo ask -"),
        (&["bench", "--help"], "--shape qwen2-1.5b"),
        (&["ask", "--help"], "polo ask --search"),
        (&["eval", "--help"], "--split test"),
        (&["eval", "--help"], "--modes cot,sc,bon,mcts"),
        (&["doctor", "--help"], "--device"),
        (&["problems", "--help"], "--jsonl"),
        (&["pull", "--help"], "HF_TOKEN"),
        (&["list", "--help"], "--all"),
        (&["show", "--help"], "--json"),
        (&["rm", "--help"], "polo list"),
        (&["run", "--help"], "cat notes.txt | polo run"),
        (&["cp", "--help"], "polo cp marco-o1 thinker"),
        (&["ps", "--help"], "POLO_HOST"),
        (&["stop", "--help"], "polo stop"),
        (&["config", "--help"], "[sampling]"),
        (&["completions", "--help"], "bash-completion"),
        (&["man", "--help"], "man -l -"),
        (&["help", "run"], "/save"),
    ] {
        let output = run(words);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains(taught), "{words:?} does not teach {taught}");
    }
    assert!(text(&run(&["--version"]).stdout).starts_with("polo 0."));
}

#[test]
fn wrong_usage_is_told_with_code_2() {
    let check = |words: &[&str], said: &str| {
        let output = run(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {output:?}");
        assert!(text(&output.stderr).contains(said), "{words:?}: {}", text(&output.stderr));
    };
    check(&[], "Usage");
    check(&["ask"], "QUESTION");
    check(&["ask", "--temperature", "9", "hi"], "temperature is 9, expected 0 to 4");
    check(&["ask", "--temperature", "NaN", "hi"], "temperature is NaN");
    check(&["ask", "--json", "--top-logprobs", "21", "hi"], "top_logprobs is 21");
    check(&["run", "What is it?"], "polo run polo-tiny");
    check(&["run", "polo-tiny"], "nothing to answer");
    check(&["run", "polo-tiny", "--format", "xml", "hi"], "neither `json` nor a JSON schema");
    check(&["run", "polo-tiny", "--temperature", "9", "hi"], "temperature is 9");
    check(&["completions", "tcsh"], "bash");
    check(&["ask", "--kv", "f8", "hi"], "f16, f32");
    check(&["ask", " "], "the question is empty");
    check(&["ask", "-"], "the question is empty");
    check(&["bench", "--batch", "0"], "--batch");
    check(&["eval", "--suite", "poetry"], "poetry");
    check(&["eval", "--count", "0"], "--count");
    check(&["eval", "--modes", "dfs"], "expected cot");
    check(&["eval", "--modes", "mcts:rollouts=513"], "rollouts is 513, expected 1 to 512");
    check(&["eval", "--seeds", "1,2"], "--modes");
    check(&["eval", "--suite", "gsm8k", "--modes", "sc"], "needs --file");
    check(&["eval", "--suite", "mgsm", "--modes", "sc", "--file", "/no/such"], "/no/such");
    check(&["ask", "--search", "--lanes", "17", "hi"], "lanes is 17, expected 1 to 16");
    check(&["ask", "--search", "--action", "leap", "hi"], "expected step, whole");
    // Before a model is looked for, which may take long.
    check(&["ask", "--model", "no.gguf", "--temperature", "9", "hi"], "temperature is 9");
    check(&["ask", "--model", "no.gguf", "--search", "--lanes", "17", "hi"], "lanes is 17");
    check(&["run", "--model", "no.gguf", "--temperature", "9", "hi"], "temperature is 9");
    check(&["run", "--model", "no.gguf", "--format", "xml", "hi"], "neither `json` nor a JSON schema");
    let json = run(&["ask", "--json", "--temperature", "9", "hi"]);
    let error: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(error["error"]["kind"], "bad_request");
}

#[test]
fn standard_input_that_is_not_utf8_is_refused() {
    let mut child = polo(&["ask", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"What is \xff?").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("byte 8 is not UTF-8"), "{}", text(&output.stderr));
}

#[test]
fn problems_are_printed_and_repeat() {
    let jsonl = |seed: &str, split: &str| {
        let output = run(&["problems", "--seed", seed, "--count", "20", "--split", split, "--jsonl"]);
        assert_eq!(output.status.code(), Some(0));
        let lines: Vec<Value> =
            text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 20);
        lines
    };
    let test = jsonl("1", "test");
    assert_eq!(test, jsonl("1", "test"));
    assert_ne!(test, jsonl("2", "test"));
    assert!(!jsonl("1", "train").iter().any(|problem| test.contains(problem)));
    assert!(test.iter().all(|problem| problem["question"].is_string() && problem["answer"].is_string()));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = polo(&["problems", "--count", "100000", "--jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

#[test]
fn piped_output_has_no_colour() {
    let output = run(&["problems", "--count", "3"]);
    assert!(!output.stdout.contains(&0x1b));
    assert!(text(&output.stdout).contains("<Thought>"));
}

#[test]
fn gpu_ask_prints_one_object_that_repeats() {
    let ask = |words: &[&str]| {
        let words = [&["ask", "--json", "--max-tokens", "12", "--top-logprobs", "5"], words].concat();
        let output = run(&words);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let first = ask(&["--seed", "7", "What is 12 + 34?"]);
    let tokens = first["tokens"].as_array().unwrap();
    assert!((1..=12).contains(&tokens.len()), "{first}");
    for token in tokens {
        let logprob = token["logprob"].as_f64().unwrap();
        assert!(logprob <= 0.0 && token["id"].is_u64() && token["channel"].is_string(), "{token}");
        let top: Vec<f64> = token["top_logprobs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|top| top["logprob"].as_f64().unwrap())
            .collect();
        assert_eq!(top.len(), 5);
        assert!(top.is_sorted_by(|a, b| a >= b) && top.iter().map(|value| value.exp()).sum::<f64>() <= 1.001);
    }
    assert_eq!(first["usage"]["completion_tokens"], tokens.len());
    assert!(first["timings"]["load_ms"].as_f64().unwrap() > 0.0);
    let again = ask(&["--seed", "7", "What is 12 + 34?"]);
    for key in ["thought", "output", "finish_reason", "tokens"] {
        assert_eq!(first[key], again[key], "{key}");
    }
}

#[test]
fn gpu_ask_refuses_what_cannot_be() {
    let check = |words: &[&str], code: i32, kind: &str, said: &str| {
        let output = run(&[&["ask", "--json"], words].concat());
        assert_eq!(output.status.code(), Some(code), "{words:?}: {output:?}");
        let error: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(error["error"]["kind"], kind, "{error}");
        assert!(error["error"]["message"].as_str().unwrap().contains(said), "{error}");
    };
    check(&["--model", "/no/such.gguf", "hi"], 1, "fetch", "no such file");
    check(&["--device", "no such gpu", "hi"], 1, "no_gpu", "no such gpu");
    let long = "12 + 34 ".repeat(4000);
    check(&[&long], 1, "context_full", "tokens");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"GGUF, but not really").unwrap();
    check(&["--model", file.path().to_str().unwrap(), "hi"], 1, "bad_model", "GGUF version");
}

#[cfg(unix)]
#[test]
fn gpu_ctrl_c_stops_a_reply() {
    // Noise may end by itself at any token, before the signal comes; then another seed is tried.
    let stopped = (0..8).any(|seed| {
        let seed = seed.to_string();
        let mut child = polo(&["ask", "--raw", "--temperature", "4", "--top-k", "0", "--seed", &seed, "a"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The first text says that the reply has begun.
        let mut first = [0; 1];
        let began = child.stdout.as_mut().unwrap().read_exact(&mut first);
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert!(began.is_ok(), "{output:?}");
        assert!(matches!(output.status.code(), Some(0 | 130)), "{output:?}");
        output.status.code() == Some(130)
    });
    assert!(stopped, "none of eight replies was stopped");
}

#[test]
fn gpu_a_models_own_defaults_count_less_than_flags() {
    let folder = tempfile::tempdir().unwrap();
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden/bf16_file");
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        std::fs::copy(data.join(file), folder.path().join(file)).unwrap();
    }
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("tokenizer_config.json", r#"{"chat_template": "{{ nothing.like.this }}"}"#);
    write(
        "generation_config.json",
        r#"{"do_sample": false, "repetition_penalty": 1.1, "eos_token_id": 299}"#,
    );
    let ask = |flags: &[&str]| {
        let words = [
            "ask",
            "--json",
            "--max-tokens",
            "12",
            "--context",
            "256",
            "--model",
            folder.path().to_str().unwrap(),
        ];
        let output = run(&[&words, flags, &["the number of apples"]].concat());
        assert!(output.status.success(), "{output:?}");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let ids = answer["tokens"].as_array().unwrap().iter().map(|token| token["id"].as_u64().unwrap());
        (ids.collect::<Vec<_>>(), text(&output.stderr).to_owned())
    };
    let (greedy, told) = ask(&["--seed", "1"]);
    assert!(told.contains("chat template failed") && told.contains("ChatML is used instead"), "{told}");
    assert!(told.contains("asks for repetition_penalty 1.1, which is not supported"), "{told}");
    assert_eq!(ask(&["--seed", "2"]).0, greedy, "the model asks for greedy decoding");
    assert_ne!(ask(&["--seed", "2", "--temperature", "3"]).0, greedy, "a flag counts more");
}

#[test]
fn gpu_ask_searches() {
    let flags =
        ["ask", "--search", "--rollouts", "4", "--agreement", "1", "--seed", "3", "--temperature", "1"];
    let output = run(&[&flags[..], &["--json", "What is 12 + 34?"]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["stop"], &json["progress"]["rollouts"]), (&"rollouts".into(), &4.into()));
    assert_eq!((&json["search"]["agreement"], &json["sampling"]["seed"]), (&1.0.into(), &3.into()));
    assert!(json["answer"].is_string() && json["tree"]["search"]["tree"].is_array(), "{json}");
    // Down a pipe: what happened, a line each, then the same answer.
    let output = run(&[&flags[..], &["What is 12 + 34?"]].concat());
    let said = text(&output.stdout);
    assert_eq!(said.lines().filter(|line| line.starts_with("rollout ")).count(), 4, "{said}");
    assert!(said.contains(&format!("Answer: {} (", json["answer"].as_str().unwrap())), "{said}");
    assert!(!said.contains('\u{1b}'));
}

#[test]
fn gpu_eval_goes_on_where_it_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path().join("results");
    let report = folder.path().join("report.md");
    let eval = |count: &str, flags: &[&str]| {
        let words = [
            "eval",
            "--suite",
            "decimals",
            "--count",
            count,
            "--modes",
            "cot,sc,mcts",
            "--rollouts",
            "3",
            "--results",
            results.to_str().unwrap(),
            "--report",
            report.to_str().unwrap(),
        ];
        run(&[&words, flags].concat())
    };
    assert!(eval("2", &[]).status.success());
    let file = results.join("mcts.jsonl");
    let first = std::fs::read_to_string(&file).unwrap();
    assert_eq!(first.lines().count(), 3);
    // As if it had been killed in the middle of a line.
    std::fs::write(&file, &first[..first.len() - 20]).unwrap();
    let output = eval("3", &["--json"]);
    assert!(output.status.success(), "{output:?}");
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = json["rows"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["searches"] == 3 && row["problems"] == 3), "{json}");
    assert_eq!((&rows[0]["rollouts"], &rows[1]["rollouts"]), (&1.0.into(), &3.0.into()));
    let again = std::fs::read_to_string(&file).unwrap();
    let kept: String = first.split_inclusive('\n').take(2).collect();
    assert!(again.starts_with(&kept) && again.lines().count() == 4, "{again}");
    // The same searches, however often they are run.
    let trips = |text: &str, problem: u64| {
        let lines = text.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).unwrap());
        let trial = lines.into_iter().find(|trial| trial["problem"] == problem).unwrap();
        (trial["trips"].clone(), trial["tokens"].clone())
    };
    assert!((0..2).all(|problem| trips(&first, problem) == trips(&again, problem)));
    // All is done: nothing is loaded, and other settings are refused.
    let done = eval("3", &["--device", "no such gpu"]);
    assert!(
        done.status.success() && text(&done.stdout).contains("3 questions, 3 searches a way"),
        "{done:?}"
    );
    let other = eval("3", &["--temperature", "1"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(text(&other.stderr).contains("sampling.temperature is 0.7"), "{other:?}");
    assert!(std::fs::read_to_string(&report).unwrap().contains("| mcts"));
    assert!(std::fs::read_to_string(report.with_extension("svg")).unwrap().contains("<polyline"));
}

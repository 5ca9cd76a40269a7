//! The file of defaults and the variables, against the commands as they are.

use clap::{CommandFactory, FromArgMatches};

use super::{keys, path, read, variable, with_defaults};
use crate::cli::args::{Args, AskArgs, Command};
use crate::protocol::{KvType, Preset, SamplingOptions};

/// What `polo ask` comes to with this file, these variables and these flags.
fn ask(file: &str, variables: &[(&str, &str)], words: &[&str]) -> Result<AskArgs, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, file).unwrap();
    let lookup =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let settings = read(&Args::command(), &path, lookup).map_err(|error| error.to_string())?;
    let command = with_defaults(Args::command(), &settings);
    let matches = command.try_get_matches_from([&["polo", "ask"], words, &["hi"]].concat());
    let matches = matches.map_err(|error| error.to_string())?;
    match Args::from_arg_matches(&matches).unwrap().command {
        Command::Ask(args) => Ok(args),
        other => panic!("{other:?}"),
    }
}

const FILE: &str = "
model = \"marco-o1\"
kv = \"f32\"
context = 512
[sampling]
temperature = 0.25
top-k = 7
[search]
preset = \"thorough\"
";

#[test]
fn a_flag_beats_a_variable_beats_the_file_beats_the_model() {
    let recommended = SamplingOptions { temperature: 2.0, top_p: 0.125, ..SamplingOptions::default() };
    let options = |variables: &[(&str, &str)], words: &[&str]| {
        ask(FILE, variables, words).unwrap().sampling.options(Some(&recommended))
    };
    let file = options(&[], &[]);
    assert_eq!((file.temperature, file.top_k, file.top_p), (0.25, 7, 0.125), "file, file, model");
    let variable = [("POLO_SAMPLING_TEMPERATURE", "0.5")];
    assert_eq!(options(&variable, &[]).temperature.to_bits(), 0.5_f32.to_bits());
    assert_eq!(options(&variable, &["--temperature", "1"]).temperature.to_bits(), 1.0_f32.to_bits());
    assert_eq!(options(&[], &["--greedy"]).temperature.to_bits(), 0, "a default conflicts with nothing");
    let args = ask(FILE, &[], &[]).unwrap();
    assert_eq!((args.model.model.as_deref(), args.model.context), (Some("marco-o1"), Some(512)));
    assert_eq!((args.model.options().kv, args.how.preset), (KvType::F32, Some(Preset::Thorough)));
    let none = ask("", &[], &[]).unwrap();
    assert_eq!((none.model.model, none.sampling.temperature), (None, None));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (file, said) in [
        ("modell = 'x'", "no key `modell`; did you mean `model`?"),
        ("[sampling]\ntemprature = 1", "did you mean `sampling.temperature`?"),
        ("kv = 'f8'", "`kv`: invalid value 'f8' for '--kv <TYPE>'"),
        ("context = 'long'", "`context`: invalid value 'long'"),
        ("context = [1, 2]", "expected one value, found 2"),
        ("context = 1979-05-27", "expected a text, a number"),
        ("= 3", "config.toml"),
    ] {
        let error = ask(file, &[], &[]).unwrap_err();
        assert!(error.contains(said) && error.contains("config.toml"), "{file}: {error}");
    }
    let error = ask("", &[("POLO_KV", "f8")], &[]).unwrap_err();
    assert!(error.starts_with("POLO_KV: invalid value 'f8'"), "{error}");
    assert!(ask("", &[("POLO_KV", "")], &[]).is_ok(), "an empty variable is none");
    // A folder in the place of the file is no file that is not there.
    let folder = tempfile::tempdir().unwrap();
    let error = read(&Args::command(), folder.path(), |_| None).unwrap_err().to_string();
    assert!(error.contains(&folder.path().display().to_string()), "{error}");
}

#[test]
fn the_model_of_the_file_takes_no_word_of_a_prompt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, FILE).unwrap();
    let settings = read(&Args::command(), &path, |_| None).unwrap();
    let command = with_defaults(Args::command(), &settings);
    let matches = command.try_get_matches_from(["polo", "run", "other", "hi"]).unwrap();
    let Command::Run(args) = Args::from_arg_matches(&matches).unwrap().command else { panic!() };
    assert_eq!((args.model.model, args.default_model.as_deref()), (None, Some("marco-o1")));
}

#[test]
fn measurements_keep_their_own_sampling() {
    let command = Args::command();
    let keys = keys(&command);
    assert!(["model", "sampling.seed", "search.rollouts"].iter().all(|key| keys.contains_key(*key)));
    let eval = command.find_subcommand("eval").unwrap();
    let sampling = eval.get_arguments().filter_map(|arg| super::key("eval", arg));
    assert!(sampling.into_iter().all(|key| !key.contains('.')));
    assert_eq!(variable("sampling.top_p"), "POLO_SAMPLING_TOP_P");
}

#[test]
fn the_file_is_where_such_files_are() {
    let with = |name: &'static str, value: &'static str| {
        path(move |asked| (asked == name).then(|| value.to_owned()), "/h")
    };
    assert_eq!(with("XDG_CONFIG_HOME", "/c"), std::path::Path::new("/c/polo/config.toml"));
    assert!(with("XDG_CONFIG_HOME", "").ends_with("polo/config.toml"));
    let none = read(&Args::command(), std::path::Path::new("/no/such/file"), |_| None).unwrap();
    assert!(none.is_empty(), "no file is no error");
}

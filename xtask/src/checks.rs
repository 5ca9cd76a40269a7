//! `cargo xtask test` and `slow`: every check, in order, with a summary at the end.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::machine::Machine;
use crate::process::Counts;
use crate::setup::{self, Missing, Purpose};
use crate::{clients, console, models, page, process, tools};

struct Check {
    name: &'static str,
    why: &'static str,
    /// Without these the check cannot run.
    needs: &'static [&'static str],
    /// A missing need is told and passed over, instead of counted as a failure.
    optional: bool,
    /// The step whose result it looks at.
    after: Option<&'static str>,
    run: fn(&Machine) -> (Counts, Result<(), String>),
}

const PAGE: Check = Check {
    name: "page",
    why: "the page and its worker, compiled for the browser in release",
    needs: &[setup::WASM_TARGET, setup::TRUNK, setup::WASM_BINDGEN],
    optional: false,
    after: None,
    run: |machine| (Counts::default(), page::build(machine).map(drop)),
};

const FAST: [Check; 11] = [
    Check {
        name: "fmt",
        why: "one format for all Rust code",
        needs: &[setup::COMPONENTS],
        optional: false,
        after: None,
        run: |machine| plain(machine.cargo().args(["fmt", "--all", "--check"])),
    },
    Check {
        name: "clippy",
        why: "lints, of page and worker as well",
        needs: &[setup::COMPONENTS],
        optional: false,
        after: None,
        run: |machine| {
            let mut cargo = machine.cargo();
            cargo.args([
                "clippy",
                "--workspace",
                "--all-features",
                "--all-targets",
                "--locked",
                "--",
                "-D",
                "warnings",
            ]);
            plain(&mut cargo)
        },
    },
    Check {
        name: "native",
        why: "units, kernels on the GPU, layout, shaders, goldens",
        needs: &[setup::VULKAN],
        optional: false,
        after: None,
        run: |machine| {
            counting(on_test_gpu(machine.cargo().args(["test", "--workspace", "--locked", "--no-fail-fast"])))
        },
    },
    Check {
        name: "models",
        why: "a real model and a real vocabulary against Hugging Face's numbers, and llama.cpp's server as an engine",
        needs: &[setup::VULKAN, setup::REAL_MODELS],
        optional: false,
        after: None,
        run: |machine| {
            let mut cargo = machine.cargo();
            // The same build as the step before, which leaves these tests out: they need the files.
            cargo.args(["test", "--test", "it", "--locked", "--", "--ignored", "real::", "remote_llama::"]);
            counting(on_test_gpu(models::tell(machine, &mut cargo)))
        },
    },
    Check {
        name: "clients",
        why: "the server, as the clients that people have already speak to it",
        needs: &[setup::VULKAN, setup::REAL_MODELS, setup::NODE, setup::CLIENTS],
        optional: false,
        after: None,
        run: |machine| clients::run(machine, "8,60", None),
    },
    Check {
        name: "web-units",
        why: "the page's own logic, as plain unit tests",
        needs: &[],
        optional: false,
        after: None,
        run: |machine| {
            let mut cargo = machine.cargo();
            cargo.args(["test", "--lib", "--locked", "--features", "web", "ui::"]);
            counting(&mut cargo)
        },
    },
    Check {
        name: "typos",
        why: "misspelt words in code and documents",
        needs: &[setup::TYPOS],
        optional: true,
        after: None,
        run: |machine| plain(&mut machine.command(machine.tool("typos").unwrap_or_else(|| "typos".into()))),
    },
    Check {
        name: "deny",
        why: "licences, sources and doubles of dependencies",
        needs: &[setup::DENY],
        optional: true,
        after: None,
        run: |machine| {
            let mut deny = machine.command(machine.tool("cargo-deny").unwrap_or_else(|| "cargo-deny".into()));
            plain(deny.args(["--all-features", "check", "bans", "licenses", "sources"]))
        },
    },
    PAGE,
    Check {
        name: "browser",
        why: "the built page in Chromium, as a person uses it",
        needs: &[
            setup::WASM_TARGET,
            setup::TRUNK,
            setup::WASM_BINDGEN,
            setup::NODE,
            setup::CHROMIUM,
            setup::BROWSER_PACKAGES,
        ],
        optional: false,
        after: Some("page"),
        run: browser,
    },
    Check {
        name: "firefox",
        why: "the page in Firefox: its layout, and what it says without WebGPU",
        needs: &[setup::NODE, setup::FIREFOX, setup::BROWSER_PACKAGES],
        optional: true,
        after: Some("page"),
        run: |machine| {
            let mut node = machine.command("node");
            node.args(["--test", "--test-reporter=spec", "tests/browser/firefox.mjs"])
                .env("FIREFOX", tools::firefox().unwrap_or_default());
            counting(&mut node)
        },
    },
];

const SLOW: [Check; 4] = [
    Check {
        name: "ignored",
        why: "the tests that are too long for every day (marked #[ignore])",
        needs: &[setup::VULKAN, setup::REAL_MODELS],
        optional: false,
        after: None,
        run: |machine| {
            let mut cargo = machine.cargo();
            cargo.args(["test", "--workspace", "--locked", "--release", "--", "--ignored", "--nocapture"]);
            counting(on_test_gpu(models::tell(machine, &mut cargo)))
        },
    },
    Check {
        name: "load",
        why: "64 clients for five minutes: nothing lost, nothing mixed, nobody starved; a system prompt of 3,000 tokens",
        needs: &[setup::VULKAN, setup::REAL_MODELS, setup::NODE, setup::CLIENTS],
        optional: false,
        after: None,
        run: |machine| clients::run(machine, "64,300", Some("test_load or 3000")),
    },
    PAGE,
    Check {
        name: "big",
        why: "a model of 7.6 G weights in Chromium: half an hour, 15 GB of disk and of memory",
        needs: &[setup::NODE, setup::CHROMIUM, setup::BROWSER_PACKAGES],
        optional: false,
        after: Some("page"),
        run: |machine| {
            let model = machine.native_target().join("tmp/random-7b-q4_k_m.gguf");
            if !model.exists() {
                let why = format!("{} is not there: the step `ignored` makes it", model.display());
                return (Counts::default(), Err(why));
            }
            let mut node = machine.command("node");
            node.args(["--test-reporter=spec", "tests/browser/slow/big.mjs"])
                .env("POLO_BIG_MODEL", model)
                .env("CHROMIUM", tools::chromium().unwrap_or_default());
            counting(on_test_gpu(&mut node))
        },
    },
];

fn plain(command: &mut Command) -> (Counts, Result<(), String>) {
    (Counts::default(), process::run(command))
}

pub(crate) fn counting(command: &mut Command) -> (Counts, Result<(), String>) {
    let (counts, verdict) = process::run_counting(command);
    let none = counts == Counts::default();
    // A runner that ran nothing has proved nothing.
    (counts, verdict.and_then(|()| if none { Err("no test ran".into()) } else { Ok(()) }))
}

/// Chooses Mesa's software driver, unless the person chose one.
pub(crate) fn on_test_gpu(command: &mut Command) -> &mut Command {
    let has = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    if cfg!(target_os = "linux") && !has("XDG_RUNTIME_DIR") {
        // The drivers look for a screen there, and complain at each start where there is none.
        command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    }
    let chosen = has("VK_DRIVER_FILES");
    match tools::lavapipe() {
        Some(file) if !chosen => command.env("VK_DRIVER_FILES", file),
        _ => command,
    }
}

/// The native program, as the tests of the others use it.
pub(crate) fn build_polo(machine: &Machine) -> Result<PathBuf, String> {
    process::run(machine.cargo().args(["build", "--locked", "--bin", "polo"]))?;
    Ok(machine.native_target().join("debug").join(format!("polo{}", std::env::consts::EXE_SUFFIX)))
}

fn browser(machine: &Machine) -> (Counts, Result<(), String>) {
    // The native program answers the same problems, and must say the same.
    let polo = match build_polo(machine) {
        Ok(polo) => polo,
        Err(why) => return (Counts::default(), Err(why)),
    };
    let mut node = machine.command("node");
    node.args(["--test-reporter=spec", "tests/browser/all.mjs"])
        .env("POLO_BIN", polo)
        .env("CHROMIUM", tools::chromium().unwrap_or_default());
    counting(on_test_gpu(models::tell(machine, &mut node)))
}

enum Verdict {
    Passed,
    Failed(String),
    Skipped(String),
}

struct Outcome {
    name: &'static str,
    time: Duration,
    counts: Counts,
    verdict: Verdict,
}

/// Runs the checks that were asked for, all of them to the end, and sums up.
pub(crate) fn run(
    machine: &Machine,
    slow: bool,
    only: Option<&str>,
    from: Option<&str>,
) -> Result<ExitCode, String> {
    let all: &[Check] = if slow { &SLOW } else { &FAST };
    let names: Vec<&str> = all.iter().map(|check| check.name).collect();
    let wanted = selection(&names, only, from)?;

    let start = Instant::now();
    machine.trim_cache()?;
    let missing = setup::ensure(machine, Purpose::Test);
    let mut outcomes = vec![Outcome {
        name: "set-up",
        time: start.elapsed(),
        counts: Counts::default(),
        verdict: Verdict::Passed,
    }];
    for check in all.iter().filter(|check| wanted.contains(&check.name)) {
        let failed = |outcome: &&Outcome| matches!(outcome.verdict, Verdict::Failed(_));
        let broken = outcomes.iter().filter(failed).find(|outcome| check.after == Some(outcome.name));
        let outcome = one(machine, check, &missing, broken.map(|outcome| outcome.name));
        outcomes.push(outcome);
    }
    missing.report();
    Ok(summary(&outcomes, all.len() - wanted.len(), start.elapsed()))
}

/// Names that `--only` and `--from` leave.
fn selection<'a>(names: &[&'a str], only: Option<&str>, from: Option<&str>) -> Result<Vec<&'a str>, String> {
    let known = |name: &str| {
        names
            .iter()
            .position(|n| *n == name)
            .ok_or_else(|| format!("no step `{name}`; there are: {}", names.join(", ")))
    };
    let mut wanted = names.to_vec();
    if let Some(from) = from {
        let first = known(from)?;
        wanted.drain(..first);
    }
    if let Some(only) = only {
        for name in only.split(',') {
            known(name)?;
        }
        wanted.retain(|name| only.split(',').any(|o| o == *name));
    }
    if wanted.is_empty() { Err("--only and --from leave no step".into()) } else { Ok(wanted) }
}

fn one(machine: &Machine, check: &Check, missing: &Missing, broken: Option<&str>) -> Outcome {
    console::step(check.name, check.why);
    let start = Instant::now();
    let none = Counts::default();
    let (counts, verdict) = match missing.first_of(check.needs) {
        _ if broken.is_some() => {
            (none, Verdict::Failed(format!("{} failed before it", broken.unwrap_or_default())))
        }
        Some(lack) if check.optional => (none, Verdict::Skipped(lack)),
        Some(lack) => (none, Verdict::Failed(lack)),
        None => match (check.run)(machine) {
            (counts, Ok(())) if counts.failed == 0 => (counts, Verdict::Passed),
            (counts, Ok(())) => (counts, Verdict::Failed("tests failed".into())),
            (counts, Err(why)) => (counts, Verdict::Failed(why)),
        },
    };
    if let Verdict::Failed(why) | Verdict::Skipped(why) = &verdict {
        console::problem(&format!("{}: {why}", check.name));
    }
    Outcome { name: check.name, time: start.elapsed(), counts, verdict }
}

fn summary(outcomes: &[Outcome], left_out: usize, time: Duration) -> ExitCode {
    console::step("summary", &format!("what ran, {}", console::duration(time)));
    let mut total = Counts::default();
    let mut failed = false;
    for outcome in outcomes {
        let mut remarks = vec![console::duration(outcome.time)];
        if outcome.counts != Counts::default() {
            remarks.push(format!("{} passed, {} failed", outcome.counts.passed, outcome.counts.failed));
        }
        if outcome.counts.again > 0 {
            remarks.push(format!("{} tried again after a failure (↻ above)", outcome.counts.again));
        }
        let word = match &outcome.verdict {
            Verdict::Passed => "passed",
            Verdict::Failed(why) => {
                failed = true;
                remarks.push(why.clone());
                "FAILED"
            }
            Verdict::Skipped(why) => {
                remarks.push(why.clone());
                "skipped"
            }
        };
        console::item(word, outcome.name, &remarks.join(", "));
        total += outcome.counts;
        // A step without tests that failed, or that failed before its tests ran, counts as one failure.
        if matches!(outcome.verdict, Verdict::Failed(_)) && outcome.counts.failed == 0 {
            total.failed += 1;
        }
    }
    if left_out > 0 {
        console::note(&format!("{left_out} steps were left out by --only or --from"));
    }
    println!("\n{} passed, {} failed", total.passed, total.failed);
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

#[cfg(test)]
mod tests {
    use super::selection;

    #[test]
    fn steps_are_chosen_by_name() {
        let names = ["fmt", "clippy", "native"];
        assert_eq!(selection(&names, None, None).unwrap(), names);
        assert_eq!(selection(&names, None, Some("clippy")).unwrap(), ["clippy", "native"]);
        assert_eq!(selection(&names, Some("fmt,native"), None).unwrap(), ["fmt", "native"]);
        assert!(selection(&names, Some("fmd"), None).unwrap_err().contains("there are: fmt, clippy"));
        assert!(selection(&names, Some("fmt"), Some("native")).unwrap_err().contains("no step"));
    }
}

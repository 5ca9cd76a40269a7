//! Set-up, run and test: the two commands of the README, and nothing of the product.
//!
//! Everything here may be called again at any time: what is in place is found and kept, what is
//! missing is installed, and what cannot be installed is named together with the command to type.

mod checks;
mod clients;
mod console;
mod machine;
mod models;
mod page;
mod process;
mod server;
mod setup;
mod shell;
mod tools;
mod wasm_std;

use std::process::ExitCode;

const HELP: &str = "\
Set-up, run and test of Polo.

  cargo xtask run  [--port 8080] [--no-open]   build the page and serve it on this machine
  cargo xtask test [--only a,b] [--from a]     run every check; --only and --from take step names
  cargo xtask slow [--only a,b]                the long checks
  cargo xtask page                             build the page into dist/, ready for any static host
  cargo xtask install [--root DIR]             install one program, polo, with the page inside
  cargo xtask setup                            install what the commands above need, and stop

Each installs what is missing first and says what it does. Tools go to ~/.cache/polo (another
place: POLO_CACHE). Environment: POLO_WASM=rustup|debian picks the compiler of the page,
CHROMIUM names the browser of the tests, VK_DRIVER_FILES the Vulkan driver of the GPU tests.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(message) => {
            console::problem(&message);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<ExitCode, String> {
    let Some((command, rest)) = arguments.split_first() else {
        println!("{HELP}");
        return Err("a command is missing: run, test, slow, page, install or setup".into());
    };
    let options = match command.as_str() {
        "run" => Options::read(rest, &["--port"], &["--no-open"])?,
        "test" => Options::read(rest, &["--only", "--from"], &[])?,
        "slow" => Options::read(rest, &["--only"], &[])?,
        "setup" | "page" => Options::read(rest, &[], &[])?,
        "install" => Options::read(rest, &["--root"], &[])?,
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            return Ok(ExitCode::SUCCESS);
        }
        other => {
            return Err(format!("`{other}` is no command: expected run, test, slow, page, install or setup"));
        }
    };
    let machine = machine::Machine::look()?;
    match command.as_str() {
        "run" => {
            let port = options.value("--port").unwrap_or("8080");
            let port =
                port.parse().map_err(|_| format!("--port {port}: expected a number from 1 to 65535"))?;
            page::run(&machine, port, !options.has("--no-open"))
        }
        "page" => page::make(&machine).map(|_| ExitCode::SUCCESS),
        "install" => page::install(&machine, options.value("--root")),
        "setup" => {
            let missing = setup::ensure(&machine, setup::Purpose::Test);
            missing.report();
            Ok(if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        _ => checks::run(&machine, command == "slow", options.value("--only"), options.value("--from")),
    }
}

/// Command-line options after the command: `--name value`, `--name=value` and `--flag`.
struct Options(Vec<(String, Option<String>)>);

impl Options {
    fn read(arguments: &[String], values: &[&str], flags: &[&str]) -> Result<Self, String> {
        let mut read = Vec::new();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let (name, inline) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            if values.contains(&name) {
                let value = inline.or_else(|| arguments.next().cloned());
                let value = value.ok_or_else(|| format!("{name} needs a value"))?;
                read.push((name.to_owned(), Some(value)));
            } else if flags.contains(&name) && inline.is_none() {
                read.push((name.to_owned(), None));
            } else {
                let known: Vec<_> = values.iter().chain(flags).copied().collect();
                let known = if known.is_empty() { "none".into() } else { known.join(", ") };
                return Err(format!("`{argument}` is no option of this command; it takes: {known}"));
            }
        }
        Ok(Self(read))
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(n, _)| n == name).and_then(|(_, value)| value.as_deref())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn read(words: &[&str]) -> Result<Options, String> {
        let words: Vec<String> = words.iter().map(|&w| w.to_owned()).collect();
        Options::read(&words, &["--port"], &["--no-open"])
    }

    #[test]
    fn options_are_read_in_both_forms() {
        let options = read(&["--port", "1", "--port=2", "--no-open"]).unwrap();
        assert_eq!(options.value("--port"), Some("2"), "the last one wins");
        assert!(options.has("--no-open"));
        assert!(!read(&[]).unwrap().has("--no-open"));
    }

    #[test]
    fn bad_options_are_refused_by_name() {
        assert!(read(&["--port"]).err().unwrap().contains("needs a value"));
        assert!(read(&["--prot", "1"]).err().unwrap().contains("--prot"));
        assert!(read(&["--no-open=yes"]).is_err());
    }
}

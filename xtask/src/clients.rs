//! Other people's clients, with which the server is tested: from `PyPI` and npm, in the versions of tests/clients.

use std::path::PathBuf;

use crate::machine::{Machine, find_program};
use crate::process::{self, Counts};
use crate::{checks, models};

/// A folder of one's own for Python's packages; the list it was made from lies beside them.
fn environment(machine: &Machine) -> PathBuf {
    machine.tools().join("clients")
}

fn python(machine: &Machine) -> PathBuf {
    let folder = environment(machine);
    if cfg!(windows) { folder.join("Scripts/python.exe") } else { folder.join("bin/python") }
}

/// What is to be installed, as the lists say.
fn wanted(machine: &Machine) -> Result<String, String> {
    let mut text = String::new();
    for name in ["requirements.txt", "package-lock.json"] {
        let path = machine.root.join("tests/clients").join(name);
        text += &std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(text)
}

pub(crate) fn find(machine: &Machine) -> Result<String, String> {
    let stamp = environment(machine).join("installed-from");
    match std::fs::read_to_string(&stamp) {
        Ok(installed) if installed == wanted(machine)? => Ok(environment(machine).display().to_string()),
        Ok(_) => Err("the lists in tests/clients have changed".into()),
        Err(_) => Err("not installed".into()),
    }
}

pub(crate) fn install(machine: &Machine) -> Result<(), String> {
    let folder = environment(machine);
    let found = || find_program("python3").or_else(|| find_program("python"));
    let make = |machine: &Machine| {
        let python = found().ok_or("python3 is not installed")?;
        process::run(machine.command(python).args(["-m", "venv", "--clear"]).arg(&folder))
    };
    if make(machine).is_err() {
        // Debian keeps what makes such folders apart.
        machine.apt_install(&["python3", "python3-venv"])?;
        make(machine)?;
    }
    let lists = machine.root.join("tests/clients");
    let mut pip = machine.command(python(machine));
    // The list is whole: nothing is to be resolved.
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--requirement"]);
    pip.env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    process::run(pip.arg(lists.join("requirements.txt")))?;
    for name in ["package.json", "package-lock.json"] {
        std::fs::copy(lists.join(name), folder.join(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    let npm = find_program("npm").ok_or("npm is not installed")?;
    let mut npm = machine.command(npm);
    process::run(npm.current_dir(&folder).args(["ci", "--no-fund", "--no-audit", "--ignore-scripts"]))?;
    let stamp = folder.join("installed-from");
    std::fs::write(&stamp, wanted(machine)?).map_err(|error| format!("{}: {error}", stamp.display()))
}

pub(crate) fn by_hand(machine: &Machine) -> String {
    let folder = environment(machine);
    format!(
        "python3 -m venv {0} && {0}/bin/pip install -r tests/clients/requirements.txt; npm ci in {0} with \
         tests/clients/package*.json",
        folder.display()
    )
}

/// Runs the tests of tests/clients against the program as `cargo build` makes it. `load` is how many clients ask at
/// once in the test of load, and for how many seconds; `only` chooses tests by name, slow ones among them.
pub(crate) fn run(machine: &Machine, load: &str, only: Option<&str>) -> (Counts, Result<(), String>) {
    let polo = match checks::build_polo(machine) {
        Ok(polo) => polo,
        Err(why) => return (Counts::default(), Err(why)),
    };
    let mut pytest = machine.command(python(machine));
    pytest.args(["-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", "--durations=5", "tests/clients"]);
    if let Some(only) = only {
        pytest.args(["-k", only]).env("POLO_SLOW", "1");
    }
    pytest.env("POLO_BIN", &polo).env("POLO_LOAD", load);
    // None of the packages is to tell anybody of these runs.
    pytest.env("GRADIO_ANALYTICS_ENABLED", "False").env("LITELLM_LOCAL_MODEL_COST_MAP", "True");
    pytest.env("HF_HUB_DISABLE_TELEMETRY", "1").env("PYTHONDONTWRITEBYTECODE", "1");
    let (mut counts, verdict) = checks::counting(checks::on_test_gpu(models::tell(machine, &mut pytest)));
    if only.is_some() {
        return (counts, verdict);
    }
    // Node looks for packages above the file: so the file goes to them.
    let script = environment(machine).join("openai.test.mjs");
    if let Err(error) = std::fs::copy(machine.root.join("tests/clients/openai.test.mjs"), &script) {
        return (counts, Err(format!("{}: {error}", script.display())));
    }
    let mut node = machine.command("node");
    node.args(["--test", "--test-reporter=spec"]).arg(script).env("POLO_BIN", polo);
    let (more, other) = checks::counting(checks::on_test_gpu(&mut node));
    counts += more;
    (counts, verdict.and(other))
}

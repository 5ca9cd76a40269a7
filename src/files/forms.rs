//! The forms that a model comes in: which files of a repository belong together, and what they are called.

use super::hub::RepoFile;

/// Offered first, in this order.
const PREFERRED: [&str; 3] = ["Q4_K_M", "Q4_0", "Q8_0"];
/// Small files that belong to a folder of safetensors.
const COMPANIONS: [&str; 6] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "model.safetensors.index.json",
];
/// Label of a folder of safetensors.
const SAFETENSORS: &str = "safetensors";

/// One form of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) label: String,
    pub(super) files: Vec<RepoFile>,
    pub(super) unsupported: Option<String>,
}

/// The type that a GGUF file's name tells, e.g. `Q4_K_M`.
fn quantisation(path: &str) -> Option<String> {
    let stem = path.rsplit('/').next()?.to_ascii_uppercase();
    let stem = stem.strip_suffix(".GGUF").unwrap_or(&stem);
    let known = |part: &&str| {
        let digits = part.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let letters = &part[..part.len() - digits.len()];
        digits.starts_with(|c: char| c.is_ascii_digit())
            && (matches!(letters, "IQ" | "TQ")
                || letters == "Q" && digits.contains('_')
                || matches!((letters, digits), ("F", "16" | "32") | ("BF" | "FP", "16")))
    };
    let label = stem.split(['-', '.']).rev().find(known)?;
    Some(if label == "FP16" { "F16".into() } else { label.to_owned() })
}

/// Why files of this label cannot be loaded, if they cannot.
fn unsupported(label: &str) -> Option<String> {
    let readable = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "F16", "F32", "BF16"].contains(&label)
        || ["Q4_K", "Q5_K", "Q6_K"].iter().any(|family| label.starts_with(family));
    let other = ["Q", "IQ", "TQ"].iter().any(|family| label.starts_with(family));
    (other && !readable).then(|| format!("{label} is a type Polo does not read; take Q4_K_M, Q4_0 or Q8_0"))
}

/// Name without the number of a part (`-00001-of-00003`), if it is one.
fn without_part(path: &str) -> Option<&str> {
    let stem = path.strip_suffix(".gguf")?;
    let (rest, count) = stem.rsplit_once("-of-")?;
    let (name, number) = rest.rsplit_once('-')?;
    let numeric = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    (numeric(count) && numeric(number)).then_some(name)
}

/// The forms that the files make up, the recommended one first.
pub(super) fn forms(mut files: Vec<RepoFile>) -> Vec<Form> {
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut forms: Vec<(Option<String>, Form)> = Vec::new();
    for file in files.iter().filter(|file| file.is_gguf()) {
        let name = file.path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        // Projectors of images, and tables that quantisers use.
        if name.starts_with("mmproj") || name.contains("imatrix") {
            continue;
        }
        let group = without_part(&file.path).map(str::to_owned);
        if let Some((_, form)) = forms.iter_mut().find(|(known, _)| known.is_some() && *known == group) {
            form.files.push(file.clone());
            continue;
        }
        let label = quantisation(group.as_deref().unwrap_or(&file.path));
        let unsupported = label.as_deref().and_then(unsupported);
        // The second file of a type is called by its name.
        let taken = |label: &String| forms.iter().any(|(_, form)| form.label == *label);
        let label = label.filter(|label| !taken(label)).unwrap_or_else(|| file.path.clone());
        forms.push((group, Form { label, files: vec![file.clone()], unsupported }));
    }
    let mut forms: Vec<Form> = forms.into_iter().map(|(_, form)| form).collect();
    let at_root = |path: &str| files.iter().find(|file| file.path == path);
    let weights = |file: &&RepoFile| {
        let single = file.path == "model.safetensors";
        single
            || at_root("model.safetensors").is_none()
                && file.path.starts_with("model-")
                && !file.path.contains('/')
                && file.path.ends_with(".safetensors")
    };
    let weights: Vec<RepoFile> = files.iter().filter(weights).cloned().collect();
    if let Some(config) = at_root("config.json").filter(|_| !weights.is_empty()) {
        let _ = config;
        let mut parts: Vec<RepoFile> = COMPANIONS.iter().filter_map(|name| at_root(name)).cloned().collect();
        let missing = at_root("tokenizer.json").is_none();
        parts.extend(weights);
        forms.push(Form {
            label: SAFETENSORS.into(),
            files: parts,
            unsupported: missing.then(|| "there is no tokenizer.json beside the weights".into()),
        });
    }
    let rank = |form: &Form| {
        let place = PREFERRED.iter().position(|label| *label == form.label).unwrap_or(PREFERRED.len());
        let bytes: u64 = form.files.iter().map(|file| file.bytes).sum();
        (form.unsupported.is_some(), place, form.label == SAFETENSORS, bytes)
    };
    forms.sort_by_key(rank);
    forms
}

#[cfg(test)]
mod tests {
    use super::super::hub::RepoFile;
    use super::{forms, quantisation};

    fn file(path: &str, bytes: u64) -> RepoFile {
        RepoFile { path: path.into(), url: String::new(), bytes, sha256: None, mark: None }
    }

    #[test]
    fn types_are_read_from_names() {
        for (path, expected) in [
            ("Marco-o1-Q4_K_M.gguf", Some("Q4_K_M")),
            ("qwen2.5-0.5b-instruct-q4_k_m.gguf", Some("Q4_K_M")),
            ("qwen2-0_5b-instruct-fp16.gguf", Some("F16")),
            ("tinyllama-1.1b-chat-v1.0.Q5_0.gguf", Some("Q5_0")),
            ("x/Model-UD-IQ2_XXS.gguf", Some("IQ2_XXS")),
            ("model-bf16.gguf", Some("BF16")),
            ("Q3-large.gguf", None),
            ("model.gguf", None),
        ] {
            assert_eq!(quantisation(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn forms_are_grouped_and_ordered() {
        let files = vec![
            file("README.md", 1),
            file("config.json", 1),
            file("tokenizer.json", 1),
            file("model-00001-of-00002.safetensors", 9),
            file("model-00002-of-00002.safetensors", 9),
            file("m-Q8_0.gguf", 8),
            file("m-IQ3_M.gguf", 3),
            file("m-Q4_0.gguf", 4),
            file("q/m-Q4_K_M-00002-of-00002.gguf", 2),
            file("q/m-Q4_K_M-00001-of-00002.gguf", 2),
            file("m-Q5_K_M.gguf", 5),
            file("mmproj-m.gguf", 1),
        ];
        let forms = forms(files);
        let labels: Vec<&str> = forms.iter().map(|form| form.label.as_str()).collect();
        assert_eq!(labels, ["Q4_K_M", "Q4_0", "Q8_0", "Q5_K_M", "safetensors", "IQ3_M"]);
        let names: Vec<&str> = forms[0].files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(names, ["q/m-Q4_K_M-00001-of-00002.gguf", "q/m-Q4_K_M-00002-of-00002.gguf"]);
        assert_eq!(forms[4].files.len(), 4);
        assert!(forms[5].unsupported.is_some() && forms[4].unsupported.is_none());
    }
}

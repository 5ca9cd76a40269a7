//! Which of the files that a person picked or dropped make up a model.

use crate::protocol::ModelSource;

use super::words::t;

/// The files of a model, or what is missing.
///
/// A GGUF file (or all its parts), or config.json and tokenizer.json with the safetensors files;
/// whatever else lies beside them in a folder is left out or taken along where the loader looks for it.
pub fn model_of(names: &[String]) -> Result<(ModelSource, String), String> {
    let ending = |name: &str, ending: &str| name.to_ascii_lowercase().ends_with(ending);
    let mut gguf: Vec<_> = names.iter().filter(|name| ending(name, ".gguf")).cloned().collect();
    if !gguf.is_empty() {
        gguf.sort();
        let stems: Vec<_> = gguf.iter().map(|name| split_of(name)).collect();
        return match stems.as_slice() {
            [None] => Ok(picked(gguf)),
            [Some((stem, _, count)), rest @ ..] => {
                if !rest.iter().all(|other| other.as_ref().is_some_and(|(s, ..)| s == stem)) {
                    return Err(t!("models-picked-several-parts"));
                }
                if gguf.len() == *count {
                    Ok(picked(gguf))
                } else {
                    Err(t!("models-picked-parts", model = stem.as_str(), parts = *count, chosen = gguf.len()))
                }
            }
            _ => Err(t!("models-picked-several")),
        };
    }
    if names.iter().any(|name| ending(name, ".safetensors")) {
        let missing: Vec<_> = ["config.json", "tokenizer.json"]
            .into_iter()
            .filter(|needed| !names.iter().any(|name| name == needed))
            .collect();
        if !missing.is_empty() {
            let files = match missing.as_slice() {
                [one, other] => t!("models-picked-and", one = *one, other = *other),
                all => all.concat(),
            };
            return Err(t!("models-picked-missing", files = files));
        }
        let wanted = [".safetensors", ".json", ".jinja", ".txt"];
        let mut files: Vec<_> =
            names.iter().filter(|name| wanted.iter().any(|end| ending(name, end))).cloned().collect();
        files.sort();
        return Ok((ModelSource::Picked { names: files }, t!("models-from-disk")));
    }
    let first = names.first().map_or("", String::as_str);
    Err(t!("models-picked-other", file = first))
}

fn picked(names: Vec<String>) -> (ModelSource, String) {
    let title = names[0].rsplit_once('.').map_or(names[0].clone(), |(stem, _)| stem.to_owned());
    (ModelSource::Picked { names }, title)
}

/// `model-00002-of-00003.gguf` as stem, number and count, as `llama-gguf-split` names its parts.
fn split_of(name: &str) -> Option<(String, usize, usize)> {
    let (stem, _) = name.rsplit_once('.')?;
    let (rest, count) = stem.rsplit_once("-of-")?;
    let (stem, number) = rest.rsplit_once('-')?;
    Some((stem.to_owned(), number.parse().ok()?, count.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str]) -> Result<Vec<String>, String> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        model_of(&names).map(|(source, _)| match source {
            ModelSource::Picked { names } => names,
            other => panic!("picked files are expected, not {other:?}"),
        })
    }

    #[test]
    fn gguf_files() {
        assert_eq!(check(&["readme.md", "a.GGUF"]).unwrap(), ["a.GGUF"]);
        let parts = ["m-00002-of-00002.gguf", "m-00001-of-00002.gguf"];
        assert_eq!(check(&parts).unwrap(), [parts[1], parts[0]]);
        assert!(check(&parts[..1]).unwrap_err().contains("2 parts, 1 were chosen"));
        assert!(check(&["a.gguf", "b.gguf"]).unwrap_err().contains("several models"));
        assert!(check(&["m-00001-of-00002.gguf", "b.gguf"]).unwrap_err().contains("several models"));
    }

    #[test]
    fn folders_of_safetensors() {
        let whole = ["model.safetensors", "config.json", "tokenizer.json", "pytorch_model.bin"];
        assert_eq!(check(&whole).unwrap(), ["config.json", "model.safetensors", "tokenizer.json"]);
        assert!(check(&whole[..2]).unwrap_err().contains("need tokenizer.json"));
        assert!(check(&whole[..1]).unwrap_err().contains("config.json and tokenizer.json"));
    }

    #[test]
    fn anything_else_is_named() {
        assert!(check(&["cat.png"]).unwrap_err().starts_with("cat.png is not a model file"));
        assert!(check(&[]).is_err());
    }
}

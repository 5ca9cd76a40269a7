//! What the person types about a server, as the choice of a model.

use crate::protocol::ModelSource;

use super::choice::Choice;
use super::words::t;

/// The choice and the server's origin (`https://host`), or what is wrong with the address. `own` is the origin of the
/// page.
pub fn choice(address: &str, model: &str, own: &str) -> Result<(Choice, String), String> {
    let address = address.trim();
    let url = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let Some(host) = host.filter(|host| !host.is_empty() && !host.contains(['@', ' '])) else {
        return Err(t!("models-server-no-address", address = address));
    };
    // The page's own policy (index.html) lets nothing else pass, and would not say why.
    let name = host.split(':').next().unwrap_or_default();
    let origin = url[..url.len() - rest.map_or(0, str::len) + host.len()].to_owned();
    if url.starts_with("http://") && !["localhost", "127.0.0.1"].contains(&name) && origin != own {
        return Err(t!("models-server-https", host = host, url = url.as_str()));
    }
    let url = url.trim_end_matches('/').to_owned();
    let model = Some(model.trim().to_owned()).filter(|model| !model.is_empty());
    let name = model.clone().unwrap_or_else(|| t!("models-some"));
    let title = t!("models-at", model = name, host = host);
    let source = ModelSource::Remote { url, model, connections: None, timeout_s: None, thoughts: None };
    Ok((Choice::new(source, &title), origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "http://desk.lan:11435";

    #[test]
    fn an_address_is_read_as_it_is_typed() {
        let (choice, origin) = choice(" https://h.example:8000/v1/ ", " marco ", OWN).unwrap();
        let ModelSource::Remote { url, model, .. } = &choice.source else { panic!("{choice:?}") };
        assert_eq!((url.as_str(), model.as_deref()), ("https://h.example:8000/v1", Some("marco")));
        assert_eq!(
            (origin.as_str(), choice.title.as_str()),
            ("https://h.example:8000", "marco at h.example:8000")
        );
        // Another visit would not know the key, and would ask a server that the person did not name then.
        assert!(!choice.lasts());
    }

    #[test]
    fn without_a_scheme_it_is_this_network() {
        let (choice, origin) = choice("localhost:8080", "", OWN).unwrap();
        assert!(
            matches!(&choice.source, ModelSource::Remote { url, model: None, .. } if url == "http://localhost:8080")
        );
        assert_eq!(origin, "http://localhost:8080");
    }

    #[test]
    fn other_machines_are_asked_by_https() {
        assert!(choice("http://10.0.0.5:8000/v1", "", OWN).unwrap_err().contains("https only"));
        assert!(choice("localhost.example:80", "", OWN).is_err());
        assert!(choice("http://desk.lan:11435/v1", "", OWN).is_ok(), "the page came from there");
        assert!(choice("http://desk.lan:8000/v1", "", OWN).is_err(), "another door of it");
        assert!(
            choice("127.0.0.1:8080/v1", "", OWN).is_ok() && choice("https://10.0.0.5/v1", "", OWN).is_ok()
        );
    }

    #[test]
    fn what_is_no_address_is_said_so() {
        for bad in ["ftp://h", "http://", "https:///v1", "http://user@h/v1", "two words"] {
            assert!(choice(bad, "", OWN).unwrap_err().contains("no address"), "{bad}");
        }
    }
}

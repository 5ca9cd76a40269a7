//! Colours for the code in a reply, by `highlight/paint.js`, which is fetched when it is first needed.

use wasm_bindgen::prelude::*;
use web_sys::Element;

// A file and no inline text: those are numbered, and the worker's would have the same name.
#[wasm_bindgen(module = "/src/ui/paint.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn paint(code: &Element, language: &str) -> Result<JsValue, JsValue>;
}

/// Colours the blocks of code in this element that name their language.
pub(super) fn code_in(element: &Element) {
    let Ok(figures) = element.query_selector_all("figure.code") else { return };
    for index in 0..figures.length() {
        let figure = figures.get(index).and_then(|figure| figure.dyn_into::<Element>().ok());
        let Some(figure) = figure else { continue };
        let find = |selector| figure.query_selector(selector).ok().flatten();
        let (Some(code), Some(language)) = (find("pre code"), find("figcaption span")) else { continue };
        let language = language.text_content().unwrap_or_default();
        // Painted before, or nothing to go by.
        if language.is_empty() || code.child_element_count() > 0 {
            continue;
        }
        leptos::task::spawn_local(async move {
            // Without colours it can be read just as well: a file that does not come is no failure to tell.
            drop(paint(&code, &language).await);
        });
    }
}

//! Formulas: the common ones, malformed ones, hostile ones.

use super::*;
use proptest::prelude::*;

fn body(tex: &str) -> String {
    let html = to_mathml(tex, false).unwrap_or_else(|| panic!("{tex} is refused"));
    let start = html.find("<mrow>").unwrap() + 6;
    html[start..html.len() - "</mrow></math>".len()].to_owned()
}

#[test]
fn common_formulas() {
    assert_eq!(body("1,234.5+x"), "<mn>1,234.5</mn><mo>+</mo><mi>x</mi>");
    assert_eq!(body("x^2"), "<msup><mi>x</mi><mrow><mn>2</mn></mrow></msup>");
    assert_eq!(body(r"\frac{1}{2}"), "<mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac>");
    assert_eq!(body(r"\boxed{42}"), "<mrow class=\"boxed\"><mrow><mn>42</mn></mrow></mrow>");
    assert_eq!(body(r"5\%"), "<mn>5</mn><mo>%</mo>");
    assert!(body(r"\mathbb{R}").contains('ℝ'));
    assert!(body(r"\left( \frac{a}{b} \right)").contains("postfix"));
    assert!(body(r"\begin{aligned} a &= b \\ &= c \end{aligned}").matches("<mtr>").count() == 2);
    assert!(to_mathml(r"\sum_{i=1}^{n} i", true).unwrap().contains("munderover"));
    assert!(body(r"\unheard").contains(r"\unheard"));
}

#[test]
fn malformed_formulas_are_refused() {
    for tex in ["{", "}", r"\frac{1}", r"\left( x", r"\begin{aligned} a", r"\begin{evil}\end{evil}", "a & b"]
    {
        assert_eq!(to_mathml(tex, false), None, "{tex}");
    }
    assert_eq!(to_mathml(&"{".repeat(2000), false), None);
    assert_eq!(to_mathml(&r"\sqrt".repeat(700), false), None);
}

#[test]
fn markup_in_a_formula_is_text() {
    for tex in [
        r"\operatorname{<img src=x onerror=alert(1)>}",
        r"\text{<script>alert(1)</script>}",
        r#"a<img src="x">"#,
        r"\mathrm{<b>}",
        r"\tag{<i>}",
        r"\left< x \right>",
    ] {
        let html = to_mathml(tex, true).unwrap();
        for bad in ["<img", "<script", "<b>", "<i>", "<<", ">>"] {
            assert!(!html.contains(bad), "{tex}: {html}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_gives_balanced_markup_or_nothing(parts in proptest::collection::vec(
        prop_oneof![
            Just(r"\frac".to_owned()), Just("{".to_owned()), Just("}".to_owned()), Just("^".to_owned()),
            Just("_".to_owned()), Just(r"\left".to_owned()), Just(r"\right".to_owned()),
            Just(r"\begin{cases}".to_owned()), Just(r"\end{cases}".to_owned()), Just("&".to_owned()),
            Just(r"\\".to_owned()), Just(r"\text".to_owned()), Just(r"\sqrt[".to_owned()), Just("<".to_owned()),
            Just("\\".to_owned()), "\\PC{0,3}",
        ], 0..12)) {
        if let Some(html) = to_mathml(&parts.concat(), true) {
            prop_assert_eq!(html.matches('<').count(), html.matches('>').count());
            prop_assert_eq!(html.matches("</").count() * 2, html.matches('<').count());
        }
    }
}

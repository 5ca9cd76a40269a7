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

/// What chat models write, each with what must be in the result; held against `KaTeX`'s `MathML` once, by eye.
#[test]
fn formulas_of_chat_models() {
    let list: &[(&str, &[&str])] = &[
        (r"\frac{-b \pm \sqrt{b^2-4ac}}{2a}", &["<mfrac>", "<msqrt>", "±"]),
        (r"\sqrt[3]{x}", &["<mroot>", "<mn>3</mn>"]),
        (r"\sum_{i=1}^{n} i^2 = \frac{n(n+1)}{2}", &["<munderover><mo>∑</mo>"]),
        (r"\int_0^\infty e^{-x^2}\,dx", &["<msubsup><mo>∫</mo>", "∞"]),
        (r"\int\limits_0^1 x", &["<munderover><mo movablelimits=\"false\">∫</mo>"]),
        (
            r"\lim_{x \to 0} \frac{\sin x}{x}",
            &["<munder><mi>lim</mi>", "<mi>sin</mi><mo>\u{2061}</mo><mi>x</mi>"],
        ),
        (
            r"\sin^2 x + \log_2 8",
            &["<msup><mi>sin</mi><mrow><mn>2</mn></mrow></msup><mo>\u{2061}</mo>", "<msub><mi>log</mi>"],
        ),
        (
            r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}",
            &["<mo stretchy=\"true\">(</mo>", "<mtd><mn>4</mn></mtd>"],
        ),
        (r"\begin{vmatrix} a & b \\ c & d \end{vmatrix}", &["<mo stretchy=\"true\">|</mo>"]),
        (
            r"f(x) = \begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}",
            &["class=\"cases\"", "<mtext>if\u{a0}</mtext>"],
        ),
        (r"\begin{align*} a &= b \\ &= c \end{align*}", &["class=\"aligned\" displaystyle=\"true\""]),
        (
            r"\begin{array}{l|r} x & y \\ \hline 1 & 2 \end{array}",
            &["<mtd class=\"start\">", "<mtd class=\"end barred\">", "<mtr class=\"ruled\">"],
        ),
        (r"a = b \\ c = d", &["<mtable", "<mtr><mtd><mi>c</mi>"]),
        (r"\boxed{\text{Yes, } 42}", &["<mrow class=\"boxed\">", "Yes,\u{a0}"]),
        (r"\text{if $x^2>0$ then}", &["<mtext>if\u{a0}</mtext><msup>", "<mtext>\u{a0}then</mtext>"]),
        (
            r"\hat{x} \bar{y} \vec{v} \dot{z} \tilde{a} \overline{AB} \check{c}",
            &["<mo>^</mo>", "<mo>→</mo>", "<mo>ˇ</mo>"],
        ),
        (r"\alpha \Omega \varepsilon \varpi \omicron", &["α", "Ω", "ε", "ϖ", "ο"]),
        (r"x_{i,j}^{2} + {}^{14}_{6}C + f''(x)", &["<msubsup><mi>x</mi>", "<mo>′</mo><mo>′</mo>"]),
        (r"\operatorname{lcm}(4,6), \operatorname*{arg\,max}_x", &["<mi>lcm</mi><mo>\u{2061}</mo>"]),
        (r"\left\{ x \in \mathbb{R} \mid x > 0 \right\}", &["ℝ", "form=\"prefix\">{</mo>"]),
        (r"\left.\frac{dy}{dx}\right|_{x=0}", &["form=\"prefix\"></mo>", "<msub><mrow>"]),
        (r"\binom{n}{k} a \equiv b \pmod{n}", &["linethickness=\"0\"", "<mtext>mod </mtext>"]),
        (
            r"\mathcal{L} \mathfrak{g} \mathrm{km/h} \boldsymbol{\theta} \mathit{ab}",
            &["ℒ", "𝔤", "<mtext>km/h</mtext>", "<mrow class=\"bold\">", "𝑎𝑏"],
        ),
        (r"\underbrace{1+\cdots+1}_{n \text{ times}}", &["<munder><munder accent=\"true\">", "⏟"]),
        (
            r"\overset{!}{=} \underset{x}{\min} \xrightarrow[b]{a}",
            &["<mover>", "<munder>", "<munderover><mo stretchy=\"true\" minsize=\"1.6em\">→"],
        ),
        (
            r"\frac{\cancel{2}}{3} \not= \not\in",
            &["class=\"cancel\"", "<mo>=\u{338}</mo>", "<mo>∈\u{338}</mo>"],
        ),
        (r"\sum_{\substack{i<n \\ j<m}} x", &["class=\"centred stack\"", "<mi>j</mi><mo>&lt;</mo>"]),
        (
            r"1{,}000{,}000 + \$5 + 10\% + 25^{\circ}\text{C}",
            &["<mn>1,000,000</mn>", "<mi>$</mi>", "<mo>%</mo>"],
        ),
        (r"\displaystyle\sum_{i}^{n} i", &["<mstyle displaystyle=\"true\"><munderover>"]),
        (r"\Big[ x \Big] \lVert v \rVert_2 \lfloor x \rfloor", &["minsize=\"1.8em\"", "‖", "⌊"]),
        (
            r"A \Longrightarrow B \rightleftharpoons C \subsetneq D \models E \therefore F",
            &["⟹", "⇌", "⊊", "⊨", "∴"],
        ),
    ];
    for (tex, wanted) in list {
        let html = to_mathml(tex, true).unwrap_or_else(|| panic!("{tex} is refused"));
        for part in *wanted {
            assert!(html.contains(part), "{tex}: no {part} in {html}");
        }
        assert!(!html.contains("<mtext>\\"), "{tex}: a command is not known: {html}");
        // Each of these takes exactly so many; one more, and the browser draws a row instead.
        let children = |element: &str| direct_children(&html, element);
        for (element, count) in
            [("msup", 2), ("msub", 2), ("msubsup", 3), ("munder", 2), ("munderover", 3), ("mfrac", 2)]
        {
            assert!(children(element).iter().all(|found| *found == count), "{tex}: {element} in {html}");
        }
    }
}

/// How many children each element of this name has.
fn direct_children(html: &str, element: &str) -> Vec<usize> {
    let (mut open, mut found) = (Vec::<(&str, usize)>::new(), Vec::new());
    for tag in html.split('<').skip(1).filter_map(|part| part.split('>').next()) {
        if let Some(name) = tag.strip_prefix('/') {
            let (opened, children) = open.pop().unwrap();
            assert_eq!(opened, name, "{html}");
            if name == element {
                found.push(children);
            }
        } else {
            if let Some((_, children)) = open.last_mut() {
                *children += 1;
            }
            open.push((tag.split(' ').next().unwrap(), 0));
        }
    }
    found
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

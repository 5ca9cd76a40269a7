//! What LaTeX command names stand for: symbols, spaces, accents, delimiters, environments, alphabets.

/// How a symbol behaves in a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A letter.
    Identifier,
    /// An operator, a relation, an arrow, a fence.
    Operator,
    /// A large operator, whose limits stand above and below.
    Large,
    /// A function's name, with its argument after it.
    Function,
    /// A function's name with limits, as `lim`.
    Limit,
}

/// The symbol of a command.
pub(super) fn symbol(name: &str) -> Option<(&'static str, Class)> {
    let found =
        |table: &[(&str, &'static str)]| table.iter().find(|(key, _)| *key == name).map(|(_, text)| *text);
    found(IDENTIFIERS)
        .map(|text| (text, Class::Identifier))
        .or_else(|| found(OPERATORS).map(|text| (text, Class::Operator)))
        .or_else(|| found(LARGE).map(|text| (text, Class::Large)))
        .or_else(|| FUNCTIONS.iter().find(|key| **key == name).map(|text| (*text, Class::Function)))
        .or_else(|| LIMITS.iter().find(|key| **key == name).map(|text| (*text, Class::Limit)))
}

/// The width of a space.
pub(super) fn spacing(name: &str) -> Option<&'static str> {
    Some(match name {
        "," | "thinspace" => "0.17em",
        ":" | ">" | "medspace" => "0.22em",
        ";" | "thickspace" => "0.28em",
        " " | "\n" | "space" => "0.33em",
        "!" => "-0.17em",
        "enspace" => "0.5em",
        "quad" => "1em",
        "qquad" => "2em",
        _ => return None,
    })
}

/// The mark of an accent, and whether it stands above.
pub(super) fn accent(name: &str) -> Option<(&'static str, bool)> {
    Some(match name {
        "hat" | "widehat" => ("^", true),
        "bar" | "overline" => ("¯", true),
        "vec" | "overrightarrow" => ("→", true),
        "dot" => ("˙", true),
        "ddot" => ("¨", true),
        "tilde" | "widetilde" => ("~", true),
        "overbrace" => ("⏞", true),
        "underline" => ("_", false),
        "underbrace" => ("⏟", false),
        _ => return None,
    })
}

/// The delimiter of a command after `\left`, `\right` or `\big`.
pub(super) fn delimiter(name: &str) -> Option<&'static str> {
    Some(match name {
        "{" | "lbrace" => "{",
        "}" | "rbrace" => "}",
        "|" | "Vert" | "lVert" | "rVert" => "‖",
        "vert" | "lvert" | "rvert" => "|",
        "langle" => "⟨",
        "rangle" => "⟩",
        "lfloor" => "⌊",
        "rfloor" => "⌋",
        "lceil" => "⌈",
        "rceil" => "⌉",
        "lbrack" => "[",
        "rbrack" => "]",
        _ => return None,
    })
}

/// Fences of an environment, and the class of its table.
pub(super) fn environment(name: &str) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match name {
        "matrix" | "smallmatrix" | "array" | "gather" | "gathered" | "equation" | "multline" => {
            ("", "", "centred")
        }
        "pmatrix" => ("(", ")", "centred"),
        "bmatrix" => ("[", "]", "centred"),
        "Bmatrix" => ("{", "}", "centred"),
        "vmatrix" => ("|", "|", "centred"),
        "Vmatrix" => ("‖", "‖", "centred"),
        "cases" => ("{", "", "cases"),
        "aligned" | "align" | "alignat" | "alignedat" | "split" | "eqnarray" => ("", "", "aligned"),
        _ => return None,
    })
}

/// A letter or digit in the alphabet of `\mathbb`, `\mathbf` and the like.
pub(super) fn styled(alphabet: &str, c: char) -> char {
    let exception = match (alphabet, c) {
        ("mathbb", 'C') => 'ℂ',
        ("mathbb", 'H') => 'ℍ',
        ("mathbb", 'N') => 'ℕ',
        ("mathbb", 'P') => 'ℙ',
        ("mathbb", 'Q') => 'ℚ',
        ("mathbb", 'R') => 'ℝ',
        ("mathbb", 'Z') => 'ℤ',
        _ => '\0',
    };
    if exception != '\0' {
        return exception;
    }
    // First code points of the blocks A, a and 0 in Unicode's Mathematical Alphanumeric Symbols.
    let (upper, lower, digit) = match alphabet {
        "mathbb" => (0x1D538, 0x1D552, 0x1D7D8),
        "mathbf" | "boldsymbol" | "bm" => (0x1D400, 0x1D41A, 0x1D7CE),
        "mathsf" => (0x1D5A0, 0x1D5BA, 0x1D7E2),
        "mathtt" => (0x1D670, 0x1D68A, 0x1D7F6),
        _ => return c,
    };
    let code = match c {
        'A'..='Z' => upper + (c as u32 - 'A' as u32),
        'a'..='z' => lower + (c as u32 - 'a' as u32),
        '0'..='9' => digit + (c as u32 - '0' as u32),
        _ => return c,
    };
    char::from_u32(code).unwrap_or(c)
}

/// `\%` and the like inside text.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek().is_some_and(|next| "%$#_&{} ".contains(*next)) => {
                out.extend(chars.next());
            }
            '$' => {}
            _ => out.push(c),
        }
    }
    out
}

const FUNCTIONS: &[&str] = &[
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "log",
    "ln", "lg", "exp", "arg", "deg", "dim", "ker", "hom",
];

const LIMITS: &[&str] = &["lim", "max", "min", "sup", "inf", "gcd", "det", "Pr", "lcm", "argmax", "argmin"];

const LARGE: &[(&str, &str)] = &[
    ("sum", "∑"),
    ("prod", "∏"),
    ("coprod", "∐"),
    ("bigcup", "⋃"),
    ("bigcap", "⋂"),
    ("bigoplus", "⨁"),
    ("bigotimes", "⨂"),
    ("bigvee", "⋁"),
    ("bigwedge", "⋀"),
];

const IDENTIFIERS: &[(&str, &str)] = &[
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("epsilon", "ϵ"),
    ("varepsilon", "ε"),
    ("zeta", "ζ"),
    ("eta", "η"),
    ("theta", "θ"),
    ("vartheta", "ϑ"),
    ("iota", "ι"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("mu", "μ"),
    ("nu", "ν"),
    ("xi", "ξ"),
    ("pi", "π"),
    ("rho", "ρ"),
    ("sigma", "σ"),
    ("tau", "τ"),
    ("upsilon", "υ"),
    ("phi", "ϕ"),
    ("varphi", "φ"),
    ("chi", "χ"),
    ("psi", "ψ"),
    ("omega", "ω"),
    ("Gamma", "Γ"),
    ("Delta", "Δ"),
    ("Theta", "Θ"),
    ("Lambda", "Λ"),
    ("Xi", "Ξ"),
    ("Pi", "Π"),
    ("Sigma", "Σ"),
    ("Phi", "Φ"),
    ("Psi", "Ψ"),
    ("Omega", "Ω"),
    ("infty", "∞"),
    ("partial", "∂"),
    ("nabla", "∇"),
    ("ell", "ℓ"),
    ("hbar", "ℏ"),
    ("Re", "ℜ"),
    ("Im", "ℑ"),
    ("aleph", "ℵ"),
    ("emptyset", "∅"),
    ("varnothing", "∅"),
    ("degree", "°"),
    ("angle", "∠"),
    ("triangle", "△"),
    ("square", "□"),
    ("checkmark", "✓"),
    ("ldots", "…"),
    ("dots", "…"),
    ("cdots", "⋯"),
    ("vdots", "⋮"),
    ("ddots", "⋱"),
    ("prime", "′"),
    ("$", "$"),
    ("#", "#"),
    ("_", "_"),
    ("pounds", "£"),
];

const OPERATORS: &[(&str, &str)] = &[
    ("times", "×"),
    ("div", "÷"),
    ("cdot", "⋅"),
    ("pm", "±"),
    ("mp", "∓"),
    ("ast", "∗"),
    ("star", "⋆"),
    ("circ", "∘"),
    ("bullet", "∙"),
    ("oplus", "⊕"),
    ("otimes", "⊗"),
    ("le", "≤"),
    ("leq", "≤"),
    ("leqslant", "≤"),
    ("ge", "≥"),
    ("geq", "≥"),
    ("geqslant", "≥"),
    ("lt", "<"),
    ("gt", ">"),
    ("ne", "≠"),
    ("neq", "≠"),
    ("approx", "≈"),
    ("equiv", "≡"),
    ("cong", "≅"),
    ("sim", "∼"),
    ("simeq", "≃"),
    ("propto", "∝"),
    ("ll", "≪"),
    ("gg", "≫"),
    ("in", "∈"),
    ("notin", "∉"),
    ("ni", "∋"),
    ("subset", "⊂"),
    ("subseteq", "⊆"),
    ("supset", "⊃"),
    ("supseteq", "⊇"),
    ("cup", "∪"),
    ("cap", "∩"),
    ("setminus", "∖"),
    ("mid", "∣"),
    ("nmid", "∤"),
    ("parallel", "∥"),
    ("perp", "⊥"),
    ("to", "→"),
    ("rightarrow", "→"),
    ("leftarrow", "←"),
    ("leftrightarrow", "↔"),
    ("Rightarrow", "⇒"),
    ("Leftarrow", "⇐"),
    ("Leftrightarrow", "⇔"),
    ("implies", "⟹"),
    ("iff", "⟺"),
    ("longrightarrow", "⟶"),
    ("mapsto", "↦"),
    ("uparrow", "↑"),
    ("downarrow", "↓"),
    ("forall", "∀"),
    ("exists", "∃"),
    ("neg", "¬"),
    ("lnot", "¬"),
    ("land", "∧"),
    ("wedge", "∧"),
    ("lor", "∨"),
    ("vee", "∨"),
    ("therefore", "∴"),
    ("because", "∵"),
    ("int", "∫"),
    ("iint", "∬"),
    ("oint", "∮"),
    ("colon", ":"),
    ("bmod", "mod"),
    ("mod", "mod"),
    ("%", "%"),
    ("&", "&"),
    ("{", "{"),
    ("}", "}"),
    ("|", "‖"),
    ("lbrace", "{"),
    ("rbrace", "}"),
    ("langle", "⟨"),
    ("rangle", "⟩"),
    ("lfloor", "⌊"),
    ("rfloor", "⌋"),
    ("lceil", "⌈"),
    ("rceil", "⌉"),
    ("vert", "|"),
    ("lvert", "|"),
    ("rvert", "|"),
    ("Vert", "‖"),
    ("backslash", "\\"),
];

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
    find(IDENTIFIERS, name)
        .map(|text| (text, Class::Identifier))
        .or_else(|| find(OPERATORS, name).map(|text| (text, Class::Operator)))
        .or_else(|| find(LARGE, name).map(|text| (text, Class::Large)))
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
        "check" | "widecheck" => ("ˇ", true),
        "breve" => ("˘", true),
        "acute" => ("´", true),
        "grave" => ("`", true),
        "mathring" => ("˚", true),
        "dddot" => ("⃛", true),
        "overleftarrow" => ("←", true),
        "overleftrightarrow" => ("↔", true),
        "overparen" => ("⏜", true),
        "overbrace" => ("⏞", true),
        "underline" => ("_", false),
        "underparen" => ("⏝", false),
        "underrightarrow" => ("→", false),
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
        "backslash" => "\\",
        "uparrow" => "↑",
        "downarrow" => "↓",
        "lgroup" => "⟮",
        "rgroup" => "⟯",
        _ => return None,
    })
}

/// Fences of an environment, and the class of its table.
pub(super) fn environment(name: &str) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match name {
        "matrix" | "smallmatrix" | "array" | "subarray" | "gather" | "gathered" | "equation" | "multline" => {
            ("", "", "centred")
        }
        "pmatrix" => ("(", ")", "centred"),
        "bmatrix" => ("[", "]", "centred"),
        "Bmatrix" => ("{", "}", "centred"),
        "vmatrix" => ("|", "|", "centred"),
        "Vmatrix" => ("‖", "‖", "centred"),
        "cases" | "dcases" => ("{", "", "cases"),
        "rcases" | "drcases" => ("", "}", "cases"),
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
        ("mathcal" | "mathscr", 'B') => 'ℬ',
        ("mathcal" | "mathscr", 'E') => 'ℰ',
        ("mathcal" | "mathscr", 'F') => 'ℱ',
        ("mathcal" | "mathscr", 'H') => 'ℋ',
        ("mathcal" | "mathscr", 'I') => 'ℐ',
        ("mathcal" | "mathscr", 'L') => 'ℒ',
        ("mathcal" | "mathscr", 'M') => 'ℳ',
        ("mathcal" | "mathscr", 'R') => 'ℛ',
        ("mathcal" | "mathscr", 'e') => 'ℯ',
        ("mathcal" | "mathscr", 'g') => 'ℊ',
        ("mathcal" | "mathscr", 'o') => 'ℴ',
        ("mathfrak", 'C') => 'ℭ',
        ("mathfrak", 'H') => 'ℌ',
        ("mathfrak", 'I') => 'ℑ',
        ("mathfrak", 'R') => 'ℜ',
        ("mathfrak", 'Z') => 'ℨ',
        ("mathit", 'h') => 'ℎ',
        _ => '\0',
    };
    if exception != '\0' {
        return exception;
    }
    // First code points of the blocks A, a and 0 in Unicode's Mathematical Alphanumeric Symbols.
    let (upper, lower, digit) = match alphabet {
        "mathcal" | "mathscr" if !c.is_ascii_digit() => (0x1D49C, 0x1D4B6, 0),
        "mathfrak" if !c.is_ascii_digit() => (0x1D504, 0x1D51E, 0),
        "mathit" if !c.is_ascii_digit() => (0x1D434, 0x1D44E, 0),
        "mathbb" => (0x1D538, 0x1D552, 0x1D7D8),
        "mathbf" | "boldsymbol" | "bm" | "pmb" | "bold" => (0x1D400, 0x1D41A, 0x1D7CE),
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

/// Names and symbols in turn, between blanks.
type Table = &'static str;

/// The symbol of this name.
fn find(table: Table, name: &str) -> Option<&'static str> {
    let mut words = table.split_ascii_whitespace();
    while let (Some(key), Some(symbol)) = (words.next(), words.next()) {
        if key == name {
            return Some(symbol);
        }
    }
    None
}

const FUNCTIONS: &[&str] = &[
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "arccot", "sinh", "cosh", "tanh",
    "coth", "sech", "csch", "log", "ln", "lg", "exp", "arg", "deg", "dim", "ker", "hom",
];

const LIMITS: &[&str] =
    &["lim", "max", "min", "sup", "inf", "gcd", "det", "Pr", "lcm", "argmax", "argmin", "liminf", "limsup"];

const LARGE: Table = r"
    sum ∑ prod ∏ coprod ∐ bigcup ⋃ bigcap ⋂ bigoplus ⨁ bigotimes ⨂ bigvee ⋁ bigwedge ⋀ bigsqcup ⨆
    biguplus ⨄ bigodot ⨀ intop ∫
";

const IDENTIFIERS: Table = r"
    alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ
    lambda λ mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ upsilon υ phi ϕ varphi φ chi χ psi ψ omega ω Gamma Γ
    Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Phi Φ Psi Ψ Omega Ω infty ∞ partial ∂ nabla ∇ ell ℓ hbar ℏ
    Re ℜ Im ℑ aleph ℵ emptyset ∅ varnothing ∅ degree ° angle ∠ triangle △ square □ checkmark ✓ ldots …
    dots … cdots ⋯ vdots ⋮ ddots ⋱ prime ′ $ $ # # _ _ pounds £ omicron ο varpi ϖ varrho ϱ varsigma ς
    varkappa ϰ digamma ϝ Upsilon Υ Alpha Α Beta Β Epsilon Ε Zeta Ζ Eta Η Iota Ι Kappa Κ Mu Μ Nu Ν Rho Ρ
    Tau Τ Chi Χ hslash ℏ imath ı jmath ȷ wp ℘ beth ℶ complement ∁ eth ð mho ℧ infin ∞ empty ∅ R ℝ N ℕ Z ℤ
    Q ℚ C ℂ measuredangle ∡ sphericalangle ∢ triangledown ▽ blacktriangle ▲ Box □ Square □ blacksquare ■
    lozenge ◊ Diamond ◊ bigstar ★ clubsuit ♣ diamondsuit ♢ heartsuit ♡ spadesuit ♠ flat ♭ natural ♮
    sharp ♯ surd √ top ⊤ bot ⊥ S § P ¶ copyright © euro € yen ¥ backprime ‵ dotsc … dotso … dotsb ⋯
    dotsm ⋯ dotsi ⋯ qed □ textdegree ° lq ‘ rq ’
";

const OPERATORS: Table = r"
    times × div ÷ cdot ⋅ pm ± mp ∓ ast ∗ star ⋆ circ ∘ bullet ∙ oplus ⊕ otimes ⊗ le ≤ leq ≤ leqslant ≤
    ge ≥ geq ≥ geqslant ≥ lt < gt > ne ≠ neq ≠ approx ≈ equiv ≡ cong ≅ sim ∼ simeq ≃ propto ∝ ll ≪ gg ≫
    in ∈ notin ∉ ni ∋ subset ⊂ subseteq ⊆ supset ⊃ supseteq ⊇ cup ∪ cap ∩ setminus ∖ mid ∣ nmid ∤
    parallel ∥ perp ⊥ to → rightarrow → leftarrow ← leftrightarrow ↔ Rightarrow ⇒ Leftarrow ⇐
    Leftrightarrow ⇔ implies ⟹ iff ⟺ longrightarrow ⟶ mapsto ↦ uparrow ↑ downarrow ↓ forall ∀ exists ∃
    neg ¬ lnot ¬ land ∧ wedge ∧ lor ∨ vee ∨ therefore ∴ because ∵ int ∫ iint ∬ oint ∮ colon : bmod mod
    mod mod % % & & { { } } | ‖ lbrace { rbrace } langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉
    vert | lvert | rvert | Vert ‖ backslash \ iiint ∭ oiint ∯ ominus ⊖ oslash ⊘ odot ⊙ bigcirc ◯ amalg ⨿
    wr ≀ dagger † ddagger ‡ diamond ⋄ uplus ⊎ sqcup ⊔ sqcap ⊓ sqsubseteq ⊑ sqsupseteq ⊒ subsetneq ⊊
    supsetneq ⊋ nsubseteq ⊈ nsupseteq ⊉ smallsetminus ∖ isin ∈ owns ∋ prec ≺ succ ≻ preceq ⪯ succeq ⪰
    lesssim ≲ gtrsim ≳ lessgtr ≶ nless ≮ ngtr ≯ nleq ≰ ngeq ≱ lll ⋘ ggg ⋙ doteq ≐ triangleq ≜ coloneqq ≔
    eqqcolon ≕ asymp ≍ approxeq ≊ ncong ≇ nsim ≁ models ⊨ vDash ⊨ vdash ⊢ dashv ⊣ Vdash ⊩ nparallel ∦
    bowtie ⋈ smile ⌣ frown ⌢ gets ← longleftarrow ⟵ Longrightarrow ⟹ Longleftarrow ⟸ impliedby ⟸
    longleftrightarrow ⟷ Longleftrightarrow ⟺ longmapsto ⟼ hookrightarrow ↪ hookleftarrow ↩ leadsto ⇝
    rightsquigarrow ⇝ rightharpoonup ⇀ rightharpoondown ⇁ leftharpoonup ↼ leftharpoondown ↽
    rightleftharpoons ⇌ leftrightharpoons ⇋ nrightarrow ↛ nleftarrow ↚ nRightarrow ⇏ Uparrow ⇑ Downarrow ⇓
    updownarrow ↕ Updownarrow ⇕ nearrow ↗ searrow ↘ swarrow ↙ nwarrow ↖ circlearrowleft ↺
    circlearrowright ↻ nexists ∄ And ∧ centerdot ⋅ ltimes ⋉ rtimes ⋊ divideontimes ⋇ lVert ‖ rVert ‖
    lbrack [ rbrack ] lgroup ⟮ rgroup ⟯ ulcorner ⌜ urcorner ⌝ vartriangle △ trianglelefteq ⊴
    trianglerighteq ⊵ eqsim ≂ thickapprox ≈ backsim ∽ multimap ⊸ barwedge ⊼ veebar ⊻ intercal ⊺ nmodels ⊭
";

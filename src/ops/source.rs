//! Shader texts put together from a kernel, shared fragments and a weight format.
//!
//! Each `.wgsl` file is valid as it stands (with its fragments appended): parameters are `override`
//! constants. Two things cannot be overridden and are written here: the size of arrays in registers,
//! and loops over them, which naga does not unroll and drivers spill to memory if they stay loops.

use crate::protocol::Variant;
use crate::quant::Format;

const P4: &str = include_str!("../../shaders/common/weight_p4.wgsl");
const P4_P1: &str = include_str!("../../shaders/common/weight_p4_p1.wgsl");
const P8: &str = include_str!("../../shaders/common/weight_p8.wgsl");
const SCALES_A_B: &str = include_str!("../../shaders/common/scales_a_b.wgsl");
const SCALES_C: &str = include_str!("../../shaders/common/scales_c.wgsl");

/// What reads weights of `format`: the fragment of its planes, then that of its scales, where those are apart.
pub fn weight_fragment(format: Format) -> String {
    match format {
        Format::Q4 { .. } => [P4, SCALES_A_B].concat(),
        Format::Q5 { .. } => [P4_P1, SCALES_A_B].concat(),
        Format::Q8 { .. } => [P8, SCALES_A_B].concat(),
        Format::Q4K => [P4, SCALES_C].concat(),
        Format::Q5K => [P4_P1, SCALES_C].concat(),
        Format::Q6K => include_str!("../../shaders/common/weight_q6_k.wgsl").into(),
        Format::Nf4 => include_str!("../../shaders/common/weight_nf4.wgsl").into(),
        Format::F16 | Format::BF16 => include_str!("../../shaders/common/weight_half.wgsl").into(),
        Format::F32 => include_str!("../../shaders/common/weight_f32.wgsl").into(),
    }
}

/// The override constants that fragment needs.
pub fn weight_overrides(format: Format) -> Vec<(&'static str, f64)> {
    let scales_a_b = |min: bool, zero: f64| vec![("HAS_MIN", f64::from(u8::from(min))), ("ZERO", zero)];
    match format {
        Format::Q4 { min } => scales_a_b(min, 8.0),
        Format::Q5 { min } => scales_a_b(min, 16.0),
        Format::Q8 { min } => scales_a_b(min, 0.0),
        Format::F16 => vec![("BF16", 0.0)],
        Format::BF16 => vec![("BF16", 1.0)],
        Format::Q4K | Format::Q5K | Format::Q6K | Format::Nf4 | Format::F32 => vec![],
    }
}

/// A kernel that works on pairs of rows of a matrix: `kernel` with the weight format, the way of
/// summing, the entry point `name` and `batch` vectors at once.
pub fn pair_kernel(name: &str, kernel: &str, format: Format, variant: Variant, batch: usize) -> String {
    let (dot, entry) = match variant {
        Variant::Base => (include_str!("../../shaders/common/pair_dot_base.wgsl"), PLAIN_ENTRY),
        Variant::Serial => (include_str!("../../shaders/common/pair_dot_serial.wgsl"), PLAIN_ENTRY),
        Variant::Subgroup => (include_str!("../../shaders/common/pair_dot_subgroup.wgsl"), SUBGROUP_ENTRY),
    };
    let mut text = String::new();
    if variant == Variant::Subgroup {
        text.push_str(crate::platform::WGSL_SUBGROUPS);
    }
    text.push_str(kernel);
    text.push_str(&weight_fragment(format));
    text.push_str(dot);
    text.push_str(include_str!("../../shaders/common/dot_add.wgsl"));
    text.push_str(&entry.replace("NAME", name));
    let text = text.replace("const BATCH: u32 = 1u;", &format!("const BATCH: u32 = {batch}u;"));
    // Sixteen vectors of partial sums for eight pairs of rows would fill the 16 KiB of workgroup memory.
    let pairs = if batch > 8 { 4 } else { 8 };
    let text = text.replace("const PAIRS: u32 = 8u;", &format!("const PAIRS: u32 = {pairs}u;"));
    unroll(&text, &[("BATCH", batch)])
}

/// Pairs of rows a workgroup of [`pair_kernel`] covers.
pub fn pairs_per_group(variant: Variant, batch: usize) -> usize {
    match variant {
        Variant::Serial => 32,
        Variant::Base | Variant::Subgroup if batch > 8 => 4,
        Variant::Base | Variant::Subgroup => 8,
    }
}

const PLAIN_ENTRY: &str = "
@compute @workgroup_size(GROUP_SIZE)
fn NAME(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    pair_dot(group, local);
}
";

// Invocations of a subgroup follow one another: true of every driver for one-dimensional workgroups,
// and checked when the variant is chosen.
const SUBGROUP_ENTRY: &str = "
@compute @workgroup_size(GROUP_SIZE)
fn NAME(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
    @builtin(subgroup_size) lanes: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    pair_dot_subgroup(group, local / lanes, lanes, lane);
}
";

/// Writes out every loop of the form `for (var i = 0u; i < BOUND; i++) { // unroll` … `}`; BOUND is a
/// literal or a name in `bounds`. The closing brace stands alone at the indentation of the `for`.
pub fn unroll(text: &str, bounds: &[(&str, usize)]) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::with_capacity(text.len());
    unroll_lines(&lines, bounds, &mut out);
    out
}

fn unroll_lines(lines: &[&str], bounds: &[(&str, usize)], out: &mut String) {
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let Some((variable, count)) = loop_header(line, bounds) else {
            out.push_str(line);
            out.push('\n');
            at += 1;
            continue;
        };
        let indent = &line[..line.len() - line.trim_start().len()];
        let close = lines[at..]
            .iter()
            .position(|line| line.strip_prefix(indent) == Some("}"))
            .unwrap_or_else(|| panic!("no end of the unrolled loop {line:?}"));
        let body = &lines[at + 1..at + close];
        for value in 0..count {
            let literal = format!("{value}u");
            let replaced: Vec<String> =
                body.iter().map(|line| replace_word(line, variable, &literal)).collect();
            let replaced: Vec<&str> = replaced.iter().map(String::as_str).collect();
            out.push_str(indent);
            out.push_str("{\n");
            unroll_lines(&replaced, bounds, out);
            out.push_str(indent);
            out.push_str("}\n");
        }
        at += close + 1;
    }
}

fn loop_header<'t>(line: &'t str, bounds: &[(&str, usize)]) -> Option<(&'t str, usize)> {
    let header = line.trim().strip_suffix("{ // unroll")?.trim();
    let inner = header.strip_prefix("for (var ")?;
    let (variable, rest) = inner.split_once(" = 0u; ")?;
    let bound = rest.strip_prefix(variable)?.strip_prefix(" < ")?.split(';').next()?;
    let count = match bounds.iter().find(|(name, _)| *name == bound) {
        Some((_, count)) => *count,
        None => bound.trim_end_matches('u').parse().unwrap_or_else(|_| panic!("bound of {line:?}")),
    };
    Some((variable, count))
}

fn replace_word(line: &str, word: &str, by: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    let mut before = ' ';
    while let Some(at) = rest.find(word) {
        let (head, tail) = rest.split_at(at);
        let previous = head.chars().next_back().unwrap_or(before);
        let next = tail[word.len()..].chars().next().unwrap_or(' ');
        out.push_str(head);
        // `.b` is a component, not the loop's variable.
        let whole = !is_word(previous) && previous != '.' && !is_word(next);
        out.push_str(if whole { by } else { word });
        before = word.chars().next_back().unwrap_or(' ');
        rest = &tail[word.len()..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_are_written_out() {
        let text = "a\n  for (var b = 0u; b < N; b++) { // unroll\n    let ab = x.b + y[b];\n  }\nend\n";
        let want = "a\n  {\n    let ab = x.b + y[0u];\n  }\n  {\n    let ab = x.b + y[1u];\n  }\nend\n";
        assert_eq!(unroll(text, &[("N", 2)]), want);
    }

    #[test]
    fn inner_loops_are_written_out_too() {
        let text = "for (var i = 0u; i < 2u; i++) { // unroll\n  for (var b = 0u; b < N; b++) { // unroll\n    f(i, b);\n  }\n}\n";
        let got = unroll(text, &[("N", 2)]);
        for call in ["f(0u, 0u);", "f(0u, 1u);", "f(1u, 0u);", "f(1u, 1u);"] {
            assert!(got.contains(call), "{call} in {got}");
        }
        assert!(!got.contains("for"));
    }
}

//! Every shader is valid WGSL for every device: naga parses and validates each with no capability beyond
//! WebGPU's core, except the subgroup variants, each of which has a twin without.

use std::collections::BTreeSet;
use std::path::Path;

use polo::ops::all_shaders;
use wgpu::naga::front::wgsl;
use wgpu::naga::valid::{Capabilities, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator};

/// What WebGPU always has and naga counts as a capability: `unpack2x16float` and its inverse.
const CORE: Capabilities = Capabilities::SHADER_FLOAT16_IN_FLOAT32;

fn needs_subgroups(text: &str) -> bool {
    text.contains("subgroup")
}

fn validate(name: &str, text: &str) -> Result<(), String> {
    let module = wgsl::parse_str(text).map_err(|e| e.emit_to_string_with_path(text, name))?;
    let entries: Vec<&str> = module.entry_points.iter().map(|entry| entry.name.as_str()).collect();
    if entries != [name] {
        return Err(format!("{name}: entry points are {entries:?}, expected one named as the file"));
    }
    let subgroups = needs_subgroups(text);
    let capabilities = if subgroups { CORE | Capabilities::SUBGROUP } else { CORE };
    let mut validator = Validator::new(ValidationFlags::all(), capabilities);
    if subgroups {
        validator.subgroup_stages(ShaderStages::COMPUTE).subgroup_operations(SubgroupOperationSet::all());
    }
    validator.validate(&module).map_err(|e| e.emit_to_string_with_path(text, name))?;
    Ok(())
}

#[test]
fn every_shader_is_valid() {
    let shaders = all_shaders();
    assert!(!shaders.is_empty());
    let faults: Vec<String> = shaders.iter().filter_map(|(name, text)| validate(name, text).err()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_kernel_runs_without_subgroups() {
    let shaders = all_shaders();
    let bare: BTreeSet<&str> =
        shaders.iter().filter(|(_, text)| !needs_subgroups(text)).map(|(name, _)| name.as_str()).collect();
    for (name, _) in &shaders {
        assert!(bare.contains(name.as_str()), "{name} has no text without subgroups");
    }
}

#[test]
fn every_shader_file_is_used() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let files: BTreeSet<String> = std::fs::read_dir(&folder)
        .expect("shaders/ is in the checkout")
        .map(|entry| entry.expect("shaders/ is readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "wgsl"))
        .map(|path| path.file_stem().expect("it has a name").to_string_lossy().into_owned())
        .collect();
    let used: BTreeSet<String> = all_shaders().into_iter().map(|(name, _)| name).collect();
    assert_eq!(files, used, "files in shaders/ (left) and kernels that polo::ops reports (right)");
}

#[test]
fn a_bad_shader_is_found() {
    let good = "@compute @workgroup_size(1) fn add() {}";
    assert_eq!(validate("add", good), Ok(()));
    assert!(validate("sub", good).unwrap_err().contains("entry points"));
    assert!(validate("add", "fn add( {}").is_err(), "does not parse");
    let typed = "@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n\
                 @compute @workgroup_size(1) fn add() { y[0] = 1u; }";
    assert!(validate("add", typed).is_err(), "an integer for a float");
    let half = "enable f16;\nvar<workgroup> y: f16;\n@compute @workgroup_size(1) fn add() { y = 1h; }";
    assert!(validate("add", half).is_err(), "f16 is a capability");
}

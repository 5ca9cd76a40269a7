//! What browser and system do differently, under one set of names.

/// Whether the browser worker's shim asked for subgroups and got them; natively always false.
pub fn shim_has_subgroups() -> bool {
    false
}

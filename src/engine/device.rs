//! The device of a load: as the options ask for it, with kernels that compute right.

use crate::error::Error;
use crate::gpu::{DeviceOptions, Gpu};
use crate::ops::self_test;
use crate::protocol::{DeviceInfo, LoadOptions, Variant};

pub(super) fn device_options(options: &LoadOptions) -> DeviceOptions {
    DeviceOptions { device: options.device.clone(), baseline: options.baseline, variant: options.variant }
}

/// Holds the chosen kernels against the reference; falls back to the base family where they differ.
pub(super) async fn check_variant(gpu: &mut Gpu) -> Result<(), Error> {
    loop {
        let result = self_test::check_variant(gpu).await;
        if result.passed() {
            return Ok(());
        }
        if gpu.variant() == Variant::Base {
            let cause = result.failure.unwrap_or_else(|| format!("relative error {:e}", result.error));
            let what = format!("{} on {}: {cause}; update the graphics driver", result.name, gpu.info().name);
            return Err(Error::BadNumbers(what));
        }
        let why = format!("{:?} gave wrong numbers on this device", gpu.variant()).to_lowercase();
        gpu.set_variant(Variant::Base, &why);
    }
}

/// Opens a device as a load would and tells what it is; for `polo doctor`.
pub async fn describe_device(options: &DeviceOptions) -> Result<DeviceInfo, Error> {
    let mut gpu = Gpu::open(options).await?;
    check_variant(&mut gpu).await?;
    Ok(gpu.info().clone())
}

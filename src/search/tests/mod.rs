//! Properties of whole searches over proposers without a model, and what each leg of a rollout leads to.

mod chaos;
mod demo;
mod legs;
mod properties;
mod reference;
mod steering;

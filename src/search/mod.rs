//! What a search over replies needs. So far: finding and comparing answers.

pub mod answer;

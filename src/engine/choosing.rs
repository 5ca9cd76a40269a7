//! From the options of a request to how its sequences choose: on the GPU, or on the CPU where they must.

use crate::generate::Chooser;
use crate::protocol::SamplingOptions;
use crate::sampler::{Guide, Rule, Rules, TOP};

/// The part of the options that the kernels know.
pub(super) fn rule(sampling: &SamplingOptions) -> Rule {
    Rule { temperature: sampling.temperature, top_k: sampling.top_k, top_p: sampling.top_p }
}

/// What chooses on the CPU, where the kernels do not know all of it. `reply_from` is the length of what penalties do not
/// count: the prompt.
pub(super) fn chooser(
    rule: Rule,
    sampling: &SamplingOptions,
    alternatives: usize,
    reply_from: usize,
    guide: Option<Box<dyn Guide>>,
) -> Option<Chooser> {
    let rules = Rules {
        rule,
        min_p: sampling.min_p,
        presence_penalty: sampling.presence_penalty,
        frequency_penalty: sampling.frequency_penalty,
        repeat_penalty: sampling.repeat_penalty,
        logit_bias: sampling.logit_bias.clone(),
    };
    let plain = rules.is_plain() && alternatives <= TOP && guide.is_none();
    (!plain).then_some(Chooser { rules, alternatives, reply_from, guide })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_kernels_do_not_know_is_chosen_here() {
        let on_cpu = |sampling: &SamplingOptions| {
            chooser(rule(sampling), sampling, sampling.top_logprobs as usize, 0, None).is_some()
        };
        let plain = SamplingOptions { top_logprobs: 5, echo: true, seed: 7, ..Default::default() };
        assert!(!on_cpu(&SamplingOptions::default()) && !on_cpu(&plain));
        assert!(on_cpu(&SamplingOptions { top_logprobs: 6, ..plain.clone() }));
        assert!(on_cpu(&SamplingOptions { top_k: 65, ..plain.clone() }));
        assert!(on_cpu(&SamplingOptions { frequency_penalty: -0.5, ..plain }));
    }
}

//! The first prompt of a loaded model, which nobody sees.

use crate::error::{Error, Result};
use crate::generate::{Output, Scheduler, SequenceRequest};
use crate::ops::self_test::some_tokens;
use crate::protocol::Variant;

/// A prompt long enough to take the kernels of a long one. In tokens.
const WARM_UP_TOKENS: usize = 20;

/// Runs a short prompt: compiles the kernels of a chat, which the first question would else wait for, and
/// refuses a model whose logits are not finite or cannot be true. `checking` is told when all is submitted.
pub(super) async fn warm_up(scheduler: &mut Scheduler, checking: impl FnOnce()) -> Result<()> {
    let model = scheduler.model();
    let (vocab, context) = (model.config().vocab_size, model.options().context);
    // The serial family has no other kernels for long prompts, and a large model takes seconds a token there.
    let count = if model.gpu().variant() == Variant::Serial { 2 } else { WARM_UP_TOKENS };
    scheduler.submit(SequenceRequest {
        tokens: some_tokens(1, count.min(context - 1), vocab),
        max_new_tokens: 2,
        ..SequenceRequest::default()
    })?;
    let mut outputs = scheduler.step().await?;
    checking();
    loop {
        for output in outputs {
            match output {
                Output::Failed { error, .. } => return Err(error),
                Output::Token { record, .. } => {
                    if let Some(what) = record.implausible() {
                        let what = format!("{what}; update the graphics driver, or download the model again");
                        return Err(Error::BadNumbers(what));
                    }
                }
                Output::Finished { .. } | Output::Admitted { .. } | Output::Prompt { .. } => {}
            }
        }
        if !scheduler.is_busy() {
            break;
        }
        outputs = scheduler.step().await?;
    }
    scheduler.clear_cache();
    Ok(())
}

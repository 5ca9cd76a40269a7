### Questions and replies.

reply-waiting = Waiting for the model…
reply-reading = Reading…
reply-thinking = Thinking… { $count ->
    [one] { $count } token
   *[other] { $count } tokens
}
reply-thought = Thought for { $count ->
    [one] { $count } token
   *[other] { $count } tokens
}
reply-thought-timed = Thought for { $count ->
    [one] { $count } token
   *[other] { $count } tokens
}, { $time }
reply-tokens = { $count ->
    [one] { $count } token
   *[other] { $count } tokens
}
reply-speed = { $speed } tokens/s
reply-first-after = first after { $time }
reply-context-left = { $count } of context left
reply-seed = Seed { $seed }
reply-copy = Copy
reply-copied = Copied
reply-not-allowed = Not allowed
reply-regenerate = Regenerate
reply-go-on = Go on
reply-go-on-with = To go on with it, choose { $name }.
reply-open-search = Open the search
reply-stopped = Stopped
reply-finished = Reply finished, { $count ->
    [one] { $count } token
   *[other] { $count } tokens
}
reply-search-finished = Search finished, answer { $answer }
reply-search-finished-without = Search finished without an answer
reply-comparison-finished = Comparison finished
reply-ended-stopped = Stopped.
reply-ended-length = Cut off at the longest reply allowed. “Max new tokens” in Settings allows more.
reply-ended-context = The context is full. Start a new chat to go on.
reply-ended-failed = Cut off by an error.
reply-ended-interrupted = Interrupted: the page was closed or left in the middle of it.
reply-to-end = Go to the end
reply-edit = Edit the question
reply-edit-text = Question
reply-edit-note = The reply you have stays, as a branch beside the new one.
reply-edit-save = Ask
reply-edit-cancel = Cancel
reply-question-branch = Versions of the question
reply-reply-branch = Replies to this question
reply-branch-before = Previous
reply-branch-after = Next
reply-branch-place = { $number } / { $count }

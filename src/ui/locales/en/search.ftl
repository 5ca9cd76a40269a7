### Searches: the switch, the knobs, the tree, a node, the votes, the comparison.

search-title = Search
search-about = Many chains of thought grow as one tree; their answers vote. Used from the next message on. Kept in this browser.
search-adjust = Adjust
search-adjust-it = Adjust the search
search-preset = Preset
search-own = Your own
search-own-about = Your own mixture.
search-quick = Quick
search-quick-about = One chain of thought: as a reply without a search.
search-balanced = Balanced
search-balanced-about = 8 rollouts in 4 lanes; stops early when the branches agree.
search-thorough = Thorough
search-thorough-about = 32 rollouts and three times the tokens.
search-paper = Paper
search-paper-about = As Marco-o1 published it: raw values, one lane, the most confident path wins.

## The knobs, each with a line on what it does

search-group-cost = What it may cost
search-group-tree = The tree
search-group-again = Thinking again
search-group-answer = The answer
search-knob-rollouts = Rollouts
search-knob-rollouts-help = Replies to make; more find more, and cost more.
search-knob-branching = Branching
search-knob-branching-help = Ways on that are tried at a step.
search-knob-exploration = Exploration c
search-knob-exploration-help = High values try what was tried little, low ones follow what looks good.
search-knob-depth = Depth
search-knob-depth-help = Longest branch, in steps.
search-knob-path-tokens = Path tokens
search-knob-path-tokens-help = Longest branch, in tokens.
search-knob-max-tokens = Max tokens
search-knob-max-tokens-help = What all branches together may spend.
search-knob-answer-reserve = Answer reserve
search-knob-answer-reserve-help = Kept back in each branch to answer when it runs out.
search-knob-lanes = Lanes
search-knob-lanes-help = Branches that are decoded together.
search-knob-reflect-below = Reflect below
search-knob-reflect-below-help = A thought less confident than this is reconsidered.
search-knob-vote-temperature = Vote temperature
search-knob-vote-temperature-help = Low values let confident branches weigh more in the vote.
search-knob-agreement = Stop at agreement
search-knob-agreement-help = Stop once the leading answer leads with this probability; 1 never stops.
search-knob-time-limit-s = Time limit
search-knob-time-limit-s-help = Stop after this time; 0 never stops.
search-unit-rollouts = rollouts
search-unit-steps = steps
search-unit-tokens = tokens
search-unit-lanes = lanes
search-unit-s = s
search-unit = ({ $unit })
search-help = { $help } Default { $default }, { $min } to { $max }.
search-expected = Expected { $min } to { $max } { $unit }
search-expected-reserve = Expected at least { $least } tokens: twice the answer reserve
search-expected-step = Expected 1 to 1024 tokens
search-step-tokens = Tokens of a step
search-way-default = { $way } (default)
search-restore = Restore defaults
search-open = Open a saved search
search-time-unknown = The time is known after the first reply.
search-cost = { $rollouts ->
        [one] At most { $rollouts } rollout, { $tokens } tokens
       *[other] At most { $rollouts } rollouts, { $tokens } tokens
    }
search-cost-time = { $cost }, { $time }

## Choices among named ways

search-mode = Mode
search-mode-help = How replies are sought.
search-mode-mcts = Tree search
search-mode-mcts-about = A tree that grows where confidence is high.
search-mode-self-consistency = Self-consistency
search-mode-self-consistency-about = Whole replies, the most frequent answer wins.
search-mode-best-of-n = Best of N
search-mode-best-of-n-about = Whole replies, the most confident one wins.
search-mode-chain-of-thought = Chain of thought
search-mode-chain-of-thought-about = One reply.
search-action = Step
search-action-help = What lies between two nodes.
search-action-step = A paragraph
search-action-step-about = A paragraph of the thought, at most 256 tokens.
search-action-mini-step = A few tokens
search-action-mini-step-about = So many tokens of the thought.
search-action-whole = A whole reply
search-action-whole-about = Branches part at the root only.
search-selection = Selection
search-selection-help = How the next node is chosen.
search-selection-normalised = Normalised
search-selection-normalised-about = Values stretched over what was seen; exploring fades.
search-selection-raw = Raw
search-selection-raw-about = Marco-o1's formula: the value as it is.
search-reflection = Reflection
search-reflection-help = When a thought is reconsidered, at most once a branch.
search-reflection-action = As a second way
search-reflection-action-about = Both answers are kept, the search decides.
search-reflection-always = Always
search-reflection-always-about = At the end of every thought.
search-reflection-low-confidence = At low confidence
search-reflection-low-confidence-about = Where a thought is less confident than below.
search-reflection-off = Never
search-reflection-off-about = No thought is reconsidered.
search-vote = Vote
search-vote-help = How the answer is chosen among finished branches.
search-vote-weighted = Weighted
search-vote-weighted-about = Confident branches weigh more.
search-vote-majority = Majority
search-vote-majority-about = All weigh the same.
search-vote-borda = By rank
search-vote-borda-about = Of n branches the best weighs n, the worst 1.
search-vote-best-path = Best path
search-vote-best-path-about = The most confident branch alone.
search-answer = Same answer
search-answer-help = What makes two answers the same.
search-answer-auto = Number or text
search-answer-auto-about = The same number where there is one, else the same text.
search-answer-number = Number
search-answer-number-about = An answer without a number has no vote.
search-answer-text = Text
search-answer-text-about = Case, spaces and punctuation aside.
search-repeats = Repeats
search-repeats-help = What becomes of a reply that comes twice.
search-repeats-retry = Try again
search-repeats-retry-about = It is tried again, hotter, and has one vote.
search-repeats-count = Count
search-repeats-count-about = It counts each time.

## A search in words

search-kind-thought = Thought
search-kind-reflection = Reflection
search-kind-answer = Answer
search-kind-forced = Forced answer
search-kind-loop = Goes in circles
search-kind-root = Root
search-question = The question
search-standing-next = The next branch goes through it: it scores highest.
search-standing-open = It can grow, but others score higher or come first.
search-standing-closed = All ways on from it were tried, are being tried, or would be too long or too deep.
search-standing-ended = The reply ended here.
search-standing-pruned = It was pruned, here or above: it does not grow, and its votes do not count.
search-why-vote = { $all ->
        [one] It won the vote: { $votes } of { $all } finished branch chose it, with { $weight } of the weight.
       *[other] It won the vote: { $votes } of { $all } finished branches chose it, with { $weight } of the weight.
    }
search-why-best-path = It is the answer of the most confident branch.
search-why-only = The branches brought only one reply with an answer, so it stands.
search-why-no-agreement = No answer came twice, so the most confident branch stands. Take it with care.
search-why-nothing = No branch came to an answer. More tokens or longer branches may help.
search-reflection-changed = Reflection changed the answer: without it, it would have been { $other }.
search-reflection-unchanged = Reflection did not change the answer.
search-stopped-rollouts = All rollouts are made.
search-stopped-tokens = The tokens are spent.
search-stopped-time = The time is over.
search-stopped-agreement = The branches agree surely enough.
search-stopped-exhausted = No node was left that could grow.
search-stopped-cancelled = You stopped it.
search-progress-rollouts = { $done } of { $all } rollouts
search-progress-tokens = { $done } of { $all } tokens
search-progress-lanes = { $done } of { $all } lanes busy
search-progress-speed = { $speed } tokens/s
search-progress-left = at most { $left }
search-summary = { $nodes ->
        [one] Search: { $nodes } node
       *[other] Search: { $nodes } nodes
    }
search-summary-done = Search: { $rollouts }, { $nodes }, answer { $answer }
search-rollouts = { $count ->
        [one] { $count } rollout
       *[other] { $count } rollouts
    }
search-nodes = { $count ->
        [one] { $count } node
       *[other] { $count } nodes
    }
search-none = none

## The panel beside a reply

search-paused = Paused.
search-resume = Resume
search-pause = Pause
search-answer-now = Answer now
search-tokens-spent = Tokens spent
search-show-as = Show the tree as
search-as-tree = Tree
search-as-list = List
search-save = Save
search-save-json = All of it: open it again later
search-save-svg = A picture
search-legend = Legend
search-legend-confidence = Mean confidence, %
search-legend-rollouts = Rollouts through it
search-legend-thought = thought
search-legend-again = thinks again
search-legend-answer = answer
search-legend-forced = forced answer
search-legend-loop = in circles
search-legend-won = winning path
search-legend-pruned = pruned
search-below = below { $percent }
search-between = { $low } to { $high }
search-above = { $percent } and more
search-tree = Search tree
search-tree-table = Search tree as a table
search-picture = Picture
search-zoom-in = Zoom in
search-zoom-out = Zoom out
search-fit = Fit
search-follow-growth = Follow growth
search-being-written = Being written
search-lane-from = Show where it set out from
search-column-text = Text
search-column-confidence = Conf. %
search-column-answer = Answer
search-column-visits = Visits
search-column-value = Value
search-column-kind = Kind
search-mark-won = winning path
search-mark-pruned = pruned
search-mark-pinned = pinned
search-mark-growing = growing
search-said-confidence = confidence { $percent }
search-said-visits = { $count ->
        [one] { $count } visit
       *[other] { $count } visits
    }
search-said-answer = answer { $answer }, class { $letter }
search-said-won = on the winning path
search-votes = Votes
search-vote-look = Show its best branch
search-vote-count = { $votes } of { $all }, { $weight }
search-votes-rest = { $rest ->
        [one] { $rest } more answer has fewer votes.
       *[other] { $rest } more answers have fewer votes.
    }
search-agreement = Agreement { $percent }: how surely the most frequent answer leads.

## A node in full

search-node = Node
search-node-close = Close the node
search-node-gone = The engine no longer has this tree: it can be looked at only.
search-follow = Follow
search-follow-title = Keep its growth in view
search-pin = Pin
search-pin-title = Grow it before all others
search-prune = Prune
search-prune-title = Leave it alone, and do not count its votes
search-continue = Continue from here
search-continue-title = One more branch from here
search-fact-tokens = Tokens
search-fact-confidence = Confidence
search-fact-under-way = Under way
search-fact-score = Selection score now
search-tokens-title = Text, by confidence of each token
search-tokens-hint = Choose a token to see what else it could have been.
search-branch = Branch
search-branch-from = Branch from “{ $text }”

## Four ways to an answer

search-compare-title = Compare four ways
search-compare-about = Chain of thought, self-consistency, best of N and the tree search answer the same question one after another, each with at most { $budget } tokens (“Max tokens” of the search). The other knobs hold for all. A chain of thought ends after one reply.
search-compare-question = Question
search-compare = Compare
search-compare-stop = Stop
search-compare-not-run = not run
search-compare-waiting = waiting
search-compare-no-answer = no answer
search-compare-running = running…
search-compare-more = { $votes }, { $more } more
search-compare-region = Comparison
search-compare-each = { $tokens ->
        [one] At most { $tokens } token each
       *[other] At most { $tokens } tokens each
    }
search-column-way = Way
search-column-agreement = Agreement
search-column-tokens = Tokens
search-column-time = Time
search-column-votes = Votes

//! The explanation of a page, in a few lines and an equation.

use crate::dashboard::page::Page;

/// Returns the equation and the lines that explain a page. The equation has ASCII characters only,
/// so that it is the same on every terminal.
pub(in crate::dashboard) fn text(page: Page) -> (&'static str, &'static str) {
    match page {
        Page::Overview => (
            "p(y | x) = product over t of p(y_t | y_<t, x)",
            "The decoder gives each next target token a probability. Training lowers the loss, \
             attention shows which source words a token came from, and the flow shows how far the \
             error reaches back. Held-out pairs (o) are never trained on.",
        ),
        Page::Curves => (
            "L = -(1/N) sum_t log p(y_t | y_<t, x)",
            "Loss per target token in nats; exp(L) is the perplexity. Dots are batches, lines are \
             means (w, W). m: other metrics, x: epochs, time, tokens. Held-out loss that rises \
             while the line falls is overfitting.",
        ),
        Page::Gradients => (
            "g <- g * min(1, c / |g|);  dL/dh_t = (dh_t+1/dh_t)' dL/dh_t+1",
            "Norms before and after clipping at c, and of each parameter. The flow is a product \
             of Jacobians: it fades or grows with each step back, here as shares of its largest \
             on one log scale. Enter: histogram of a parameter and of its gradients.",
        ),
        Page::Attention => (
            "c_t = sum_j a_tj h_j,  a_t = softmax_j score(s_t, h_j)",
            "A row is an output token, a column a source token, a cell the weight a_tj; a row sums \
             to 1. Free-running: the decoder reads its own outputs; f: the reference (teacher \
             forcing). ? is an unknown word. Arrows and PgUp show earlier steps, p plays them.",
        ),
        Page::Step => (
            "a_t = softmax_j score(q_t, h_j);  c_t = sum_j a_tj h_j",
            "One step of the decoder. The score compares its query with each source word, the \
             softmax makes weights of the scores, and the context is the encoder's mean under \
             them. Up and down take another word (*). A long strip has two values in a cell.",
        ),
        Page::Cell => (
            "c' = f c + i g, h = o tanh(c');  h' = (1 - z) n + z h",
            "Rows are gates of the LSTM or the GRU, or units of one; columns are tokens; higher is \
             larger. A saturated gate is near 0 or 1: it forgets or keeps. o: units that follow \
             the token here; /: those that follow words over the held-out sentences.",
        ),
        Page::Samples => (
            "y_t = argmax p(y | y_<t, x);  log p = sum_t log p(y_t | y_<t, x)",
            "Greedy translations of held-out sentences (src), beside their references (ref). = \
             equals its reference, another sign does not. log p is the log-probability of the \
             output. /: any held-out sentence; t: your own, with the outputs of a beam search.",
        ),
        Page::Runs => (
            "age = now - time of the last begin or resume",
            "The runs of a folder. live: a process trains it; stopped, crashed or failed ones can \
             be resumed; diverged: the loss was not finite. best is the best validation. b sets a \
             run (+) beside the open one in Curves and Gradients.",
        ),
        Page::Log => (
            "vanishing: |dL/dh_far| / |dL/dh_near| < 1e-5",
            "What happened, in words. ! is a warning of the health checks, with advice for this \
             model; o a validation, > a command. Every event is in the run's events.jsonl.",
        ),
    }
}

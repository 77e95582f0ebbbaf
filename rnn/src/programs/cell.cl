// What every cell's kernels share: what one step of a batch is made of. Before this file: the cell's
// options. GATES blocks of rows in its weights; APART where its two products stay apart; HAS_CELL
// where it has a cell state; KEPT blocks that it keeps besides its gates. A cell of two products a
// step is two programs, with FIRST and COUNT the gates that its product makes and BACK_FIRST and
// BACK_COUNT those whose gradients come back before its gating does.

#ifndef COUNT
#define FIRST 0
#define COUNT GATES
#define BACK_FIRST 0
#define BACK_COUNT GATES
#endif

// Groups of gates whose products layer normalisation takes together.
#if defined(APART) || defined(RESET_BEFORE)
#define GROUPS_OF_CELL 2
#else
#define GROUPS_OF_CELL 1
#endif

// A tensor as a kernel has it.
#define READS(x) __global const float *x, const ulong x##_at
#define WRITES(x) __global float *x, const ulong x##_at

// What a kernel was given: one bit each.
#define HAS_LENGTHS 1u
#define HAS_BIAS 2u
#define HAS_MASK 4u
#define HAS_GAIN 8u
#define HAS_START 16u
#define HAS_START_ROW 32u
#define HAS_THROUGH 64u
#define HAS_DY 128u
#define HAS_FLOW 256u

// One step forwards: [B, .] each, 0 where there is no such thing.
typedef struct {
    uint n, time;
    // [B]: how long each row's sequence is.
    __global const uint *lengths;
    // What the sums begin with, start_stride apart: 0 where it is one row for all.
    __global const float *start;
    size_t start_stride;
    // [G H], [P H], [B, H].
    __global const float *bias, *peephole, *mask;
    // The states before; `state` is h as the products see it.
    __global const float *state, *h_before, *c_before;
    // [B, G H]: the activations; what the cell keeps besides.
    __global float *gates, *kept;
    // The states after, and h as the next step's products see it.
    __global float *h, *c, *masked;
} Forward;

// One step back: [B, .] each, 0 where there is no such thing.
typedef struct {
    uint n, time;
    __global const uint *lengths;
    __global const float *peephole, *mask;
    __global const float *state, *h_before, *c_before, *c;
    // The gradient of the step's output.
    __global const float *dy;
    // The activations, their sums' gradients afterwards.
    __global float *gates, *kept;
    // The gradients of the states after, but for what comes through the next step's products; then
    // those of the states before.
    __global float *dh, *dc;
    // Each row's part of the gradient of the peephole weights: [B, 3 H].
    __global float *d_peephole;
    // The whole gradient of h after the step, zero past a sequence's end.
    __global float *flow;
} Backward;

bool is_active(__global const uint *lengths, const uint time, const uint b)
{
    return lengths == 0 || lengths[b] > time;
}

float sigmoid_slope(const float y) { return y * (1.0f - y); }

// Writes an element of the state after a step.
void set_state(const Forward *s, const size_t at, const float h)
{
    s->h[at] = h;
    if (s->masked) s->masked[at] = h * s->mask[at];
}

// An element of the gradient of h after a step, which `through` the next one's products is a part of.
float state_gradient(
    const Backward *s, const size_t at, const float through, const bool active)
{
    float d = s->dh[at] + (s->mask ? s->mask[at] * through : through);
    if (active && s->dy) d += s->dy[at];
    if (s->flow) s->flow[at] = active ? d : 0.0f;
    return d;
}

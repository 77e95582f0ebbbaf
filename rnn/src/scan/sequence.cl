// What a scan does before and after its steps.

#define READS(x) __global const float *x, const ulong x##_at
#define WRITES(x) __global float *x, const ulong x##_at
#define HAS_MASK 4u
#define HAS_H 1u
#define HAS_C 2u

// The first slot of the states: h and c, zeros where there are none.
__kernel void first_state(
    const uint n, const uint slot, const uint has, READS(h), READS(c), READS(mask), const uint cells,
    WRITES(states), WRITES(cell_states), WRITES(masked))
{
    const size_t i = get_global_id(0), at = (size_t)slot * n + i;
    if (i >= n) return;
    const float v = has & HAS_H ? h[h_at + i] : 0.0f;
    states[states_at + at] = v;
    if (has & HAS_MASK) masked[masked_at + at] = v * mask[mask_at + i];
    if (cells) cell_states[cell_states_at + at] = has & HAS_C ? c[c_at + i] : 0.0f;
}

// The states after each step, zero past each sequence's end.
__kernel void outputs(
    const uint batch, const uint n, const uint first, const ulong all, __global const uint *lengths,
    READS(states), WRITES(y))
{
    const size_t i = get_global_id(0), step = (size_t)batch * n;
    if (i >= all) return;
    const bool active = lengths[i % step / n] > i / step;
    y[y_at + i] = active ? states[states_at + first * step + i] : 0.0f;
}

// The sums of squares of `steps` blocks of n elements, in PARTS parts each; work-groups along
// dimension 0 have parts, along dimension 1 blocks.
#define PARTS 8
#define ITEMS 128
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void step_squares(const uint n, READS(x), WRITES(y))
{
    __local float scratch[ITEMS];
    const size_t block = get_group_id(1);
    x += x_at + block * n;
    float sum = 0.0f;
    for (uint i = get_global_id(0); i < n; i += PARTS * ITEMS) sum += x[i] * x[i];
    sum = group_sum(sum, scratch);
    if (get_local_id(0) == 0) y[y_at + block * PARTS + get_group_id(0)] = sum;
}

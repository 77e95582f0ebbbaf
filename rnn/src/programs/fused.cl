// A step's product and its gating in one kernel.

// Sums of an element: one a gate, and the state's product of the last gate where it stays apart.
#ifdef APART
#define SUMS (COUNT + 1)
#else
#define SUMS COUNT
#endif

// sums += X W^T of one unit's gates: rows x of `terms`, w [G H, .].
void add_product(
    float *sums, const uint of_state, __global const float *x, const size_t x_stride,
    const uint terms, __global const float *w, const size_t w_stride, const uint rows,
    const uint first_row, const uint units, const uint first_unit, __local float *memory)
{
    __local float *tile = memory, *weights = memory + DEPTH * PAD_ROWS;
    for (uint from = 0; from < terms; from += DEPTH) {
        barrier(CLK_LOCAL_MEM_FENCE);
        load_rows(tile, DEPTH, from, terms, x, x_stride, first_row, rows);
        for (uint e = item_of_group(); e < DEPTH * UNITS * COUNT; e += ITEMS) {
            const uint k = e % DEPTH, column = e / DEPTH;
            const uint unit = first_unit + column % UNITS, gate = FIRST + column / UNITS;
            const bool inside = unit < units && from + k < terms;
            weights[k * PAD_COLUMNS(COUNT) + column] =
                inside ? w[((size_t)gate * units + unit) * w_stride + from + k] : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint k = get_local_id(2); k < DEPTH; k += SLICES) {
            float row[ITEM_ROWS];
            take_rows(row, tile + k * PAD_ROWS);
#pragma unroll
            for (uint g = 0; g < COUNT; g++) {
                const uint sum = of_state && g == COUNT - 1 ? SUMS - 1 : g;
                const float weight =
                    weights[k * PAD_COLUMNS(COUNT) + g * UNITS + get_local_id(0)];
#pragma unroll
                for (uint i = 0; i < ITEM_ROWS; i++)
                    sums[sum * ITEM_ROWS + i] = mad(row[i], weight, sums[sum * ITEM_ROWS + i]);
            }
        }
    }
}

// From all sums to the states after.
void finish_forward(
    const Forward *s, const float *sums, const uint rows, const uint first_row,
    const uint first_unit, __local float *memory)
{
    share(sums, SUMS, memory);
    for (uint e = item_of_group(); e < ROWS * UNITS; e += ITEMS) {
        const uint row = e / UNITS, unit = e % UNITS;
        const uint b = first_row + row, j = first_unit + unit;
        if (b < rows && j < s->n) {
            float x[COUNT], y[COUNT];
            for (uint g = 0; g < COUNT; g++) {
                const size_t column = (size_t)(FIRST + g) * s->n + j;
                x[g] = shared_sum(memory, SUMS, g, row, unit);
                if (s->start) x[g] += s->start[b * s->start_stride + column];
                y[g] = s->bias ? s->bias[column] : 0.0f;
            }
#ifdef APART
            y[COUNT - 1] += shared_sum(memory, SUMS, SUMS - 1, row, unit);
#endif
            forward_element(s, b, j, x, y);
        }
    }
}

// A step of a sequence. Slots of the states, [T + 1, B, H], are before and after the step.
__attribute__((reqd_work_group_size(UNITS, ITEMS_Y, SLICES)))
__kernel void scan_forward(
    const uint batch, const uint n, const uint time, const uint before, const uint after,
    const uint has, __global const uint *lengths, READS(w), READS(bias), READS(peephole), READS(mask),
    WRITES(gates), WRITES(kept), WRITES(masked), WRITES(states), WRITES(cells))
{
    __local float4 vectors[VECTORS(DEPTH, COUNT, SUMS)];
    __local float *memory = (__local float *)vectors;
    const size_t step = (size_t)batch * n;
    Forward s;
    s.n = n;
    s.time = time;
    s.lengths = has & HAS_LENGTHS ? lengths : 0;
    s.gates = gates + gates_at + time * step * GATES;
    s.start = s.gates;
    s.start_stride = (size_t)GATES * n;
    s.bias = has & HAS_BIAS ? bias + bias_at : 0;
    s.peephole = peephole + peephole_at;
    s.mask = mask + mask_at;
    s.h_before = states + states_at + before * step;
    s.c_before = cells + cells_at + before * step;
    s.h = states + states_at + after * step;
    s.c = cells + cells_at + after * step;
    s.masked = has & HAS_MASK ? masked + masked_at + after * step : 0;
    s.state = has & HAS_MASK ? masked + masked_at + before * step : s.h_before;
    s.kept = kept + kept_at + time * step * KEPT;
    const uint first_row = get_group_id(1) * ROWS, first_unit = get_group_id(0) * UNITS;
    float sums[SUMS * ITEM_ROWS];
    for (uint k = 0; k < SUMS * ITEM_ROWS; k++) sums[k] = 0.0f;
#if FIRST > 0
    __global const float *state = s.kept;
#else
    __global const float *state = s.state;
#endif
    add_product(
        sums, 1, state, n, n, w + w_at, n, batch, first_row, n, first_unit, memory);
    finish_forward(&s, sums, batch, first_row, first_unit, memory);
}

// One step by itself, with the products of up to two parts of its input.
__attribute__((reqd_work_group_size(UNITS, ITEMS_Y, SLICES)))
__kernel void step_forward(
    const uint batch, const uint n, const uint has, READS(start), READS(w), READS(bias),
    READS(peephole), READS(state), READS(h_before), READS(c_before), const uint inputs,
    const uint input_stride, READS(w_ih), READS(a), const uint a_width, const uint a_first,
    READS(b), const uint b_width, const uint b_first, WRITES(gates), WRITES(kept), WRITES(h),
    WRITES(c))
{
    __local float4 vectors[VECTORS(DEPTH, COUNT, SUMS)];
    __local float *memory = (__local float *)vectors;
    Forward s;
    s.n = n;
    s.time = 0;
    s.lengths = 0;
    s.gates = gates + gates_at;
    s.start = has & HAS_START ? start + start_at : 0;
    s.start_stride = has & HAS_START_ROW ? 0 : (size_t)GATES * n;
    s.bias = has & HAS_BIAS ? bias + bias_at : 0;
    s.peephole = peephole + peephole_at;
    s.mask = 0;
    s.h_before = h_before + h_before_at;
    s.c_before = c_before + c_before_at;
    s.state = state + state_at;
    s.h = h + h_at;
    s.c = c + c_at;
    s.masked = 0;
    s.kept = kept + kept_at;
    const uint first_row = get_group_id(1) * ROWS, first_unit = get_group_id(0) * UNITS;
    float sums[SUMS * ITEM_ROWS];
    for (uint k = 0; k < SUMS * ITEM_ROWS; k++) sums[k] = 0.0f;
#if FIRST > 0
    __global const float *seen = s.kept;
#else
    __global const float *seen = s.state;
#endif
    add_product(
        sums, 1, seen, n, n, w + w_at, n, batch, first_row, n, first_unit, memory);
    w_ih += w_ih_at;
    add_product(
        sums, 0, a + a_at, a_width, inputs > 0 ? a_width : 0, w_ih + a_first, input_stride, batch,
        first_row, n, first_unit, memory);
    add_product(
        sums, 0, b + b_at, b_width, inputs > 1 ? b_width : 0, w_ih + b_first, input_stride, batch,
        first_row, n, first_unit, memory);
    finish_forward(&s, sums, batch, first_row, first_unit, memory);
}

// A step of a sequence, back: what comes through the products of step `from`, and the gating.
__attribute__((reqd_work_group_size(UNITS, ITEMS_Y, SLICES)))
__kernel void scan_backward(
    const uint batch, const uint n, const uint time, const uint from, const uint before,
    const uint after, const uint has, __global const uint *lengths, READS(w), READS(peephole), READS(mask),
    READS(masked), READS(states), READS(cells), READS(dy), WRITES(gates), WRITES(kept), WRITES(dh),
    WRITES(dc), WRITES(d_peephole), WRITES(flow))
{
    __local float4 vectors[VECTORS(BACK_DEPTH, 1, 1)];
    __local float *memory = (__local float *)vectors;
    const size_t step = (size_t)batch * n;
    gates += gates_at;
    kept += kept_at;
    Backward s;
    s.n = n;
    s.time = time;
    s.lengths = has & HAS_LENGTHS ? lengths : 0;
    s.peephole = peephole + peephole_at;
    s.mask = has & HAS_MASK ? mask + mask_at : 0;
    s.h_before = states + states_at + before * step;
    s.state = has & HAS_MASK ? masked + masked_at + time * step : s.h_before;
    s.c_before = cells + cells_at + before * step;
    s.c = cells + cells_at + after * step;
    s.dy = has & HAS_DY ? dy + dy_at + time * step : 0;
    s.gates = gates + time * step * GATES;
    s.kept = kept + time * step * KEPT;
    s.dh = dh + dh_at;
    s.dc = dc + dc_at;
    s.d_peephole = d_peephole + d_peephole_at + time * step * 3;
    s.flow = has & HAS_FLOW ? flow + flow_at + time * step : 0;
#ifdef APART
    __global const float *d = kept + from * step * GATES;
#else
    __global const float *d = gates + from * step * GATES;
#endif
    const uint first_row = get_group_id(1) * ROWS, first_unit = get_group_id(0) * UNITS;
    float sums[ITEM_ROWS];
    for (uint i = 0; i < ITEM_ROWS; i++) sums[i] = 0.0f;
    add_product_back(
        sums, d + BACK_FIRST * n, (size_t)GATES * n, has & HAS_THROUGH ? BACK_COUNT * n : 0,
        w + w_at + (size_t)BACK_FIRST * n * n, n, batch, first_row, n, first_unit, memory);
    share(sums, 1, memory);
    for (uint e = item_of_group(); e < ROWS * UNITS; e += ITEMS) {
        const uint row = e / UNITS, unit = e % UNITS;
        if (first_row + row < batch && first_unit + unit < n)
            backward_element(
                &s, first_row + row, first_unit + unit, shared_sum(memory, 1, 0, row, unit));
    }
}

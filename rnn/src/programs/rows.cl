// The gating of rows whose products are made: one work-group a row. With layer normalisation of the
// products, LN(a) = (a - mean(a)) / sqrt(var(a) + eps) gain + bias over each group of gates.

#define ROW_ITEMS 128

// Groups of gates that are normalised together: where the last gate is by itself, two.
#if defined(APART)
#define GROUPS 2
#define GROUP_OF(g) ((g) < COUNT - 1 ? 0 : 1)
#define GROUP_START(q) ((q) == 0 ? 0 : COUNT - 1)
#define GROUP_END(q) ((q) == 0 ? COUNT - 1 : COUNT)
#else
#define GROUPS 1
#define GROUP_OF(g) 0
#define GROUP_START(q) 0
#define GROUP_END(q) COUNT
#endif
// Groups of the cell's other programs come first.
#if FIRST > 0
#define GROUP_FIRST 1
#else
#define GROUP_FIRST 0
#endif

// `sums` [B, G H] are the state's products; with a gain, their normalised values afterwards.
void row_forward(
    const Forward *s, const uint batch, __global const float *gain, const float eps,
    __global float *sums, __global float *scales, __local float *scratch)
{
    const uint n = s->n, b = get_group_id(0), item = get_local_id(0);
    sums += ((size_t)b * GATES + FIRST) * n;
    float mean[GROUPS], scale[GROUPS];
    for (uint q = 0; q < GROUPS; q++) {
        const uint start = GROUP_START(q) * n, end = GROUP_END(q) * n;
        float sum = 0.0f, squares = 0.0f;
        if (gain)
            for (uint i = start + item; i < end; i += ROW_ITEMS) sum += sums[i];
        mean[q] = group_sum(sum, scratch) / (end - start);
        if (gain)
            for (uint i = start + item; i < end; i += ROW_ITEMS)
                squares += (sums[i] - mean[q]) * (sums[i] - mean[q]);
        scale[q] = 1.0f / sqrt(group_sum(squares, scratch) / (end - start) + eps);
        if (gain && item == 0) scales[(GROUP_FIRST + q) * batch + b] = scale[q];
    }
    for (uint j = item; j < n; j += ROW_ITEMS) {
        float x[COUNT], y[COUNT];
        for (uint g = 0; g < COUNT; g++) {
            const size_t column = (size_t)(FIRST + g) * n + j;
            x[g] = s->start ? s->start[b * s->start_stride + column] : 0.0f;
            y[g] = sums[g * n + j];
            if (gain) {
                y[g] = (y[g] - mean[GROUP_OF(g)]) * scale[GROUP_OF(g)];
                sums[g * n + j] = y[g];
                y[g] *= gain[column];
            }
            if (s->bias) y[g] += s->bias[column];
        }
        forward_element(s, b, j, x, y);
    }
}

// A step of a sequence.
__attribute__((reqd_work_group_size(ROW_ITEMS, 1, 1)))
__kernel void scan_forward_rows(
    const uint batch, const uint n, const uint time, const uint before, const uint after,
    const uint has, __global const uint *lengths, READS(bias), READS(peephole), READS(mask), READS(gain),
    const float eps, WRITES(sums), WRITES(scales), WRITES(gates), WRITES(kept), WRITES(masked),
    WRITES(states), WRITES(cells))
{
    __local float scratch[ROW_ITEMS];
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
    const bool normalises = has & HAS_GAIN;
    sums += sums_at + (normalises ? time * step * GATES : 0);
    scales += scales_at + (size_t)time * GROUPS_OF_CELL * batch;
    row_forward(&s, batch, normalises ? gain + gain_at : 0, eps, sums, scales, scratch);
}

// One step by itself.
__attribute__((reqd_work_group_size(ROW_ITEMS, 1, 1)))
__kernel void step_forward_rows(
    const uint batch, const uint n, const uint has, READS(start), READS(bias), READS(peephole),
    READS(state), READS(h_before), READS(c_before), READS(gain), const float eps, WRITES(sums),
    WRITES(scales), WRITES(gates), WRITES(kept), WRITES(h), WRITES(c))
{
    __local float scratch[ROW_ITEMS];
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
    row_forward(
        &s, batch, has & HAS_GAIN ? gain + gain_at : 0, eps, sums + sums_at, scales + scales_at,
        scratch);
}

// A step back: `through` [B, H] is what comes through the next step's products. With a gain, the
// normalised values become the gradients of the products; `d_gain` [B, G H] are the rows' parts of
// the gain's gradient.
__attribute__((reqd_work_group_size(ROW_ITEMS, 1, 1)))
__kernel void backward_rows(
    const uint batch, const uint n, const uint time, const uint before, const uint after,
    const uint seen, const uint has, __global const uint *lengths, READS(peephole), READS(mask), READS(state),
    READS(h), READS(c_before), READS(c), READS(dy), READS(gain), READS(through), READS(scales),
    WRITES(normal), WRITES(d_gain), WRITES(gates), WRITES(kept), WRITES(dh), WRITES(dc),
    WRITES(d_peephole), WRITES(flow))
{
    __local float scratch[ROW_ITEMS];
    const size_t step = (size_t)batch * n;
    const uint b = get_group_id(0), item = get_local_id(0);
    Backward s;
    s.n = n;
    s.time = time;
    s.lengths = has & HAS_LENGTHS ? lengths : 0;
    s.peephole = peephole + peephole_at;
    s.mask = has & HAS_MASK ? mask + mask_at : 0;
    s.h_before = h + h_at + before * step;
    s.state = state + state_at + seen * step;
    s.c_before = c_before + c_before_at + before * step;
    s.c = c + c_at + after * step;
    s.dy = has & HAS_DY ? dy + dy_at + time * step : 0;
    s.gates = gates + gates_at + time * step * GATES;
    s.kept = kept + kept_at + time * step * KEPT;
    s.dh = dh + dh_at;
    s.dc = dc + dc_at;
    s.d_peephole = d_peephole + d_peephole_at + time * step * 3;
    s.flow = has & HAS_FLOW ? flow + flow_at + time * step : 0;
    through += through_at + (size_t)b * n;
    gain += gain_at + FIRST * n;
    scales += scales_at + ((size_t)time * GROUPS_OF_CELL + GROUP_FIRST) * batch + b;
    const size_t row = (size_t)time * step * GATES + ((size_t)b * GATES + FIRST) * n;
    normal += normal_at + row;
    d_gain += d_gain_at + row;
#ifdef APART
    __global const float *d = kept + kept_at + row;
#else
    __global const float *d = gates + gates_at + row;
#endif
    const bool normalises = has & HAS_GAIN;
    float sum[GROUPS], sum_n[GROUPS];
    for (uint q = 0; q < GROUPS; q++) sum[q] = sum_n[q] = 0.0f;
    for (uint j = item; j < n; j += ROW_ITEMS) {
        backward_element(&s, b, j, has & HAS_THROUGH ? through[j] : 0.0f);
        if (normalises)
            for (uint g = 0; g < COUNT; g++) {
                const float v = d[g * n + j] * gain[g * n + j];
                sum[GROUP_OF(g)] += v;
                sum_n[GROUP_OF(g)] += v * normal[g * n + j];
            }
    }
    const bool active = is_active(s.lengths, time, b);
    for (uint q = 0; q < GROUPS; q++) {
        const uint start = GROUP_START(q) * n, end = GROUP_END(q) * n;
        const float mean = group_sum(sum[q], scratch) / (end - start);
        const float mean_n = group_sum(sum_n[q], scratch) / (end - start);
        if (normalises) {
            const float scale = scales[q * batch];
            // As above, so that each work-item reads what it wrote itself.
            for (uint j = item; j < n; j += ROW_ITEMS)
                for (uint g = GROUP_START(q); g < GROUP_END(q); g++) {
                    const uint i = g * n + j;
                    const float v = normal[i];
                    d_gain[i] = active ? d[i] * v : 0.0f;
                    normal[i] = active ? (d[i] * gain[i] - mean - v * mean_n) * scale : 0.0f;
                }
        }
    }
}

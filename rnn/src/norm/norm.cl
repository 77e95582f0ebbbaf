// Layer normalisation of two groups of columns of every row, 0..split and split..width: one
// work-group a row and group.

#define READS(x) __global const float *x, const ulong x##_at
#define WRITES(x) __global float *x, const ulong x##_at
#define ITEMS 128

// The normalised values take the place of what was normalised.
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void normalise(
    const uint rows, const uint width, const uint split, const uint has_bias, const float eps,
    READS(gain), READS(bias), WRITES(normal), WRITES(scales), WRITES(y))
{
    __local float scratch[ITEMS];
    const uint row = get_group_id(0), group = get_group_id(1), item = get_local_id(0);
    const uint start = group == 0 ? 0 : split, end = group == 0 ? split : width;
    normal += normal_at + (size_t)row * width;
    y += y_at + (size_t)row * width;
    gain += gain_at;
    bias += bias_at;
    float sum = 0.0f, squares = 0.0f;
    for (uint i = start + item; i < end; i += ITEMS) sum += normal[i];
    const float mean = group_sum(sum, scratch) / (end - start);
    for (uint i = start + item; i < end; i += ITEMS)
        squares += (normal[i] - mean) * (normal[i] - mean);
    const float scale = 1.0f / sqrt(group_sum(squares, scratch) / (end - start) + eps);
    for (uint i = start + item; i < end; i += ITEMS) {
        const float v = (normal[i] - mean) * scale;
        normal[i] = v;
        y[i] = v * gain[i] + (has_bias ? bias[i] : 0.0f);
    }
    if (item == 0) scales[scales_at + (size_t)group * rows + row] = scale;
}

// The normalised values become the gradient of what was normalised; `d_gain` are the rows' parts of
// the gain's gradient.
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void normalise_back(
    const uint rows, const uint width, const uint split, READS(d), READS(scales), READS(gain),
    WRITES(normal), WRITES(d_gain))
{
    __local float scratch[ITEMS];
    const uint row = get_group_id(0), group = get_group_id(1), item = get_local_id(0);
    const uint start = group == 0 ? 0 : split, end = group == 0 ? split : width;
    d += d_at + (size_t)row * width;
    normal += normal_at + (size_t)row * width;
    d_gain += d_gain_at + (size_t)row * width;
    gain += gain_at;
    float sum = 0.0f, sum_n = 0.0f;
    for (uint i = start + item; i < end; i += ITEMS) {
        const float g = d[i] * gain[i];
        sum += g;
        sum_n += g * normal[i];
    }
    const float mean = group_sum(sum, scratch) / (end - start);
    const float mean_n = group_sum(sum_n, scratch) / (end - start);
    const float scale = scales[scales_at + (size_t)group * rows + row];
    for (uint i = start + item; i < end; i += ITEMS) {
        const float v = normal[i];
        d_gain[i] = d[i] * v;
        normal[i] = (d[i] * gain[i] - mean - v * mean_n) * scale;
    }
}

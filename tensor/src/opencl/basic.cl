// Loops over elements and rows that several operations share.

// y[at + i] += factor x[i]
__kernel void add_scaled(
    const uint n, const float factor,
    __global const float *x, const ulong x_at,
    __global float *y, const ulong y_at, const ulong at)
{
    x += x_at;
    y += y_at + at;
    const size_t i = get_global_id(0);
    if (i < n) y[i] += factor * x[i];
}

// y = keep y + fresh x
__kernel void blend(
    const uint n, const float keep, const float fresh,
    __global const float *x, const ulong x_at,
    __global float *y, const ulong y_at)
{
    x += x_at;
    y += y_at;
    const size_t i = get_global_id(0);
    if (i < n) y[i] = keep * y[i] + fresh * x[i];
}

// y *= factor
__kernel void scale(const uint n, const float factor, __global float *y, const ulong y_at)
{
    y += y_at;
    const size_t i = get_global_id(0);
    if (i < n) y[i] *= factor;
}

// Rows of up to eight tensors, one behind the other: tensor k gives rows up to `end_k`.
#define SOURCE(k) __global const float *s##k, const ulong s##k##_at, const uint end_##k
__kernel void gather(
    const uint rows, const uint width,
    SOURCE(0), SOURCE(1), SOURCE(2), SOURCE(3), SOURCE(4), SOURCE(5), SOURCE(6), SOURCE(7),
    __global float *y, const ulong y_at, const uint first)
{
    const uint column = get_global_id(0), row = get_global_id(1);
    if (column >= width || row >= rows) return;
    __global const float *from = s0 + s0_at;
    uint before = 0;
    if (row >= end_0) { from = s1 + s1_at; before = end_0; }
    if (row >= end_1) { from = s2 + s2_at; before = end_1; }
    if (row >= end_2) { from = s3 + s3_at; before = end_2; }
    if (row >= end_3) { from = s4 + s4_at; before = end_3; }
    if (row >= end_4) { from = s5 + s5_at; before = end_4; }
    if (row >= end_5) { from = s6 + s6_at; before = end_5; }
    if (row >= end_6) { from = s7 + s7_at; before = end_6; }
    y[y_at + (size_t)(first + row) * width + column] = from[(size_t)(row - before) * width + column];
}

// Columns first..first + n of rows of `stride` elements, summed over the rows.
#define COLUMNS 16
#define LANES 16
__attribute__((reqd_work_group_size(COLUMNS, LANES, 1)))
__kernel void column_sums(
    const uint rows, const uint n, const uint stride, const uint first,
    __global const float *x, const ulong x_at,
    __global float *y, const ulong y_at, const uint add)
{
    __local float sums[LANES][COLUMNS];
    x += x_at;
    y += y_at;
    const uint i = get_local_id(0), lane = get_local_id(1);
    const uint column = get_group_id(0) * COLUMNS + i;
    float sum = 0.0f;
    if (column < n)
        for (uint r = lane; r < rows; r += LANES) sum += x[(size_t)r * stride + first + column];
    sums[lane][i] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane == 0 && column < n) {
        float total = add ? y[column] : 0.0f;
        for (uint l = 0; l < LANES; l++) total += sums[l][i];
        y[column] = total;
    }
}

// The sum of squares of each work-group's share of x.
__kernel void squares(
    const uint n, __global const float *x, const ulong x_at, __global float *y, const ulong y_at)
{
    __local float scratch[256];
    x += x_at;
    float sum = 0.0f;
    for (size_t i = get_global_id(0); i < n; i += get_global_size(0)) sum += x[i] * x[i];
    sum = group_sum(sum, scratch);
    if (get_local_id(0) == 0) y[y_at + get_group_id(0)] = sum;
}

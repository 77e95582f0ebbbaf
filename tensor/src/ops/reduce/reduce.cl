// y[o, i] = factor (sum over k of x[o, k, i]): one work-item per element of y.
__kernel void sums_each(
    const uint count, const uint n, const uint inner, const float factor,
    __global const float *x, const ulong x_at, __global float *y, const ulong y_at)
{
    const size_t at = get_global_id(0);
    if (at >= count) return;
    x += x_at + at / inner * n * inner + at % inner;
    float sum = 0.0f;
    for (uint k = 0; k < n; k++) sum += x[(size_t)k * inner];
    y[y_at + at] = factor * sum;
}

// The same with one work-group per element of y.
__attribute__((reqd_work_group_size(64, 1, 1)))
__kernel void sums_group(
    const uint count, const uint n, const uint inner, const float factor,
    __global const float *x, const ulong x_at, __global float *y, const ulong y_at)
{
    __local float scratch[64];
    const size_t at = get_group_id(0);
    x += x_at + at / inner * n * inner + at % inner;
    float sum = 0.0f;
    for (uint k = get_local_id(0); k < n; k += 64) sum += x[(size_t)k * inner];
    sum = group_sum(sum, scratch);
    if (get_local_id(0) == 0) y[y_at + at] = factor * sum;
}

// dx[o, k, i] = factor dy[o, i]
__kernel void expand(
    const uint count, const uint n, const uint inner, const float factor,
    __global const float *d, const ulong d_at, __global float *x, const ulong x_at)
{
    const size_t at = get_global_id(0);
    if (at < count) x[x_at + at] = factor * d[d_at + at / ((size_t)n * inner) * inner + at % inner];
}

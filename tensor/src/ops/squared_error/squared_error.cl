// d = 2 weight (y - t); sums: the weighted loss, the sum of (y - t)^2, how many are near. One work-group.
#define ITEMS 256
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void squared_error(
    const uint n, const float weight, const float near, __global const float *y, const ulong y_at,
    __global const float *t, const ulong t_at, __global float *d, const ulong d_at,
    __global float *sums, const ulong sums_at)
{
    __local float scratch[ITEMS];
    float sum = 0.0f, close = 0.0f;
    for (uint i = get_local_id(0); i < n; i += ITEMS) {
        const float off = y[y_at + i] - t[t_at + i];
        sum += off * off;
        close += fabs(off) < near ? 1.0f : 0.0f;
        d[d_at + i] = 2.0f * weight * off;
    }
    sum = group_sum(sum, scratch);
    close = group_sum(close, scratch);
    if (get_local_id(0) == 0) {
        sums[sums_at] = weight * sum;
        sums[sums_at + 1] = sum;
        sums[sums_at + 2] = close;
    }
}

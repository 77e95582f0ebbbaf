// A work-group of ITEMS work-items has one row of `width` elements.
#define ITEMS 64

__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void softmax(
    const uint width, const uint is_log, __global const float *x, const ulong x_at,
    __global float *y, const ulong y_at)
{
    __local float scratch[ITEMS];
    x += x_at + get_group_id(0) * (size_t)width;
    y += y_at + get_group_id(0) * (size_t)width;
    float most = -INFINITY;
    for (uint i = get_local_id(0); i < width; i += ITEMS) most = fmax(most, x[i]);
    most = group_max(most, scratch);
    float total = 0.0f;
    for (uint i = get_local_id(0); i < width; i += ITEMS) total += exp(x[i] - most);
    total = group_sum(total, scratch);
    const float log_total = log(total);
    for (uint i = get_local_id(0); i < width; i += ITEMS)
        y[i] = is_log ? x[i] - most - log_total : exp(x[i] - most) / total;
}

// d = y (d - sum of d y), or d - e^y sum of d for the logarithm.
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void softmax_back(
    const uint width, const uint is_log, __global const float *y, const ulong y_at,
    __global float *d, const ulong d_at)
{
    __local float scratch[ITEMS];
    y += y_at + get_group_id(0) * (size_t)width;
    d += d_at + get_group_id(0) * (size_t)width;
    float total = 0.0f;
    for (uint i = get_local_id(0); i < width; i += ITEMS) total += is_log ? d[i] : d[i] * y[i];
    total = group_sum(total, scratch);
    for (uint i = get_local_id(0); i < width; i += ITEMS)
        d[i] = is_log ? d[i] - exp(y[i]) * total : y[i] * (d[i] - total);
}

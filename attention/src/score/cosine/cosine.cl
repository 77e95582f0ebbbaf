// y = x / |x|, row by row. A work-group has one row.
#define ITEMS 64

__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void unit(
    const uint width, const float smallest, __global const float *x, const ulong x_at,
    __global float *y, const ulong y_at, __global float *norms, const ulong norms_at)
{
    __local float scratch[ITEMS];
    const size_t row = get_group_id(0);
    x += x_at + row * width;
    y += y_at + row * width;
    float sum = 0.0f;
    for (uint j = get_local_id(0); j < width; j += ITEMS) sum += x[j] * x[j];
    const float norm = sqrt(group_sum(sum, scratch)), scale = 1.0f / fmax(norm, smallest);
    for (uint j = get_local_id(0); j < width; j += ITEMS) y[j] = x[j] * scale;
    if (get_local_id(0) == 0) norms[norms_at + row] = norm;
}

// dx = (dy - y (y . dy)) / |x|, in place of dy.
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void unit_back(
    const uint width, const float smallest, __global const float *y, const ulong y_at,
    __global const float *norms, const ulong norms_at, __global float *d, const ulong d_at)
{
    __local float scratch[ITEMS];
    const size_t row = get_group_id(0);
    y += y_at + row * width;
    d += d_at + row * width;
    float sum = 0.0f;
    for (uint j = get_local_id(0); j < width; j += ITEMS) sum += y[j] * d[j];
    const float along = group_sum(sum, scratch), norm = norms[norms_at + row];
    const float scale = norm > smallest ? 1.0f / norm : 0.0f;
    for (uint j = get_local_id(0); j < width; j += ITEMS) d[j] = (d[j] - y[j] * along) * scale;
}

// y[o, i] = x[o, ids[i]], rows of `width` elements, `batch` rows of x for each o.
__kernel void index_select(
    const uint rows, const uint width, const uint batch, const uint count,
    __global const uint *ids, __global const float *x, const ulong x_at, __global float *y,
    const ulong y_at)
{
    const uint column = get_global_id(0), row = get_global_id(1);
    if (column >= width || row >= rows) return;
    const size_t from = (size_t)(row / count) * batch + ids[row % count];
    y[y_at + (size_t)row * width + column] = x[x_at + from * width + column];
}

// dx[o, b] = the sum of dy[o, i] over all i with ids[i] = b, in their order.
__kernel void index_select_back(
    const uint rows, const uint width, const uint batch, const uint count,
    __global const uint *ids, __global const float *dy, const ulong dy_at, __global float *dx,
    const ulong dx_at)
{
    const uint column = get_global_id(0), row = get_global_id(1);
    if (column >= width || row >= rows) return;
    const size_t outer = (size_t)(row / batch) * count;
    float sum = 0.0f;
    for (uint i = 0; i < count; i++) {
        if (ids[i] == row % batch) sum += dy[dy_at + (outer + i) * width + column];
    }
    dx[dx_at + (size_t)row * width + column] = sum;
}

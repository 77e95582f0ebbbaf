// y = columns first..first + count of x
__kernel void columns_read(
    const uint rows, const uint width, const uint first, const uint count,
    __global const float *x, const ulong x_at, __global float *y, const ulong y_at)
{
    const size_t i = get_global_id(0);
    if (i < (size_t)rows * count) y[y_at + i] = x[x_at + i / count * width + first + i % count];
}

// The same columns of x += d, in a matrix that begins at element `at` of x.
__kernel void columns_add(
    const uint rows, const uint width, const uint first, const uint count,
    __global const float *d, const ulong d_at, __global float *x, const ulong x_at, const ulong at)
{
    const size_t i = get_global_id(0);
    if (i < (size_t)rows * count) x[x_at + at + i / count * width + first + i % count] += d[d_at + i];
}

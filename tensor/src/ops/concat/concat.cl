// Up to four parts side by side, to columns first.. of y: part k is columns up to `end_k`.
#define PART(k) __global const float *p##k, const ulong p##k##_at, const uint end_##k
__kernel void concat(
    const uint rows, const uint width, const uint first, PART(0), PART(1), PART(2), PART(3),
    __global float *y, const ulong y_at)
{
    const uint column = get_global_id(0), row = get_global_id(1);
    if (column >= end_3 || row >= rows) return;
    __global const float *from = p0 + p0_at;
    uint start = 0, end = end_0;
    if (column >= end_0) { from = p1 + p1_at; start = end_0; end = end_1; }
    if (column >= end_1) { from = p2 + p2_at; start = end_1; end = end_2; }
    if (column >= end_2) { from = p3 + p3_at; start = end_2; end = end_3; }
    y[y_at + (size_t)row * width + first + column] = from[(size_t)row * (end - start) + column - start];
}

// Columns first..first + n of rows of x.
__kernel void columns(
    const uint rows, const uint n, const uint width, const uint first,
    __global const float *x, const ulong x_at, __global float *y, const ulong y_at)
{
    const uint column = get_global_id(0), row = get_global_id(1);
    if (column >= n || row >= rows) return;
    y[y_at + (size_t)row * n + column] = x[x_at + (size_t)row * width + first + column];
}

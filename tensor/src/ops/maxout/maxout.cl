// y = the largest of `pieces` neighbours, NaN where one is.
__kernel void maxout(
    const uint n, const uint pieces, __global const float *x, const ulong x_at,
    __global float *y, const ulong y_at)
{
    const size_t i = get_global_id(0);
    if (i >= n) return;
    x += x_at + i * pieces;
    float most = -INFINITY;
    for (uint k = 0; k < pieces; k++) most = x[k] <= most || isnan(most) ? most : x[k];
    y[y_at + i] = most;
}

// The gradient goes to the largest, of equal ones to the first.
__kernel void maxout_back(
    const uint n, const uint pieces, __global const float *x, const ulong x_at,
    __global const float *y, const ulong y_at, __global const float *dy, const ulong dy_at,
    __global float *dx, const ulong dx_at)
{
    const size_t i = get_global_id(0);
    if (i >= n) return;
    x += x_at + i * pieces;
    dx += dx_at + i * pieces;
    const float most = y[y_at + i], d = dy[dy_at + i];
    bool open = true;
    for (uint k = 0; k < pieces; k++) {
        const bool here = open && x[k] == most;
        open = open && !here;
        dx[k] = here ? d : 0.0f;
    }
}

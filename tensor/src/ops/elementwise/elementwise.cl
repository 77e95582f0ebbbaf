__kernel void tanh_forward(
    const uint n, __global const float *x, const ulong x_at, __global float *y, const ulong y_at)
{
    const size_t i = get_global_id(0);
    if (i < n) y[y_at + i] = tanh(x[x_at + i]);
}

// d *= 1 - y^2
__kernel void tanh_back(
    const uint n, __global const float *y, const ulong y_at, __global float *d, const ulong d_at)
{
    const size_t i = get_global_id(0);
    if (i >= n) return;
    const float v = y[y_at + i];
    d[d_at + i] *= 1.0f - v * v;
}

// y = factor (a + b + c + d), of which `count` are there, added to what y holds where `add`.
__kernel void sum_parts(
    const uint n, const uint count, const float factor, const uint add,
    __global const float *a, const ulong a_at, __global const float *b, const ulong b_at,
    __global const float *c, const ulong c_at, __global const float *d, const ulong d_at,
    __global float *y, const ulong y_at)
{
    const size_t i = get_global_id(0);
    if (i >= n) return;
    float sum = a[a_at + i];
    if (count > 1) sum += b[b_at + i];
    if (count > 2) sum += c[c_at + i];
    if (count > 3) sum += d[d_at + i];
    y[y_at + i] = factor * sum + (add ? y[y_at + i] : 0.0f);
}

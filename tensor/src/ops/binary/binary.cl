// The common shape without its outermost dimension, and the strides of both operands.
#define SHAPE const uint n1, const uint n2, const uint n3, \
    const uint a0, const uint a1, const uint a2, const uint a3, \
    const uint b0, const uint b1, const uint b2, const uint b3
#define PLACES \
    const size_t l = i % n3, k = i / n3 % n2, j = i / n3 / n2 % n1, h = i / n3 / n2 / n1; \
    const float u = a[a_at + h * a0 + j * a1 + k * a2 + l * a3]; \
    const float v = b[b_at + h * b0 + j * b1 + k * b2 + l * b3];

// y = a op b; the codes are those of opencl.rs.
__kernel void binary(
    const uint n, const uint code, SHAPE, __global const float *a, const ulong a_at,
    __global const float *b, const ulong b_at, __global float *y, const ulong y_at)
{
    const size_t i = get_global_id(0);
    if (i >= n) return;
    PLACES
    y[y_at + i] = code == 0 ? u + v : code == 1 ? u - v : code == 2 ? u * v : u / v;
}

// The gradient of an operand, before its repetitions are summed.
__kernel void binary_back(
    const uint n, const uint code, const uint right, SHAPE,
    __global const float *a, const ulong a_at, __global const float *b, const ulong b_at,
    __global const float *g, const ulong g_at, __global float *d, const ulong d_at)
{
    const size_t i = get_global_id(0);
    if (i >= n) return;
    PLACES
    float f = 1.0f;
    if (code == 1) f = right ? -1.0f : 1.0f;
    if (code == 2) f = right ? u : v;
    if (code == 3) f = right ? -u / (v * v) : 1.0f / v;
    d[d_at + i] = f * g[g_at + i];
}

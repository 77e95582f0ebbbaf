// C = start + the sum of `slices` partial products, each `size` elements behind the one before.

#define BIAS 1
#define OUTPUT 2

__kernel void add_slices(
    const uint m, const uint n, const uint slices, const uint size,
    __global const float *parts, const ulong parts_at,
    __global const float *bias, const ulong bias_at, const uint start,
    __global float *c, const ulong c_at, const uint c_first, const uint c_stride)
{
    const uint column = get_global_id(0), row = get_global_id(1);
    if (column >= n || row >= m) return;
    parts += parts_at + (size_t)row * n + column;
    c += c_at + c_first + (size_t)row * c_stride + column;
    float sum = start == BIAS ? bias[bias_at + column] : start == OUTPUT ? *c : 0.0f;
    for (uint s = 0; s < slices; s++) sum += parts[(size_t)s * size];
    *c = sum;
}

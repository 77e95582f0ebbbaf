#define READS(x) __global const float *x, const ulong x##_at
#define WRITES(x) __global float *x, const ulong x##_at

// y = x m
__kernel void multiplied(const uint n, READS(x), READS(mask), WRITES(y))
{
    const size_t i = get_global_id(0);
    if (i < n) y[y_at + i] = x[x_at + i] * mask[mask_at + i];
}

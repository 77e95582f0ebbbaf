// y[o, j, k, i, ..] = x[o, i, k, j, ..]
__kernel void transpose(
    const uint count, const uint n, const uint middle, const uint m, const uint inner,
    __global const float *x, const ulong x_at, __global float *y, const ulong y_at)
{
    const size_t at = get_global_id(0);
    if (at >= count) return;
    size_t rest = at / inner;
    const size_t i = rest % n;
    rest /= n;
    const size_t k = rest % middle;
    rest /= middle;
    const size_t j = rest % m, o = rest / m;
    y[y_at + at] = x[x_at + (((o * n + i) * middle + k) * m + j) * inner + at % inner];
}

// y = f(x); the codes are those of opencl.rs.
__kernel void unary(
    const uint n, const uint code, __global const float *x, const ulong x_at,
    __global float *y, const ulong y_at)
{
    const size_t i = get_global_id(0);
    if (i >= n) return;
    const float v = x[x_at + i];
    float f;
    switch (code) {
    case 0: f = v < 0.0f ? 0.0f : v; break;
    case 1: f = sigmoid(v); break;
    case 2: f = exp(v); break;
    case 3: f = log(v); break;
    case 4: f = sqrt(v); break;
    case 5: f = v * v; break;
    default: f = fabs(v);
    }
    y[y_at + i] = f;
}

// d *= f'(x)
__kernel void unary_back(
    const uint n, const uint code, __global const float *x, const ulong x_at,
    __global const float *y, const ulong y_at, __global float *d, const ulong d_at)
{
    const size_t i = get_global_id(0);
    if (i >= n) return;
    const float v = x[x_at + i], f = y[y_at + i], g = d[d_at + i];
    float r;
    switch (code) {
    case 0: r = v > 0.0f ? g : 0.0f; break;
    case 1: r = g * f * (1.0f - f); break;
    case 2: r = g * f; break;
    case 3: r = g / v; break;
    case 4: r = g * 0.5f / f; break;
    case 5: r = g * 2.0f * v; break;
    default: r = v > 0.0f ? g : v < 0.0f ? -g : 0.0f;
    }
    d[d_at + i] = r;
}

__kernel void affine(
    const uint n, const float factor, const float summand, __global const float *x, const ulong x_at,
    __global float *y, const ulong y_at)
{
    const size_t i = get_global_id(0);
    if (i < n) y[y_at + i] = factor * x[x_at + i] + summand;
}

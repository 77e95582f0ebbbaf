// The mean of the heads' weights, [rows, time] of [rows, heads, time].

__kernel void mean_of_heads(
    const uint rows, const uint time, const uint heads, __global const float *x, const ulong x_at,
    __global float *y, const ulong y_at)
{
    const size_t i = get_global_id(0);
    if (i >= (size_t)rows * time) return;
    x += x_at + i / time * heads * time + i % time;
    float sum = 0.0f;
    for (uint j = 0; j < heads; j++) sum += x[(size_t)j * time];
    y[y_at + i] = sum / heads;
}

__kernel void mean_of_heads_back(
    const uint rows, const uint time, const uint heads, __global const float *d, const ulong d_at,
    __global float *d_heads, const ulong d_heads_at, const ulong part_at)
{
    const size_t i = get_global_id(0);
    if (i >= (size_t)rows * heads * time) return;
    d_heads[d_heads_at + part_at + i] += d[d_at + i / time / heads * time + i % time] / heads;
}

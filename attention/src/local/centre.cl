// Where local_p looks: p = n sigmoid(v^T tanh(h)). A work-group has one row.
#define ITEMS 64

__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void centre(
    const uint width, const uint sentences, __global const uint *lengths,
    __global const float *h, const ulong h_at, __global const float *v, const ulong v_at,
    __global float *p, const ulong p_at)
{
    __local float scratch[ITEMS];
    const size_t row = get_group_id(0);
    h += h_at + row * width;
    v += v_at;
    float sum = 0.0f;
    for (uint j = get_local_id(0); j < width; j += ITEMS) sum += v[j] * tanh(h[j]);
    sum = group_sum(sum, scratch);
    if (get_local_id(0) == 0) p[p_at + row] = lengths[row % sentences] / (1.0f + exp(-sum));
}

// dh, and the row's share of dv: n y (1 - y) is the sigmoid's slope, y being p / n.
__kernel void centre_back(
    const uint rows, const uint width, const uint sentences, __global const uint *lengths,
    __global const float *h, const ulong h_at, __global const float *v, const ulong v_at,
    __global const float *p, const ulong p_at, __global const float *dp, const ulong dp_at,
    __global float *dh, const ulong dh_at, __global float *dv, const ulong dv_at)
{
    const size_t i = get_global_id(0);
    if (i >= (size_t)rows * width) return;
    const size_t row = i / width;
    const float n = max(lengths[row % sentences], 1u), centre = p[p_at + row];
    const float d = dp[dp_at + row] * centre * (1.0f - centre / n);
    const float y = tanh(h[h_at + i]);
    dh[dh_at + i] = d * v[v_at + i % width] * (1.0f - y * y);
    dv[dv_at + i] = d * y;
}

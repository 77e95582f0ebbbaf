// A work-group of ITEMS work-items has one row of `width` elements.
#define ITEMS 64

__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void layer_norm(
    const uint width, const float eps,
    __global const float *x, const ulong x_at, __global const float *w, const ulong w_at,
    __global const float *b, const ulong b_at, __global float *normal, const ulong normal_at,
    __global float *scales, const ulong scales_at, __global float *y, const ulong y_at)
{
    __local float scratch[ITEMS];
    const size_t row = get_group_id(0);
    x += x_at + row * width;
    y += y_at + row * width;
    normal += normal_at + row * width;
    w += w_at;
    b += b_at;
    float sum = 0.0f;
    for (uint i = get_local_id(0); i < width; i += ITEMS) sum += x[i];
    const float mean = group_sum(sum, scratch) / width;
    float squares = 0.0f;
    for (uint i = get_local_id(0); i < width; i += ITEMS) squares += (x[i] - mean) * (x[i] - mean);
    const float scale = 1.0f / sqrt(group_sum(squares, scratch) / width + eps);
    for (uint i = get_local_id(0); i < width; i += ITEMS) {
        const float v = (x[i] - mean) * scale;
        normal[i] = v;
        y[i] = v * w[i] + b[i];
    }
    if (get_local_id(0) == 0) scales[scales_at + row] = scale;
}

// dx = scale (g - mean(g) - n mean(g n)), g = dy w, in the place of dy.
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void layer_norm_back(
    const uint width, __global const float *normal, const ulong normal_at,
    __global const float *scales, const ulong scales_at, __global const float *w, const ulong w_at,
    __global float *d, const ulong d_at)
{
    __local float scratch[ITEMS];
    const size_t row = get_group_id(0);
    d += d_at + row * width;
    normal += normal_at + row * width;
    w += w_at;
    float sum = 0.0f, sum_n = 0.0f;
    for (uint i = get_local_id(0); i < width; i += ITEMS) {
        const float g = d[i] * w[i];
        sum += g;
        sum_n += g * normal[i];
    }
    const float mean = group_sum(sum, scratch) / width, mean_n = group_sum(sum_n, scratch) / width;
    const float scale = scales[scales_at + row];
    for (uint i = get_local_id(0); i < width; i += ITEMS)
        d[i] = (d[i] * w[i] - mean - normal[i] * mean_n) * scale;
}

// dw = sum of dy n, db = sum of dy, over the rows.
#define COLUMNS 16
#define LANES 16
__attribute__((reqd_work_group_size(COLUMNS, LANES, 1)))
__kernel void layer_norm_weights(
    const uint rows, const uint width, __global const float *normal, const ulong normal_at,
    __global const float *d, const ulong d_at, __global float *dw, const ulong dw_at,
    __global float *db, const ulong db_at)
{
    __local float of_w[LANES][COLUMNS], of_b[LANES][COLUMNS];
    normal += normal_at;
    d += d_at;
    const uint i = get_local_id(0), lane = get_local_id(1), column = get_group_id(0) * COLUMNS + i;
    float sum_w = 0.0f, sum_b = 0.0f;
    if (column < width)
        for (uint r = lane; r < rows; r += LANES) {
            const size_t at = (size_t)r * width + column;
            sum_w += d[at] * normal[at];
            sum_b += d[at];
        }
    of_w[lane][i] = sum_w;
    of_b[lane][i] = sum_b;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane == 0 && column < width) {
        float total_w = 0.0f, total_b = 0.0f;
        for (uint l = 0; l < LANES; l++) {
            total_w += of_w[l][i];
            total_b += of_b[l][i];
        }
        dw[dw_at + column] = total_w;
        db[db_at + column] = total_b;
    }
}

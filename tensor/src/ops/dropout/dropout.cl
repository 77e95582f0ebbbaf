// What is drawn for a row's four elements from `4 block` on: 0 or 1 / (1 - p) each.
float4 factors(uint row, uint block, uint width, uint rows, uint first, uint distance, uint total,
               uint key_low, uint key_high, uint step, uint place, uint threshold, float keep)
{
    const ulong b = first + (ulong)(row % rows) * distance;
    const ulong counter = ((ulong)(row / rows) * total + b) * ((width + 3) / 4) + block;
    const uint4 words = philox((uint4)((uint)counter, (uint)(counter >> 32), step, place),
                               (uint2)(key_low, key_high));
    return (float4)(words.x < threshold ? 0.0f : keep, words.y < threshold ? 0.0f : keep,
                    words.z < threshold ? 0.0f : keep, words.w < threshold ? 0.0f : keep);
}

#define DRAWN const uint count, const uint width, const uint rows, const uint first, \
    const uint distance, const uint total, const uint key_low, const uint key_high, const uint step, \
    const uint place, const uint threshold, const float keep
#define FACTORS factors(row, block, width, rows, first, distance, total, key_low, key_high, step, \
    place, threshold, keep)

// y = x times what is drawn; a work-item has four neighbours.
__kernel void dropout(
    DRAWN, __global const float *x, const ulong x_at, __global float *y, const ulong y_at)
{
    const uint block = get_global_id(0), row = get_global_id(1);
    if (4 * block >= width || row >= count) return;
    x += x_at + (size_t)row * width;
    y += y_at + (size_t)row * width;
    const float4 f = FACTORS;
    const float factor[4] = { f.x, f.y, f.z, f.w };
    for (uint i = 4 * block, k = 0; k < 4 && i < width; i++, k++) y[i] = x[i] * factor[k];
}

// x *= what is drawn.
__kernel void dropout_in_place(DRAWN, __global float *x, const ulong x_at)
{
    const uint block = get_global_id(0), row = get_global_id(1);
    if (4 * block >= width || row >= count) return;
    x += x_at + (size_t)row * width;
    const float4 f = FACTORS;
    const float factor[4] = { f.x, f.y, f.z, f.w };
    for (uint i = 4 * block, k = 0; k < 4 && i < width; i++, k++) x[i] *= factor[k];
}

// y = x times a mask that comes again every `period` elements.
__kernel void masked(
    const uint n, const uint period, __global const float *x, const ulong x_at,
    __global const float *mask, const ulong mask_at, __global float *y, const ulong y_at)
{
    const size_t i = get_global_id(0);
    if (i < n) y[y_at + i] = x[x_at + i] * mask[mask_at + i % period];
}

// y[i] = table[ids[i]], rows of `width` elements.
__kernel void embedding(
    const uint count, const uint width, __global const uint *ids,
    __global const float *table, const ulong table_at, __global float *y, const ulong y_at)
{
    table += table_at;
    y += y_at;
    const uint column = get_global_id(0), i = get_global_id(1);
    if (column < width && i < count) y[(size_t)i * width + column] = table[(size_t)ids[i] * width + column];
}

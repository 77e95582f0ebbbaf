// Norms of all gradients of a model. A work-group of the first kernel has one chunk of an arena:
// four numbers in `chunks` say whose it is, where it starts and how long it is.

#define ITEMS 256
#define ITEM get_local_id(0)
// Numbers of a parameter in `coefficients`; the first is 0 where it has no gradient.
#define COEFFICIENTS 8

// The sum of squares of each chunk of x.
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void chunk_squares(
    __global const uint *chunks, __global const float *coefficients, const ulong coefficients_at,
    __global const float *x, const ulong x_at, __global float *sums, const ulong sums_at)
{
    __local float scratch[ITEMS];
    const size_t chunk = get_group_id(0);
    const uint owner = chunks[4 * chunk], start = chunks[4 * chunk + 1], n = chunks[4 * chunk + 2];
    x += x_at + start;
    float sum = 0.0f;
    if (coefficients[coefficients_at + COEFFICIENTS * owner] != 0.0f)
        for (uint i = ITEM; i < n; i += ITEMS) sum += x[i] * x[i];
    sum = group_sum(sum, scratch);
    if (ITEM == 0) sums[sums_at + chunk] = sum;
}

// Sums chunks up to parameters: each[p] = sum over its chunks. One work-group a parameter.
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void owner_sums(
    __global const uint *first_chunks, __global const float *sums, const ulong sums_at,
    __global float *each, const ulong each_at)
{
    __local float scratch[ITEMS];
    const size_t owner = get_group_id(0);
    float sum = 0.0f;
    for (uint c = first_chunks[owner] + ITEM; c < first_chunks[owner + 1]; c += ITEMS)
        sum += sums[sums_at + c];
    sum = group_sum(sum, scratch);
    if (ITEM == 0) each[each_at + owner] = sum;
}

// C = start + A B, tile by tile, behind tile.cl. A work-group computes TILE x TILE elements of C, a
// work-item ITEM x ITEM of them, in CHUNKS x CHUNKS squares that lie apart, so that vectors of local
// memory are read without conflicts.

#define EDGE (TILE / ITEM)
#define CHUNK (ITEM < 4 ? ITEM : 4)
#define CHUNKS (ITEM / CHUNK)
#define APART (TILE / CHUNKS)
// Vectors stay aligned; terms lie in different banks.
#define WIDTH (TILE + 4)

// The line of a tile that is element c * CHUNK + e of work-item `place`.
#define LINE(place, c, e) ((c) * APART + (place) * CHUNK + (e))

void put(__local float *tile, const float *next, const bool by_terms, const uint item)
{
#pragma unroll
    for (uint q = 0; q < EACH; q++) {
        const uint2 at = place(item + q * ITEMS, by_terms);
        tile[at.y * WIDTH + at.x] = next[q];
    }
}

// A work-item's elements of one term.
void take(float *x, __local const float *term, const uint place)
{
#pragma unroll
    for (uint c = 0; c < CHUNKS; c++) {
#if ITEM < 4
        const float2 v = *(__local const float2 *)(term + LINE(place, c, 0));
        x[0] = v.x, x[1] = v.y;
#else
        const float4 v = *(__local const float4 *)(term + LINE(place, c, 0));
        x[4 * c] = v.x, x[4 * c + 1] = v.y, x[4 * c + 2] = v.z, x[4 * c + 3] = v.w;
#endif
    }
}

__attribute__((reqd_work_group_size(EDGE, EDGE, 1)))
__kernel void product(
    const uint m, const uint n, const uint depth,
    __global const float *a, const ulong a_at, const uint a_stride, const uint a_batch,
    __global const float *b, const ulong b_at, const uint b_stride, const uint b_batch,
    __global const float *bias, const ulong bias_at, const uint start,
    __global float *c, const ulong c_at, const uint c_first, const uint c_stride, const uint c_batch)
{
    __local float4 memory_a[DEPTH * WIDTH / 4], memory_b[DEPTH * WIDTH / 4];
    __local float *tile_a = (__local float *)memory_a, *tile_b = (__local float *)memory_b;
    const size_t batch = get_group_id(2);
    a += a_at + batch * a_batch;
    b += b_at + batch * b_batch;
    c += c_at + c_first + batch * c_batch;
    bias += bias_at;
    const uint x = get_local_id(0), y = get_local_id(1), item = y * EDGE + x;
    const uint first_row = get_group_id(1) * TILE, first_column = get_group_id(0) * TILE;

    float sums[ITEM][ITEM];
#pragma unroll
    for (uint i = 0; i < ITEM; i++)
#pragma unroll
        for (uint j = 0; j < ITEM; j++) sums[i][j] = 0.0f;

    // The next terms come from global memory while these are multiplied.
    float next_a[EACH], next_b[EACH];
    fetch(next_a, a, a_stride, A_BY_TERMS, first_row, m, 0, depth, item);
    fetch(next_b, b, b_stride, B_BY_TERMS, first_column, n, 0, depth, item);
    for (uint first = 0; first < depth; first += DEPTH) {
        put(tile_a, next_a, A_BY_TERMS, item);
        put(tile_b, next_b, B_BY_TERMS, item);
        barrier(CLK_LOCAL_MEM_FENCE);
        fetch(next_a, a, a_stride, A_BY_TERMS, first_row, m, first + DEPTH, depth, item);
        fetch(next_b, b, b_stride, B_BY_TERMS, first_column, n, first + DEPTH, depth, item);
#pragma unroll 8
        for (uint k = 0; k < DEPTH; k++) {
            float row[ITEM], column[ITEM];
            take(row, tile_a + k * WIDTH, y);
            take(column, tile_b + k * WIDTH, x);
#pragma unroll
            for (uint i = 0; i < ITEM; i++)
#pragma unroll
                for (uint j = 0; j < ITEM; j++) sums[i][j] = fma(row[i], column[j], sums[i][j]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }

#pragma unroll
    for (uint i = 0; i < ITEM; i++) {
        const uint row = first_row + LINE(y, i / CHUNK, i % CHUNK);
#pragma unroll
        for (uint j = 0; j < ITEM; j++) {
            const uint column = first_column + LINE(x, j / CHUNK, j % CHUNK);
            store(c, c_stride, m, n, row, column, bias, start, sums[i][j]);
        }
    }
}

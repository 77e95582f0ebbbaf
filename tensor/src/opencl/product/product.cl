// C = start + A B, tile by tile. A work-group computes TILE_M x TILE_N elements of C, a work-item
// ITEM_M x ITEM_N of them, DEPTH terms at a time from local memory.
//
// A_ALONG: A(i, k) is a[k * stride + i] instead of a[i * stride + k]. B_ALONG: B(k, j) is
// b[j * stride + k] instead of b[k * stride + j].

#define ITEMS_X (TILE_N / ITEM_N)
#define ITEMS_Y (TILE_M / ITEM_M)
#define ITEMS (ITEMS_X * ITEMS_Y)
// A column more keeps neighbours in different banks.
#define WIDTH_A (TILE_M + 1)
#define WIDTH_B (TILE_N + 1)

// What C begins with.
#define ZERO 0
#define BIAS 1
#define OUTPUT 2

__attribute__((reqd_work_group_size(ITEMS_X, ITEMS_Y, 1)))
__kernel void product(
    const uint m, const uint n, const uint depth,
    __global const float *a, const ulong a_at, const uint a_stride, const uint a_batch,
    __global const float *b, const ulong b_at, const uint b_stride, const uint b_batch,
    __global const float *bias, const ulong bias_at, const uint start,
    __global float *c, const ulong c_at, const uint c_first, const uint c_stride, const uint c_batch)
{
    __local float tile_a[DEPTH * WIDTH_A];
    __local float tile_b[DEPTH * WIDTH_B];
    const size_t batch = get_group_id(2);
    a += a_at + batch * a_batch;
    b += b_at + batch * b_batch;
    c += c_at + c_first + batch * c_batch;
    bias += bias_at;
    const uint x = get_local_id(0), y = get_local_id(1);
    const uint item = y * ITEMS_X + x;
    const uint first_row = get_group_id(1) * TILE_M, first_column = get_group_id(0) * TILE_N;

    float sums[ITEM_M][ITEM_N];
    for (int i = 0; i < ITEM_M; i++)
        for (int j = 0; j < ITEM_N; j++) sums[i][j] = 0.0f;

    for (uint first = 0; first < depth; first += DEPTH) {
        // Neighbours read neighbours.
        for (uint e = item; e < DEPTH * TILE_M; e += ITEMS) {
#ifdef A_ALONG
            const uint i = e % TILE_M, k = e / TILE_M;
            const uint row = first_row + i, term = first + k;
            const size_t at = (size_t)term * a_stride + row;
#else
            const uint k = e % DEPTH, i = e / DEPTH;
            const uint row = first_row + i, term = first + k;
            const size_t at = (size_t)row * a_stride + term;
#endif
            tile_a[k * WIDTH_A + i] = row < m && term < depth ? a[at] : 0.0f;
        }
        for (uint e = item; e < DEPTH * TILE_N; e += ITEMS) {
#ifdef B_ALONG
            const uint k = e % DEPTH, j = e / DEPTH;
            const uint column = first_column + j, term = first + k;
            const size_t at = (size_t)column * b_stride + term;
#else
            const uint j = e % TILE_N, k = e / TILE_N;
            const uint column = first_column + j, term = first + k;
            const size_t at = (size_t)term * b_stride + column;
#endif
            tile_b[k * WIDTH_B + j] = column < n && term < depth ? b[at] : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint k = 0; k < DEPTH; k++) {
            float row[ITEM_M], column[ITEM_N];
            for (int i = 0; i < ITEM_M; i++) row[i] = tile_a[k * WIDTH_A + y + i * ITEMS_Y];
            for (int j = 0; j < ITEM_N; j++) column[j] = tile_b[k * WIDTH_B + x + j * ITEMS_X];
            for (int i = 0; i < ITEM_M; i++)
                for (int j = 0; j < ITEM_N; j++) sums[i][j] = mad(row[i], column[j], sums[i][j]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    for (int i = 0; i < ITEM_M; i++) {
        const uint row = first_row + y + i * ITEMS_Y;
        if (row >= m) continue;
        for (int j = 0; j < ITEM_N; j++) {
            const uint column = first_column + x + j * ITEMS_X;
            if (column >= n) continue;
            const size_t at = (size_t)row * c_stride + column;
            float value = sums[i][j];
            if (start == BIAS) value += bias[column];
            if (start == OUTPUT) value += c[at];
            c[at] = value;
        }
    }
}

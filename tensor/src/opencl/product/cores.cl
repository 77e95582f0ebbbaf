// C = start + A B with factors rounded to TF32, behind tile.cl: a work-group computes TILE x TILE
// elements of C, its warps of 32 work-items side by side, each in products of 16 x 8 by 8 terms.
//
// With PTX these run on tensor cores (mma.sync, from compute capability 8.0 on). Without it the same
// work-items compute the same sums from local memory: slowly, but on any device.

#define LANES 32
#define WARPS (ITEMS / LANES)
#define WARPS_DOWN 2
#define WARPS_ACROSS (WARPS / WARPS_DOWN)
// Products of a warp, downwards and across.
#define DOWN (TILE / WARPS_DOWN / 16)
#define ACROSS (TILE / WARPS_ACROSS / 8)

// Where a line's term lies in a tile: so that neither writing nor reading it meets a bank twice.
#define AT(by_terms, line, k) ((by_terms) ? (line) * (DEPTH + 4) + (k) : (k) * (TILE + 8) + (line))
#define SIZE(by_terms) ((by_terms) ? TILE * (DEPTH + 4) : DEPTH * (TILE + 8))

// The nearest number of 10 bits of fraction; what is no number stays as it is.
float tf32(const float x)
{
    return isfinite(x) ? as_float((as_uint(x) + 0x1000u) & 0xffffe000u) : x;
}

void put(__local float *tile, const float *next, const bool by_terms, const uint item)
{
#pragma unroll
    for (uint q = 0; q < EACH; q++) {
        const uint2 at = place(item + q * ITEMS, by_terms);
        tile[AT(by_terms, at.x, at.y)] = tf32(next[q]);
    }
}

// A product C += A B of 16 x 8 by 8 terms is spread over the lanes of a warp like this, g being
// lane / 4 and t lane % 4:
//   a    A(g, t)      A(g + 8, t)     A(g, t + 4)      A(g + 8, t + 4)
//   b    B(t, g)      B(t + 4, g)
//   sum  C(g, 2 t)    C(g, 2 t + 1)   C(g + 8, 2 t)    C(g + 8, 2 t + 1)
// Element r of a lane's a and b, in the warp's products of row i and column j, from term k on:
#define A_OF(i, k, lane, r)                                                                       \
    tile_a[AT(A_BY_TERMS, down + (i) * 16 + (lane) / 4 + (r) % 2 * 8, (k) + (lane) % 4 + (r) / 2 * 4)]
#define B_OF(j, k, lane, r)                                                                       \
    tile_b[AT(B_BY_TERMS, across + (j) * 8 + (lane) / 4, (k) + (lane) % 4 + (r) * 4)]

#ifdef PTX
#define MULTIPLY(sums, a, b)                                                                      \
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, "          \
                 "{%4, %5, %6, %7}, {%8, %9}, {%10, %11, %12, %13};"                              \
                 : "=f"((sums)[0]), "=f"((sums)[1]), "=f"((sums)[2]), "=f"((sums)[3])             \
                 : "r"(as_uint((a)[0])), "r"(as_uint((a)[1])), "r"(as_uint((a)[2])),              \
                   "r"(as_uint((a)[3])), "r"(as_uint((b)[0])), "r"(as_uint((b)[1])),              \
                   "f"((sums)[0]), "f"((sums)[1]), "f"((sums)[2]), "f"((sums)[3]))
#endif

__attribute__((reqd_work_group_size(LANES, WARPS, 1)))
__kernel void product_on_cores(
    const uint m, const uint n, const uint depth,
    __global const float *a, const ulong a_at, const uint a_stride, const uint a_batch,
    __global const float *b, const ulong b_at, const uint b_stride, const uint b_batch,
    __global const float *bias, const ulong bias_at, const uint start,
    __global float *c, const ulong c_at, const uint c_first, const uint c_stride, const uint c_batch)
{
    __local float tile_a[SIZE(A_BY_TERMS)], tile_b[SIZE(B_BY_TERMS)];
    const size_t batch = get_group_id(2);
    a += a_at + batch * a_batch;
    b += b_at + batch * b_batch;
    c += c_at + c_first + batch * c_batch;
    bias += bias_at;
    const uint lane = get_local_id(0), warp = get_local_id(1), item = warp * LANES + lane;
    const uint first_row = get_group_id(1) * TILE, first_column = get_group_id(0) * TILE;
    // The warp's first line of each tile.
    const uint down = warp % WARPS_DOWN * DOWN * 16, across = warp / WARPS_DOWN * ACROSS * 8;

    float sums[DOWN][ACROSS][4];
#pragma unroll
    for (uint i = 0; i < DOWN; i++)
#pragma unroll
        for (uint j = 0; j < ACROSS; j++)
#pragma unroll
            for (uint r = 0; r < 4; r++) sums[i][j][r] = 0.0f;

    float next_a[EACH], next_b[EACH];
    fetch(next_a, a, a_stride, A_BY_TERMS, first_row, m, 0, depth, item);
    fetch(next_b, b, b_stride, B_BY_TERMS, first_column, n, 0, depth, item);
    for (uint first = 0; first < depth; first += DEPTH) {
        put(tile_a, next_a, A_BY_TERMS, item);
        put(tile_b, next_b, B_BY_TERMS, item);
        barrier(CLK_LOCAL_MEM_FENCE);
        fetch(next_a, a, a_stride, A_BY_TERMS, first_row, m, first + DEPTH, depth, item);
        fetch(next_b, b, b_stride, B_BY_TERMS, first_column, n, first + DEPTH, depth, item);
#ifdef PTX
#pragma unroll
        for (uint k = 0; k < DEPTH; k += 8) {
            float rows[DOWN][4], columns[ACROSS][2];
#pragma unroll
            for (uint i = 0; i < DOWN; i++)
#pragma unroll
                for (uint r = 0; r < 4; r++) rows[i][r] = A_OF(i, k, lane, r);
#pragma unroll
            for (uint j = 0; j < ACROSS; j++)
#pragma unroll
                for (uint r = 0; r < 2; r++) columns[j][r] = B_OF(j, k, lane, r);
#pragma unroll
            for (uint i = 0; i < DOWN; i++)
#pragma unroll
                for (uint j = 0; j < ACROSS; j++) MULTIPLY(sums[i][j], rows[i], columns[j]);
        }
#else
        // The same, each lane taking from local memory what the others' lanes hold.
        for (uint k = 0; k < DEPTH; k++)
            for (uint i = 0; i < DOWN; i++)
                for (uint j = 0; j < ACROSS; j++)
                    for (uint r = 0; r < 4; r++) {
                        const uint column = 2 * (lane % 4) + r % 2, upper = k % 8 / 4;
                        const float a = A_OF(i, k / 8 * 8, lane / 4 * 4 + k % 4, r / 2 + upper * 2);
                        const float b = B_OF(j, k / 8 * 8, column * 4 + k % 4, upper);
                        sums[i][j][r] = fma(a, b, sums[i][j][r]);
                    }
#endif
        barrier(CLK_LOCAL_MEM_FENCE);
    }

#pragma unroll
    for (uint i = 0; i < DOWN; i++)
#pragma unroll
        for (uint j = 0; j < ACROSS; j++)
#pragma unroll
            for (uint r = 0; r < 4; r++) {
                const uint row = first_row + down + i * 16 + lane / 4 + r / 2 * 8;
                const uint column = first_column + across + j * 8 + 2 * (lane % 4) + r % 2;
                store(c, c_stride, m, n, row, column, bias, start, sums[i][j][r]);
            }
}

// C = start + A B for processors: a work-group is one work-item, which computes a band of rows times
// 2 V columns of C in vectors of V. The columns' part of B is packed first, DEPTH terms at a time,
// and then read by all rows of the band. A_ALONG and B_ALONG are those of product.cl.

#define JOIN(a, b) a##b
#define JOINED(a, b) JOIN(a, b)
#define VECTOR JOINED(float, V)
#define LOAD JOINED(vload, V)
#define STORE JOINED(vstore, V)
#define WIDE (2 * V)

#define ZERO 0
#define BIAS 1
#define OUTPUT 2

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void product_rows(
    const uint m, const uint n, const uint depth, const uint band,
    __global const float *a, const ulong a_at, const uint a_stride, const uint a_batch,
    __global const float *b, const ulong b_at, const uint b_stride, const uint b_batch,
    __global const float *bias, const ulong bias_at, const uint start,
    __global float *c, const ulong c_at, const uint c_first, const uint c_stride, const uint c_batch)
{
    __local float panel[DEPTH * WIDE];
    const size_t batch = get_group_id(2);
    const uint column = get_group_id(0) * WIDE, columns = min((uint)WIDE, n - column);
    const uint first_row = get_group_id(1) * band, end_row = min(first_row + band, m);
    a += a_at + batch * a_batch;
    b += b_at + batch * b_batch;
    c += c_at + c_first + batch * c_batch + column;
    bias += bias_at + column;
#ifdef A_ALONG
    const size_t a_row = 1, a_term = a_stride;
#else
    const size_t a_row = a_stride, a_term = 1;
#endif

    // Once even without terms: C begins with something.
    for (uint first = 0; first == 0 || first < depth; first += DEPTH) {
        const uint terms = min((uint)DEPTH, depth - first);
#ifdef B_ALONG
        for (uint j = 0; j < WIDE; j++)
            for (uint k = 0; k < terms; k++)
                panel[k * WIDE + j] = j < columns ? b[(size_t)(column + j) * b_stride + first + k] : 0.0f;
#else
        for (uint k = 0; k < terms; k++)
            for (uint j = 0; j < WIDE; j++)
                panel[k * WIDE + j] = j < columns ? b[(size_t)(first + k) * b_stride + column + j] : 0.0f;
#endif
        for (uint row = first_row; row < end_row; row += ROWS) {
            // Rows past the end are computed as the last one, and not stored.
            __global const float *from[ROWS];
            VECTOR low[ROWS], high[ROWS];
            for (uint i = 0; i < ROWS; i++) {
                from[i] = a + min(row + i, m - 1) * a_row + first * a_term;
                low[i] = 0.0f;
                high[i] = 0.0f;
            }
            for (uint k = 0; k < terms; k++) {
                const VECTOR left = LOAD(0, panel + k * WIDE), right = LOAD(1, panel + k * WIDE);
                for (uint i = 0; i < ROWS; i++) {
                    const VECTOR factor = from[i][k * a_term];
                    low[i] = fma(factor, left, low[i]);
                    high[i] = fma(factor, right, high[i]);
                }
            }
            for (uint i = 0; i < ROWS; i++) {
                if (row + i >= end_row) break;
                __global float *to = c + (size_t)(row + i) * c_stride;
                float values[WIDE];
                STORE(low[i], 0, values);
                STORE(high[i], 1, values);
                const bool adds = start == OUTPUT || first > 0;
                for (uint j = 0; j < columns; j++) {
                    const float before = adds ? to[j] : start == BIAS ? bias[j] : 0.0f;
                    to[j] = before + values[j];
                }
            }
        }
    }
}

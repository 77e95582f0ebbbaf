// What products by tiles share: how a work-group brings its TILE rows of A and its TILE columns of B
// to local memory, DEPTH terms at a time, ITEMS work-items together.
//
// A_ALONG: A(i, k) is a[k * stride + i] instead of a[i * stride + k]. B_ALONG: B(k, j) is
// b[j * stride + k] instead of b[k * stride + j]. To a tile both are the same: lines (rows of A,
// columns of B) of terms, in memory either term by term or line by line.

#ifdef A_ALONG
#define A_BY_TERMS false
#else
#define A_BY_TERMS true
#endif
#ifdef B_ALONG
#define B_BY_TERMS true
#else
#define B_BY_TERMS false
#endif

// Elements of a tile that a work-item brings.
#define EACH (DEPTH * TILE / ITEMS)

// What C begins with.
#define ZERO 0
#define BIAS 1
#define OUTPUT 2

// Line (x) and term (y) of a tile's element: neighbours read neighbours.
uint2 place(const uint e, const bool by_terms)
{
    return by_terms ? (uint2)(e / DEPTH, e % DEPTH) : (uint2)(e % TILE, e / TILE);
}

// Reads a work-item's elements of the tile of lines from `first` on and terms from `term` on; zeros
// past the `lines` and `depth` that there are.
void fetch(
    float *next, __global const float *x, const uint stride, const bool by_terms, const uint first,
    const uint lines, const uint term, const uint depth, const uint item)
{
#pragma unroll
    for (uint q = 0; q < EACH; q++) {
        const uint2 at = place(item + q * ITEMS, by_terms);
        const uint line = first + at.x, k = term + at.y;
        const size_t along = by_terms ? line : k, across = by_terms ? k : line;
        next[q] = line < lines && k < depth ? x[along * stride + across] : 0.0f;
    }
}

// Stores element (row, column) of C, where there is one: what it begins with, and its sum.
void store(
    __global float *c, const uint stride, const uint m, const uint n, const uint row,
    const uint column, __global const float *bias, const uint start, float sum)
{
    if (row >= m || column >= n) return;
    const size_t at = (size_t)row * stride + column;
    if (start == BIAS) sum += bias[column];
    if (start == OUTPUT) sum += c[at];
    c[at] = sum;
}

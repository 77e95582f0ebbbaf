// Products by tiles: a work-group has ROWS rows of the batch and UNITS units; a work-item has
// ITEM_ROWS rows of one unit, and of every term of a product only each SLICES-th, since a step's
// product has few elements and many terms. The sums meet in local memory.

#ifdef WIDE
#define ROWS 64
#define SLICES 1
#define DEPTH 32
#define BACK_DEPTH 64
#else
#define ROWS 16
#define SLICES 4
#define DEPTH 64
#define BACK_DEPTH 128
#endif
#define UNITS 16
#define ITEM_ROWS 4
#define ITEMS_Y (ROWS / ITEM_ROWS)
#define ITEMS (UNITS * ITEMS_Y * SLICES)
#define MOST(a, b) ((a) > (b) ? (a) : (b))
// Rows a little apart keep neighbours in different banks.
#define PAD_ROWS (ROWS + 4)
#define PAD_COLUMNS(count) (UNITS * (count) + 1)
// Floats of local memory for a product of `count` gates that makes `sums` sums an element.
#define MEMORY(depth, count, sums) \
    MOST((depth) * (PAD_ROWS + PAD_COLUMNS(count)), SLICES * (sums) * ROWS * UNITS)
// In whole vectors, which begin where vectors may.
#define VECTORS(depth, count, sums) ((MEMORY(depth, count, sums) + 3) / 4)

uint item_of_group(void)
{
    return (get_local_id(2) * ITEMS_Y + get_local_id(1)) * UNITS + get_local_id(0);
}

// Rows of x from the group's first one on, terms from..from + depth of `terms`.
void load_rows(
    __local float *tile, const uint depth, const uint from, const uint terms,
    __global const float *x, const size_t stride, const uint first_row, const uint rows)
{
    for (uint e = item_of_group(); e < depth * ROWS; e += ITEMS) {
        const uint k = e % depth, i = e / depth;
        const bool inside = first_row + i < rows && from + k < terms;
        tile[k * PAD_ROWS + i] = inside ? x[(first_row + i) * stride + from + k] : 0.0f;
    }
}

// A work-item's rows of one term, all at once: a tile's rows begin with whole vectors.
void take_rows(float *row, __local const float *term)
{
    const float4 v = *(__local const float4 *)(term + get_local_id(1) * ITEM_ROWS);
    row[0] = v.x, row[1] = v.y, row[2] = v.z, row[3] = v.w;
}

// What each slice summed up, of every sum of the group's elements.
void share(const float *sums, const uint count, __local float *memory)
{
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint k = 0; k < count; k++)
        for (uint i = 0; i < ITEM_ROWS; i++) {
            const uint row = get_local_id(1) * ITEM_ROWS + i;
            const uint place = (get_local_id(2) * count + k) * ROWS + row;
            memory[place * UNITS + get_local_id(0)] = sums[k * ITEM_ROWS + i];
        }
    barrier(CLK_LOCAL_MEM_FENCE);
}

// Sum k of an element, where all have shared theirs.
float shared_sum(
    __local const float *memory, const uint count, const uint k, const uint row, const uint unit)
{
    float sum = 0.0f;
    for (uint slice = 0; slice < SLICES; slice++)
        sum += memory[((slice * count + k) * ROWS + row) * UNITS + unit];
    return sum;
}

// sums += D W of one unit: rows d of `terms`, w [terms, .].
void add_product_back(
    float *sums, __global const float *d, const size_t d_stride, const uint terms,
    __global const float *w, const size_t w_stride, const uint rows, const uint first_row,
    const uint units, const uint first_unit, __local float *memory)
{
    __local float *tile = memory, *weights = memory + BACK_DEPTH * PAD_ROWS;
    for (uint from = 0; from < terms; from += BACK_DEPTH) {
        barrier(CLK_LOCAL_MEM_FENCE);
        load_rows(tile, BACK_DEPTH, from, terms, d, d_stride, first_row, rows);
        for (uint e = item_of_group(); e < BACK_DEPTH * UNITS; e += ITEMS) {
            const uint u = e % UNITS, k = e / UNITS;
            const bool inside = first_unit + u < units && from + k < terms;
            weights[k * PAD_COLUMNS(1) + u] =
                inside ? w[(from + k) * w_stride + first_unit + u] : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint k = get_local_id(2); k < BACK_DEPTH; k += SLICES) {
            const float weight = weights[k * PAD_COLUMNS(1) + get_local_id(0)];
            float row[ITEM_ROWS];
            take_rows(row, tile + k * PAD_ROWS);
#pragma unroll
            for (uint i = 0; i < ITEM_ROWS; i++) sums[i] = mad(row[i], weight, sums[i]);
        }
    }
}

// The backward pass through the products of one step, all in one launch: the state before gets
// dh += m (D W), parts of the input dx = D W. Work-groups are shared out over the columns of all.

__attribute__((reqd_work_group_size(UNITS, ITEMS_Y, SLICES)))
__kernel void products_back(
    const uint batch, const uint has, READS(mask), READS(d), const uint d_stride, const uint terms,
    READS(w), const uint n, WRITES(dh), READS(d_input), const uint input_terms, READS(w_ih),
    const uint input_stride, const uint a_first, const uint a_width, WRITES(a), const uint b_first,
    const uint b_width, WRITES(b))
{
    __local float4 vectors[VECTORS(BACK_DEPTH, 1, 1)];
    __local float *memory = (__local float *)vectors;
    const uint tiles = (n + UNITS - 1) / UNITS, a_tiles = (a_width + UNITS - 1) / UNITS;
    const uint group = get_group_id(0), first_row = get_group_id(1) * ROWS;
    const bool is_state = group < tiles, is_a = !is_state && group < tiles + a_tiles;
    const uint tile = is_state ? group : is_a ? group - tiles : group - tiles - a_tiles;
    const uint first_unit = tile * UNITS, units = is_state ? n : is_a ? a_width : b_width;
    __global float *to = is_state ? dh + dh_at : is_a ? a + a_at : b + b_at;
    __global const float *from = is_state ? d + d_at : d_input + d_input_at;
    __global const float *weights =
        is_state ? w + w_at : w_ih + w_ih_at + (is_a ? a_first : b_first);
    float sums[ITEM_ROWS];
    for (uint i = 0; i < ITEM_ROWS; i++) sums[i] = 0.0f;
    add_product_back(
        sums, from, is_state ? d_stride : input_terms, is_state ? terms : input_terms, weights,
        is_state ? n : input_stride, batch, first_row, units, first_unit, memory);
    share(sums, 1, memory);
    for (uint e = item_of_group(); e < ROWS * UNITS; e += ITEMS) {
        const uint row = e / UNITS, unit = e % UNITS;
        if (first_row + row < batch && first_unit + unit < units) {
            const size_t at = (size_t)(first_row + row) * units + first_unit + unit;
            float v = shared_sum(memory, 1, 0, row, unit);
            if (is_state) {
                if (has & HAS_MASK) v *= mask[mask_at + at];
                v += to[at];
            }
            to[at] = v;
        }
    }
}

// table[ids[u]] += the sum of the rows that `positions` lists for entry u. `plan` holds the ids, then
// from `firsts` on where each entry's list begins (and the end of the last), then the lists.
__kernel void add_rows(
    const uint entries, const uint width, const uint firsts, const uint positions,
    __global const uint *plan,
    __global const float *rows, const ulong rows_at,
    __global float *table, const ulong table_at)
{
    const uint column = get_global_id(0), entry = get_global_id(1);
    if (column >= width || entry >= entries) return;
    rows += rows_at;
    table += table_at;
    const uint end = plan[firsts + entry + 1];
    float sum = 0.0f;
    for (uint p = plan[firsts + entry]; p < end; p++)
        sum += rows[(size_t)plan[positions + p] * width + column];
    table[(size_t)plan[entry] * width + column] += sum;
}

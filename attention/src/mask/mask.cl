// Which positions a query sees. Row r is a query of step first + r / entries * each; entry r % entries of the
// memory is a head of a sentence.
#define WHOLE 0
#define CAUSAL 1
#define AROUND_STEP 2
#define AROUND_CENTRE 3

#define SEEN_ARGUMENTS                                                                            \
    const uint time, const uint entries, const uint heads, __global const uint *lengths,          \
        const uint limit, const ulong first, const uint each, const uint rule, const uint reach,      \
        const uint reversed
#define SEEN time, entries, heads, lengths, limit, first, each, rule, reach, reversed

uint sentence_length(uint row, SEEN_ARGUMENTS) {
    return min(lengths[row % entries / heads], time);
}

// From x to before y.
uint2 seen(uint row, float centre, SEEN_ARGUMENTS) {
    const uint length = sentence_length(row, SEEN);
    const ulong step = first + (ulong)(row / entries) * each;
    const uint last = length > 0 ? length - 1 : 0;
    const uint centred = min(last, (uint)convert_uint_sat(floor(centre)));
    const uint middle = rule == AROUND_STEP ? (uint)min((ulong)last, step) : centred;
    const bool is_window = rule >= AROUND_STEP;
    const uint until = rule == CAUSAL ? (uint)min((ulong)length, step + 1) : min(length, limit);
    const uint from = is_window && middle > reach ? middle - reach : 0;
    const uint to = is_window ? min(middle + reach + 1, length) : until;
    return is_window && reversed ? (uint2)(length - to, length - from) : (uint2)(from, to);
}

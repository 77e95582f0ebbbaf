// A work-group of ITEMS work-items has one row of logits.
#define ITEMS 256
#define ITEM get_local_id(0)

// The gradient takes the place of the logits; `found` gets three numbers a row: loss without its
// weight, -log p(target), and 1 where the target is the first of the largest.
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void cross_entropy(
    const uint classes, const uint has_ignored, const uint ignored, const float smoothing,
    const float weight, __global const uint *targets, __global float *logits, const ulong logits_at,
    __global float *found, const ulong found_at)
{
    __local float scratch[ITEMS];
    const size_t row = get_group_id(0);
    __global float *x = logits + logits_at + row * classes;
    found += found_at + 3 * row;
    const uint target = targets[row];
    // A row that does not count has nothing to look at, but meets the others' barriers.
    const bool counts = !(has_ignored && target == ignored);
    const uint n = counts ? classes : 0;
    const float keep = 1.0f - smoothing, share = smoothing / classes;
    float most = -INFINITY;
    for (uint i = ITEM; i < n; i += ITEMS) most = fmax(most, x[i]);
    most = group_max(most, scratch);
    const float at_target = x[target];
    float total = 0.0f, off = 0.0f, before = 0.0f;
    for (uint i = ITEM; i < n; i += ITEMS) {
        const float v = x[i];
        total += exp(v - most);
        off += most - v;
        if (i < target && v >= most) before = 1.0f;
    }
    total = group_sum(total, scratch);
    off = group_sum(off, scratch);
    before = group_sum(before, scratch);
    const float log_total = log(total), nll = log_total + (most - at_target);
    const float factor = weight / total, shift = -share * weight;
    for (uint i = ITEM; i < classes; i += ITEMS)
        x[i] = counts ? exp(x[i] - most) * factor + shift - (i == target ? keep * weight : 0.0f) : 0.0f;
    if (ITEM == 0) {
        // share times the sum of -log p over all classes, each log_total + (most - v).
        const float all = smoothing > 0.0f ? share * (classes * log_total + off) : 0.0f;
        found[0] = counts ? keep * nll + all : 0.0f;
        found[1] = counts ? nll : 0.0f;
        found[2] = counts && at_target == most && before == 0.0f ? 1.0f : 0.0f;
    }
}

// The sums of the rows' numbers: weighted loss, -log p, right ones.
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void cross_entropy_sums(
    const uint rows, const float weight, __global const float *found, const ulong found_at,
    __global float *sums, const ulong sums_at)
{
    __local float scratch[ITEMS];
    found += found_at;
    float loss = 0.0f, nll = 0.0f, right = 0.0f;
    for (uint r = ITEM; r < rows; r += ITEMS) {
        loss += found[3 * r];
        nll += found[3 * r + 1];
        right += found[3 * r + 2];
    }
    loss = group_sum(loss, scratch);
    nll = group_sum(nll, scratch);
    right = group_sum(right, scratch);
    if (ITEM == 0) {
        sums[sums_at] = weight * loss;
        sums[sums_at + 1] = nll;
        sums[sums_at + 2] = right;
    }
}

bool is_excluded(uint i, uint count, __global const uint *excluded) {
    bool found = false;
    for (uint k = 0; k < count; k++) found = found || excluded[k] == i;
    return found;
}

// Two numbers a row: the first of the largest that are not excluded, and its log probability.
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void argmax_except(
    const uint classes, const uint count, __global const uint *excluded,
    __global const float *logits, const ulong logits_at, __global float *best, const ulong best_at)
{
    __local float scratch[ITEMS];
    const size_t row = get_group_id(0);
    __global const float *x = logits + logits_at + row * classes;
    float most = -INFINITY, allowed = -INFINITY;
    for (uint i = ITEM; i < classes; i += ITEMS) {
        most = fmax(most, x[i]);
        if (!is_excluded(i, count, excluded)) allowed = fmax(allowed, x[i]);
    }
    most = group_max(most, scratch);
    allowed = group_max(allowed, scratch);
    float total = 0.0f, first = classes, any = classes;
    for (uint i = ITEM; i < classes; i += ITEMS) {
        total += exp(x[i] - most);
        if (!is_excluded(i, count, excluded)) {
            any = fmin(any, (float)i);
            if (x[i] == allowed) first = fmin(first, (float)i);
        }
    }
    total = group_sum(total, scratch);
    first = -group_max(-first, scratch);
    // Where no logit is a number, the first class that is allowed.
    any = -group_max(-any, scratch);
    if (ITEM == 0) {
        best[best_at + 2 * row] = first < classes ? first : any < classes ? any : 0.0f;
        best[best_at + 2 * row + 1] = (allowed - most) - log(total);
    }
}

// The log probability of one class a row.
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void log_probabilities(
    const uint classes, __global const uint *ids, __global const float *logits,
    const ulong logits_at, __global float *y, const ulong y_at)
{
    __local float scratch[ITEMS];
    const size_t row = get_group_id(0);
    __global const float *x = logits + logits_at + row * classes;
    float most = -INFINITY;
    for (uint i = ITEM; i < classes; i += ITEMS) most = fmax(most, x[i]);
    most = group_max(most, scratch);
    float total = 0.0f;
    for (uint i = ITEM; i < classes; i += ITEMS) total += exp(x[i] - most);
    total = group_sum(total, scratch);
    if (ITEM == 0) y[y_at + row] = (x[ids[row]] - most) - log(total);
}

// Queries over a memory: scores, masked softmax, weighted sum, and the backward pass. A work-group of
// TEAMS teams of LANES work-items has one row, a query of one step, sentence and head; what it
// writes outside of that row belongs to no other group of the launch. Barriers stand outside of all
// conditions, in loops of as many turns for every work-item of a group (some of none): a barrier
// within a condition, though the same for all, is miscompiled by pocl 3.1.
#define LANES 32
#define TEAMS 8
#define ITEMS (LANES * TEAMS)
// Positions that are scored between two barriers, and those of a team.
#define EACH 4
#define TILE (TEAMS * EACH)
#define SCRATCH (TILE * (LANES + 1))
#define GROUP __attribute__((reqd_work_group_size(LANES, TEAMS, 1)))

// What the backward pass was given, and which gradients it adds to.
#define D_CONTEXT 1
#define D_WEIGHTS 2
#define INTO_VALUES 4
#define INTO_KEYS 8

uint item(void) { return get_local_id(1) * LANES + get_local_id(0); }

void all_written(void) { barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE); }

// The sum of every work-item's v.
float sum_of_all(float v, __local float *scratch) {
    const uint i = item();
    scratch[i] = v;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint part = ITEMS / 2; part > 0; part /= 2) {
        if (i < part) scratch[i] += scratch[i + part];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const float sum = scratch[0];
    barrier(CLK_LOCAL_MEM_FENCE);
    return sum;
}

float max_of_all(float v, __local float *scratch) {
    const uint i = item();
    scratch[i] = v;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint part = ITEMS / 2; part > 0; part /= 2) {
        if (i < part) scratch[i] = fmax(scratch[i], scratch[i + part]);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const float most = scratch[0];
    barrier(CLK_LOCAL_MEM_FENCE);
    return most;
}

// Work-item i gets the sum over the lanes of position i of a tile; sums[e] is the lane's share of
// position e * TEAMS + team.
float sum_of_lanes(const float *sums, __local float *scratch) {
    const uint i = item();
    for (uint e = 0; e < EACH; e++)
        scratch[(get_local_id(1) + e * TEAMS) * (LANES + 1) + get_local_id(0)] = sums[e];
    barrier(CLK_LOCAL_MEM_FENCE);
    float sum = 0.0f;
    if (i < TILE)
        for (uint lane = 0; lane < LANES; lane++) sum += scratch[i * (LANES + 1) + lane];
    barrier(CLK_LOCAL_MEM_FENCE);
    return sum;
}

// Where a pass takes `columns` of them at a time (LANES, twice that, ... ITEMS), several teams
// share a column: its number, which part of its rows this is, and of how many.
uint column_of(uint columns) {
    return (get_local_id(1) & (columns / LANES - 1)) * LANES + get_local_id(0);
}
uint part_of(uint columns) { return get_local_id(1) / (columns / LANES); }
uint parts_of(uint columns) { return ITEMS / columns; }

// The sum over the parts of a column, for part 0.
float sum_of_parts(float v, uint columns, __local float *scratch) {
    const uint i = item();
    scratch[i] = v;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (i < columns)
        for (uint other = i + columns; other < ITEMS; other += columns) v += scratch[other];
    barrier(CLK_LOCAL_MEM_FENCE);
    return v;
}

#ifdef GAUSSIAN
#define BELL_ARGUMENTS                                                                            \
    const float sigma, const uint renormalize, __global const float *restrict centres,            \
        const ulong centres_at,
#define CENTRE centres[centres_at + row]
#else
#define BELL_ARGUMENTS
#define CENTRE 0.0f
#endif

// The score's side: `keys` as wide as the query, or a table's products as the query.
#ifdef TABLE
#define SCORE_ARGUMENTS                                                                           \
    const uint width, __global const float *restrict query, const ulong query_at,
#else
#ifdef WEIGHED
#define V_ARGUMENTS __global const float *restrict v, const ulong v_at,
#define V(j) v[v_at + j]
#else
#define V_ARGUMENTS
#define V(j) 1.0f
#endif
#define SCORE_ARGUMENTS                                                                           \
    const uint width, const uint columns, const float scale,                                      \
        __global const float *restrict query, const ulong query_at,                               \
        __global const float *restrict keys, const ulong keys_at, V_ARGUMENTS
#endif

#define VALUES_ARGUMENTS                                                                          \
    const uint value_width, const uint value_columns, __global const float *restrict values,      \
        const ulong values_at,

GROUP __kernel void attend(
    SEEN_ARGUMENTS, BELL_ARGUMENTS SCORE_ARGUMENTS VALUES_ARGUMENTS
#ifdef GAUSSIAN
    __global float *restrict softmax, const ulong softmax_at,
#endif
    __global float *restrict weights, const ulong weights_at,
    __global float *restrict context, const ulong context_at)
{
    __local float scratch[SCRATCH];
    const uint i = item(), lane = get_local_id(0), team = get_local_id(1);
    const size_t row = get_group_id(0), entry = row % entries;
    const uint2 span = seen(row, CENTRE, SEEN);
    weights += weights_at + row * time;
    query += query_at + row * width;

    // The scores, in the weights' place.
#ifdef TABLE
    for (uint s = span.x + i; s < span.y; s += ITEMS) weights[s] = query[s];
#else
    const size_t stride = (size_t)entries * width;
    keys += keys_at + entry * width;
    for (uint first = span.x; first < span.y; first += TILE) {
        float sums[EACH] = {0.0f};
        for (uint j = lane; j < width; j += LANES) {
            const float q = query[j], v_j = V(j);
#pragma unroll
            for (uint e = 0; e < EACH; e++) {
                const uint s = first + team + e * TEAMS;
                if (s < span.y) sums[e] += term(q, keys[s * stride + j], v_j);
            }
        }
        const float sum = sum_of_lanes(sums, scratch);
        if (i < TILE && first + i < span.y) weights[first + i] = scale * sum;
    }
    all_written();
#endif

    // From here on a work-item has every ITEMS-th position.
    float most = -INFINITY;
    for (uint s = span.x + i; s < span.y; s += ITEMS) most = fmax(most, weights[s]);
    most = max_of_all(most, scratch);
    float total = 0.0f;
    for (uint s = span.x + i; s < span.y; s += ITEMS) {
        const float a = exp(weights[s] - most);
        weights[s] = a;
        total += a;
    }
    const float share = 1.0f / sum_of_all(total, scratch);
    for (uint s = span.x + i; s < span.y; s += ITEMS) weights[s] *= share;
#ifdef GAUSSIAN
    softmax += softmax_at + row * time;
    const uint length = sentence_length(row, SEEN);
    total = 0.0f;
    for (uint s = span.x + i; s < span.y; s += ITEMS) {
        const float a = weights[s];
        softmax[s] = a;
        weights[s] = a * bell_factor(bell_distance(s, length, reversed, CENTRE), sigma);
        total += weights[s];
    }
    total = sum_of_all(total, scratch);
    if (!renormalize) total = 1.0f;
    for (uint s = span.x + i; s < span.y; s += ITEMS) weights[s] /= total;
#endif
    for (uint s = i; s < time; s += ITEMS)
        if (s < span.x || s >= span.y) weights[s] = 0.0f;
    all_written();

    const size_t value_stride = (size_t)entries * value_width;
    values += values_at + entry * value_width;
    context += context_at + row * value_width;
    const uint part = part_of(value_columns), parts = parts_of(value_columns);
    for (uint first = 0; first < value_width; first += value_columns) {
        const uint j = first + column_of(value_columns);
        float sum = 0.0f;
        if (j < value_width) {
#pragma unroll 4
            for (uint s = span.x + part; s < span.y; s += parts)
                sum += weights[s] * values[s * value_stride + j];
        }
        sum = sum_of_parts(sum, value_columns, scratch);
        if (part == 0 && j < value_width) context[j] = sum;
    }
}

// The backward pass of a row. d_scores holds the weights' gradients, where they are given, and gets those
// of the scores. Gradients of the memory are added to where no other row of the launch asks its
// entry; else attend_back_memory does it. TIED: keys and values are one, and so are their gradients.
GROUP __kernel void attend_back(
    SEEN_ARGUMENTS, BELL_ARGUMENTS SCORE_ARGUMENTS VALUES_ARGUMENTS
#ifdef GAUSSIAN
    __global const float *restrict softmax, const ulong softmax_at,
    __global float *restrict d_centres, const ulong d_centres_at,
#endif
    const uint given, __global const float *restrict weights, const ulong weights_at,
    __global const float *restrict d_context, const ulong d_context_at,
    __global float *restrict d_scores, const ulong d_scores_at,
    __global float *restrict d_query, const ulong d_query_at,
#ifdef WEIGHED
    __global float *restrict d_v, const ulong d_v_at,
#endif
#if !defined(TABLE) && !defined(TIED)
    __global float *restrict d_keys, const ulong d_keys_at, const ulong keys_part_at,
#endif
    __global float *restrict d_values, const ulong d_values_at, const ulong values_part_at)
{
    __local float scratch[SCRATCH];
    const uint i = item(), lane = get_local_id(0), team = get_local_id(1);
    const size_t row = get_group_id(0), entry = row % entries;
    const uint2 span = seen(row, CENTRE, SEEN);
    weights += weights_at + row * time;
    d_scores += d_scores_at + row * time;
    query += query_at + row * width;
    d_query += d_query_at + row * width;

    // Gradients of the weights.
    const size_t value_stride = (size_t)entries * value_width;
    values += values_at + entry * value_width;
    d_values += d_values_at + values_part_at + entry * value_width;
    d_context += d_context_at + row * value_width;
#ifdef TIED
    const bool into_values = false;
#else
    const bool into_values = given & INTO_VALUES;
#endif
    const uint end = given & D_CONTEXT ? span.y : span.x;
    for (uint first = span.x; first < end; first += TILE) {
        float sums[EACH] = {0.0f}, a[EACH] = {0.0f};
        for (uint e = 0; e < EACH; e++) {
            const uint s = first + team + e * TEAMS;
            if (s < end) a[e] = weights[s];
        }
        for (uint j = lane; j < value_width; j += LANES) {
            const float d = d_context[j];
#pragma unroll
            for (uint e = 0; e < EACH; e++) {
                const uint s = first + team + e * TEAMS;
                if (s < end) {
                    sums[e] += d * values[s * value_stride + j];
                    if (into_values) d_values[s * value_stride + j] += a[e] * d;
                }
            }
        }
        const float sum = sum_of_lanes(sums, scratch);
        if (i < TILE && first + i < end)
            d_scores[first + i] = (given & D_WEIGHTS ? d_scores[first + i] : 0.0f) + sum;
    }
    all_written();

    // Gradients of the softmax, then of the scores; a work-item has every ITEMS-th position.
#ifdef GAUSSIAN
    softmax += softmax_at + row * time;
    const uint length = sentence_length(row, SEEN);
    float bent = 0.0f, bent_along = 0.0f;
    for (uint s = span.x + i; s < span.y; s += ITEMS) {
        const float distance = bell_distance(s, length, reversed, CENTRE);
        const float a = softmax[s] * bell_factor(distance, sigma);
        bent += a;
        bent_along += a * d_scores[s];
    }
    bent = sum_of_all(bent, scratch);
    bent_along = sum_of_all(bent_along, scratch);
    const float bell_scale = renormalize ? 1.0f / bent : 1.0f;
    const float bell_mean = renormalize ? bent_along / bent : 0.0f;
    float d_centre = 0.0f;
    for (uint s = span.x + i; s < span.y; s += ITEMS) {
        const float distance = bell_distance(s, length, reversed, CENTRE);
        const float d = (d_scores[s] - bell_mean) * bell_scale * bell_factor(distance, sigma);
        d_scores[s] = d;
        d_centre += d * softmax[s] * distance / (sigma * sigma);
    }
    d_centre = sum_of_all(d_centre, scratch);
    if (i == 0) d_centres[d_centres_at + row] = d_centre;
#else
    __global const float *softmax = weights;
#endif
    float along = 0.0f;
    for (uint s = span.x + i; s < span.y; s += ITEMS) along += softmax[s] * d_scores[s];
    along = sum_of_all(along, scratch);
    for (uint s = span.x + i; s < span.y; s += ITEMS)
        d_scores[s] = softmax[s] * (d_scores[s] - along);
    for (uint s = i; s < time; s += ITEMS)
        if (s < span.x || s >= span.y) d_scores[s] = 0.0f;
    all_written();

    // Gradients of query and keys.
#ifdef TABLE
    for (uint s = i; s < width; s += ITEMS)
        d_query[s] = s >= span.x && s < span.y ? d_scores[s] : 0.0f;
#else
    const size_t stride = (size_t)entries * width;
    keys += keys_at + entry * width;
#ifdef TIED
    __global float *d_keys = d_values;
    const bool into_keys = given & INTO_VALUES;
#else
    d_keys += d_keys_at + keys_part_at + entry * width;
    const bool into_keys = given & INTO_KEYS;
#endif
    const uint part = part_of(columns), parts = parts_of(columns);
    for (uint first = 0; first < width; first += columns) {
        const uint j = first + column_of(columns);
        float dq = 0.0f, dv = 0.0f;
        if (j < width) {
            const float q = query[j], v_j = V(j);
#ifdef TIED
            const float d_c = given & D_CONTEXT ? d_context[j] : 0.0f;
#endif
#pragma unroll 4
            for (uint s = span.x + part; s < span.y; s += parts) {
                const size_t at = s * stride + j;
                const float3 back = term_back(q, keys[at], v_j, scale * d_scores[s]);
                dq += back.x;
                dv += back.z;
#ifdef TIED
                if (into_keys) d_keys[at] += back.y + weights[s] * d_c;
#else
                if (into_keys) d_keys[at] += back.y;
#endif
            }
        }
        dq = sum_of_parts(dq, columns, scratch);
        if (part == 0 && j < width) d_query[j] = dq;
#ifdef WEIGHED
        dv = sum_of_parts(dv, columns, scratch);
        if (part == 0 && j < width) d_v[d_v_at + row * width + j] = dv;
#endif
    }
#endif
}

// Where several rows ask an entry, the gradients of the memory, summed up over the steps. A
// work-group has a position of an entry.
GROUP __kernel void attend_back_memory(
    const uint steps, const uint entries, const uint time, SCORE_ARGUMENTS VALUES_ARGUMENTS
    const uint given, __global const float *restrict weights, const ulong weights_at,
    __global const float *restrict d_context, const ulong d_context_at,
    __global const float *restrict d_scores, const ulong d_scores_at,
#if !defined(TABLE) && !defined(TIED)
    __global float *restrict d_keys, const ulong d_keys_at, const ulong keys_part_at,
#endif
    __global float *restrict d_values, const ulong d_values_at, const ulong values_part_at)
{
    __local float scratch[SCRATCH];
    const size_t s = get_group_id(0), entry = get_group_id(1);
    // Those of step t lie t * by_step further.
    const size_t by_step = (size_t)entries * time, first_weight = entry * time + s;
    weights += weights_at + first_weight;
    d_scores += d_scores_at + first_weight;
    d_context += d_context_at + entry * value_width;
    d_values += d_values_at + values_part_at + (s * entries + entry) * value_width;
    const uint into_values = given & INTO_VALUES && given & D_CONTEXT ? value_width : 0;
    const uint value_part = part_of(value_columns), value_parts = parts_of(value_columns);
    for (uint first = 0; first < into_values; first += value_columns) {
        const uint j = first + column_of(value_columns);
        float sum = 0.0f;
        if (j < value_width)
            for (uint t = value_part; t < steps; t += value_parts) {
                const float a = weights[t * by_step];
                if (a != 0.0f) sum += a * d_context[(size_t)t * entries * value_width + j];
            }
        sum = sum_of_parts(sum, value_columns, scratch);
        if (value_part == 0 && j < value_width) d_values[j] += sum;
    }
#ifndef TABLE
#ifdef TIED
    const uint into_keys = given & INTO_VALUES ? width : 0;
    __global float *d_keys = d_values;
#else
    const uint into_keys = given & INTO_KEYS ? width : 0;
    d_keys += d_keys_at + keys_part_at + (s * entries + entry) * width;
#endif
    const uint part = part_of(columns), parts = parts_of(columns);
    query += query_at + entry * width;
    keys += keys_at + (s * entries + entry) * width;
    for (uint first = 0; first < into_keys; first += columns) {
        const uint j = first + column_of(columns);
        float sum = 0.0f;
        if (j < width) {
            const float k = keys[j], v_j = V(j);
            for (uint t = part; t < steps; t += parts) {
                const float d = scale * d_scores[t * by_step];
                const float q = query[(size_t)t * entries * width + j];
                if (d != 0.0f) sum += term_back(q, k, v_j, d).y;
            }
        }
        sum = sum_of_parts(sum, columns, scratch);
        if (part == 0 && j < width) d_keys[j] += sum;
    }
#endif
}

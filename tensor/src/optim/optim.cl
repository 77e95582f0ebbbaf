// One pass over all parameters of a model. A work-group has one chunk of an arena: four numbers in
// `chunks` say whose it is, where it starts and how long it is.

#define ITEMS 256
#define ITEM get_local_id(0)
// Numbers of a parameter in `coefficients`; the first is 0 where it has no gradient.
#define COEFFICIENTS 8

// From the squares of each parameter's gradient: control[0] is what gradients are multiplied with
// (1 where there is nothing to clip), control[1] is 1 where the step may be taken, that is
// where the norm and the checked figures are finite numbers.
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void decide(
    const uint owners, const float limit, __global const float *each, const ulong each_at,
    const uint figures, __global const float *figure, const ulong figure_at,
    __global float *control, const ulong control_at)
{
    __local float scratch[ITEMS];
    float sum = 0.0f;
    for (uint p = ITEM; p < owners; p += ITEMS) sum += each[each_at + p];
    const float total = sqrt(group_sum(sum, scratch));
    float odd = 0.0f;
    for (uint i = ITEM; i < figures; i += ITEMS) odd += isfinite(figure[figure_at + i]) ? 0.0f : 1.0f;
    odd = group_sum(odd, scratch);
    if (ITEM == 0) {
        const bool clips = isfinite(total) && limit >= 0.0f;
        control[control_at] = clips ? fmin(limit / (total + 1e-6f), 1.0f) : 1.0f;
        control[control_at + 1] = isfinite(total) && odd == 0.0f ? 1.0f : 0.0f;
    }
}

// What each rule does to an element: value p, clipped gradient g, state s0, s1, s2. `c` are the
// parameter's numbers, c[0] being 1 where it has a gradient.
#if defined(SGD)                    // rate, decay
#define SLOTS 0
#define RULE p -= c[1] * (g + c[2] * p);
#elif defined(MOMENTUM)             // rate, decay, momentum
#define SLOTS 1
#define RULE g += c[2] * p; s0 = c[3] * s0 + g; p -= c[1] * s0;
#elif defined(ADAM)                 // rate, decay, keep, 1 - beta1, beta2, root, eps; 1 - beta2 is FRESH
#define SLOTS 2
#define RULE \
    p *= c[3]; g += c[2] * p; s0 += c[4] * (g - s0); s1 = c[5] * s1 + fresh * g * g; \
    p -= c[1] * s0 / (sqrt(s1) * c[6] + c[7]);
#elif defined(ADADELTA)             // rate, decay, rho, eps
#define SLOTS 2
#define RULE \
    g += c[2] * p; s0 = c[3] * s0 + fresh * g * g; \
    float delta = sqrt(s1 + c[4]) / sqrt(s0 + c[4]) * g; \
    s1 = c[3] * s1 + fresh * delta * delta; p -= c[1] * delta;
#elif defined(ADAGRAD)              // rate, decay, eps
#define SLOTS 1
#define RULE g += c[2] * p; s0 += g * g; p -= c[1] * g / (sqrt(s0) + c[3]);
#elif defined(RMSPROP)              // rate, decay, alpha, eps, momentum
#define AVERAGE g += c[2] * p; s0 = c[3] * s0 + fresh * g * g;
// The variance, not below 0; NaN stays.
#define CENTRE(mean) mean += fresh * (g - mean); float square = s0 - mean * mean; \
    square = square < 0.0f ? 0.0f : square;
#define MOVE(square) p -= c[1] * g / (sqrt(square) + c[4]);
#define MOVE_ON(square) s1 = c[5] * s1 + g / (sqrt(square) + c[4]); p -= c[1] * s1;
#if RMSPROP == 0
#define SLOTS 1
#define RULE AVERAGE MOVE(s0)
#elif RMSPROP == 1                  // with momentum
#define SLOTS 2
#define RULE AVERAGE MOVE_ON(s0)
#elif RMSPROP == 2                  // centred
#define SLOTS 2
#define RULE AVERAGE CENTRE(s1) MOVE(square)
#else                               // both
#define SLOTS 3
#define RULE AVERAGE CENTRE(s2) MOVE_ON(square)
#endif
#endif

#ifdef SLOTS
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void optimizer_step(
    __global const uint *chunks, const float fresh, const uint has_norms,
    __global const float *coefficients, const ulong coefficients_at,
    __global const float *control, const ulong control_at,
    __global const float *gradient, const ulong gradient_at, __global float *value, const ulong value_at,
#if SLOTS > 0
    __global float *slot0, const ulong slot0_at,
#endif
#if SLOTS > 1
    __global float *slot1, const ulong slot1_at,
#endif
#if SLOTS > 2
    __global float *slot2, const ulong slot2_at,
#endif
    __global float *changes, const ulong changes_at, __global float *values, const ulong values_at)
{
    __local float scratch[ITEMS];
    const size_t chunk = get_group_id(0);
    const uint owner = chunks[4 * chunk], start = chunks[4 * chunk + 1], n = chunks[4 * chunk + 2];
    float c[COEFFICIENTS];
    for (uint k = 0; k < COEFFICIENTS; k++) c[k] = coefficients[coefficients_at + COEFFICIENTS * owner + k];
    const float factor = control[control_at];
    const bool moves = control[control_at + 1] != 0.0f && c[0] != 0.0f;
    float change = 0.0f, norm = 0.0f;
    if (moves)
        for (uint k = ITEM; k < n; k += ITEMS) {
            const size_t i = start + k;
            float g = gradient[gradient_at + i] * factor, p = value[value_at + i];
            const float before = p;
#if SLOTS > 0
            float s0 = slot0[slot0_at + i];
#endif
#if SLOTS > 1
            float s1 = slot1[slot1_at + i];
#endif
#if SLOTS > 2
            float s2 = slot2[slot2_at + i];
#endif
            RULE
            value[value_at + i] = p;
#if SLOTS > 0
            slot0[slot0_at + i] = s0;
#endif
#if SLOTS > 1
            slot1[slot1_at + i] = s1;
#endif
#if SLOTS > 2
            slot2[slot2_at + i] = s2;
#endif
            change += (p - before) * (p - before);
            norm += before * before;
        }
    if (has_norms) {
        change = group_sum(change, scratch);
        norm = group_sum(norm, scratch);
        if (ITEM == 0) {
            changes[changes_at + chunk] = change;
            values[values_at + chunk] = norm;
        }
    }
}
#endif

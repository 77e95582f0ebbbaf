// The gating of the GRUs. RESET_BEFORE: the reset comes before the product, and a step has two
// programs, PHASE 0 for r and z and PHASE 1 for n and the new state; without it a step is one.

#ifndef RESET_BEFORE

// n's product with the state stays apart: y[2], kept for the backward pass in block 2.
void forward_element(
    const Forward *s, const uint b, const uint j, const float *x, const float *y)
{
    const uint n = s->n;
    const size_t at = (size_t)b * n + j, row = (size_t)b * 3 * n + j;
    float h = s->h_before[at];
    if (is_active(s->lengths, s->time, b)) {
        __global float *gates = s->gates + row;
        const float r = sigmoid(x[0] + y[0]), z = sigmoid(x[1] + y[1]);
        const float new = tanh(x[2] + r * y[2]);
        gates[0] = r;
        gates[n] = z;
        gates[2 * n] = new;
        s->kept[row + 2 * n] = y[2];
        h = new + z * (h - new);
    }
    set_state(s, at, h);
}

void backward_element(const Backward *s, const uint b, const uint j, const float through)
{
    const uint n = s->n;
    const size_t at = (size_t)b * n + j, row = (size_t)b * 3 * n + j;
    const bool active = is_active(s->lengths, s->time, b);
    const float d = state_gradient(s, at, through, active);
    __global float *gates = s->gates + row, *kept = s->kept + row;
    float d_r = 0.0f, d_z = 0.0f, d_n = 0.0f, d_kept = 0.0f, d_before = d;
    if (active) {
        const float r = gates[0], z = gates[n], new = gates[2 * n];
        d_n = d * (1.0f - z) * (1.0f - new * new);
        d_r = d_n * kept[2 * n] * sigmoid_slope(r);
        d_z = d * (s->h_before[at] - new) * sigmoid_slope(z);
        d_kept = d_n * r;
        d_before = d * z;
    }
    gates[0] = d_r;
    gates[n] = d_z;
    gates[2 * n] = d_n;
    kept[0] = d_r;
    kept[n] = d_z;
    kept[2 * n] = d_kept;
    s->dh[at] = d_before;
}

#elif PHASE == 0

// r and z; r h is kept for the second product, zero where no sequence is.
void forward_element(
    const Forward *s, const uint b, const uint j, const float *x, const float *y)
{
    const uint n = s->n;
    const size_t at = (size_t)b * n + j;
    float reset = 0.0f;
    if (is_active(s->lengths, s->time, b)) {
        __global float *gates = s->gates + (size_t)b * 3 * n + j;
        const float r = sigmoid(x[0] + y[0]);
        gates[0] = r;
        gates[n] = sigmoid(x[1] + y[1]);
        reset = r * s->state[at];
    }
    s->kept[at] = reset;
}

// `through` n's product comes the gradient of r h.
void backward_element(const Backward *s, const uint b, const uint j, const float through)
{
    const uint n = s->n;
    const size_t at = (size_t)b * n + j;
    if (is_active(s->lengths, s->time, b)) {
        __global float *gates = s->gates + (size_t)b * 3 * n + j;
        const float r = gates[0], d = through * r;
        gates[0] = through * s->state[at] * sigmoid_slope(r);
        s->dh[at] += s->mask ? s->mask[at] * d : d;
    }
}

#else

// n and the new state.
void forward_element(
    const Forward *s, const uint b, const uint j, const float *x, const float *y)
{
    const uint n = s->n;
    const size_t at = (size_t)b * n + j;
    float h = s->h_before[at];
    if (is_active(s->lengths, s->time, b)) {
        __global float *gates = s->gates + (size_t)b * 3 * n + j;
        const float new = tanh(x[0] + y[0]);
        gates[2 * n] = new;
        h = new + gates[n] * (h - new);
    }
    set_state(s, at, h);
}

// r's place keeps r.
void backward_element(const Backward *s, const uint b, const uint j, const float through)
{
    const uint n = s->n;
    const size_t at = (size_t)b * n + j;
    const bool active = is_active(s->lengths, s->time, b);
    const float d = state_gradient(s, at, through, active);
    __global float *gates = s->gates + (size_t)b * 3 * n + j;
    if (active) {
        const float z = gates[n], new = gates[2 * n];
        gates[n] = d * (s->h_before[at] - new) * sigmoid_slope(z);
        gates[2 * n] = d * (1.0f - z) * (1.0f - new * new);
        s->dh[at] = d * z;
    } else {
        for (uint k = 0; k < 3; k++) gates[k * n] = 0.0f;
        s->dh[at] = d;
    }
}

#endif

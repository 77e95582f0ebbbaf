// The gating of the LSTMs. INPUT: an input gate, else i = 1 - f. FORGET: a forget gate, else f = 1.
// PEEPHOLE: the gates see the cell state. SQUASH: the squashing functions of 1997, else tanh.

// The places of the gates; i, where there is one, is the first.
#ifdef INPUT
#define AT_F 1
#else
#define AT_F 0
#endif
#ifdef FORGET
#define AT_G (AT_F + 1)
#else
#define AT_G AT_F
#endif
#define AT_O (AT_G + 1)

// tanh x; 4 sigmoid(x) - 2 = 2 tanh(x / 2) with SQUASH. And its slope by its value.
float squash_input(const float x)
{
#ifdef SQUASH
    return 2.0f * tanh(0.5f * x);
#else
    return tanh(x);
#endif
}

float squash_input_slope(const float g)
{
#ifdef SQUASH
    return 1.0f - 0.25f * g * g;
#else
    return 1.0f - g * g;
#endif
}

// tanh c; 2 sigmoid(c) - 1 = tanh(c / 2) with SQUASH. And its slope by its value.
float squash_output(const float c)
{
#ifdef SQUASH
    return tanh(0.5f * c);
#else
    return tanh(c);
#endif
}

float squash_output_slope(const float t)
{
#ifdef SQUASH
    return 0.5f * (1.0f - t * t);
#else
    return 1.0f - t * t;
#endif
}

void forward_element(
    const Forward *s, const uint b, const uint j, const float *x, const float *y)
{
    const uint n = s->n;
    const size_t at = (size_t)b * n + j;
    const float before = s->c_before[at];
    float h = s->h_before[at], c = before;
    if (is_active(s->lengths, s->time, b)) {
        __global float *gates = s->gates + (size_t)b * GATES * n + j;
        float f = 1.0f;
#ifdef FORGET
        float f_sum = x[AT_F] + y[AT_F];
#ifdef PEEPHOLE
        f_sum += s->peephole[n + j] * before;
#endif
        f = sigmoid(f_sum);
        gates[AT_F * n] = f;
#endif
        float i = 1.0f - f;
#ifdef INPUT
        float i_sum = x[0] + y[0];
#ifdef PEEPHOLE
        i_sum += s->peephole[j] * before;
#endif
        i = sigmoid(i_sum);
        gates[0] = i;
#endif
        const float g = squash_input(x[AT_G] + y[AT_G]);
        gates[AT_G * n] = g;
        c = f * before + i * g;
        float o_sum = x[AT_O] + y[AT_O];
#ifdef PEEPHOLE
        o_sum += s->peephole[2 * n + j] * c;
#endif
        const float o = sigmoid(o_sum);
        gates[AT_O * n] = o;
        h = o * squash_output(c);
    }
    s->c[at] = c;
    set_state(s, at, h);
}

void backward_element(const Backward *s, const uint b, const uint j, const float through)
{
    const uint n = s->n;
    const size_t at = (size_t)b * n + j;
    const bool active = is_active(s->lengths, s->time, b);
    const float d = state_gradient(s, at, through, active);
    __global float *gates = s->gates + (size_t)b * GATES * n + j;
#ifdef PEEPHOLE
    __global float *d_peephole = s->d_peephole + (size_t)b * 3 * n + j;
#endif
    if (active) {
        float f = 1.0f;
#ifdef FORGET
        f = gates[AT_F * n];
#endif
        float i = 1.0f - f;
#ifdef INPUT
        i = gates[0];
#endif
        const float g = gates[AT_G * n], o = gates[AT_O * n];
        const float before = s->c_before[at], after = s->c[at], t = squash_output(after);
        const float d_o = d * t * sigmoid_slope(o);
        gates[AT_O * n] = d_o;
        float d_cell = s->dc[at] + d * o * squash_output_slope(t);
#ifdef PEEPHOLE
        d_cell += d_o * s->peephole[2 * n + j];
        d_peephole[2 * n] = d_o * after;
#endif
        gates[AT_G * n] = d_cell * i * squash_input_slope(g);
        float d_before = d_cell * f;
#ifdef INPUT
        const float d_i = d_cell * g * sigmoid_slope(i);
        gates[0] = d_i;
#ifdef PEEPHOLE
        d_before += d_i * s->peephole[j];
        d_peephole[0] = d_i * before;
#endif
#endif
#ifdef FORGET
#ifdef INPUT
        const float d_f = d_cell * before * sigmoid_slope(f);
#else
        const float d_f = d_cell * (before - g) * sigmoid_slope(f);
#endif
        gates[AT_F * n] = d_f;
#ifdef PEEPHOLE
        d_before += d_f * s->peephole[n + j];
        d_peephole[n] = d_f * before;
#endif
#endif
        s->dc[at] = d_before;
        s->dh[at] = 0.0f;
    } else {
        for (uint k = 0; k < GATES; k++) gates[k * n] = 0.0f;
#ifdef PEEPHOLE
        for (uint k = 0; k < 3; k++) d_peephole[k * n] = 0.0f;
#endif
        s->dh[at] = d;
    }
}

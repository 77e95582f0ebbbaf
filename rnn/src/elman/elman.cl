// The gating of Elman's network: max(0, .) with RELU, else tanh.

void forward_element(
    const Forward *s, const uint b, const uint j, const float *x, const float *y)
{
    const size_t at = (size_t)b * s->n + j;
    float h = s->h_before[at];
    if (is_active(s->lengths, s->time, b)) {
        const float sum = x[0] + y[0];
#ifdef RELU
        h = fmax(sum, 0.0f);
#else
        h = tanh(sum);
#endif
        s->gates[at] = h;
    }
    set_state(s, at, h);
}

void backward_element(const Backward *s, const uint b, const uint j, const float through)
{
    const size_t at = (size_t)b * s->n + j;
    const bool active = is_active(s->lengths, s->time, b);
    const float d = state_gradient(s, at, through, active);
    const float h = s->gates[at];
#ifdef RELU
    const float slope = h > 0.0f ? 1.0f : 0.0f;
#else
    const float slope = 1.0f - h * h;
#endif
    s->gates[at] = active ? d * slope : 0.0f;
    s->dh[at] = active ? 0.0f : d;
}

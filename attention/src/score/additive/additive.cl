// The additive score, v^T tanh(q + k).
#define WEIGHED

// A column's share of the score.
float term(float q, float k, float v) { return v * tanh(q + k); }

// Its backward pass from d: the query's share, the key's, and that of v.
float3 term_back(float q, float k, float v, float d) {
    const float y = tanh(q + k), inner = d * v * (1.0f - y * y);
    return (float3)(inner, inner, d * y);
}

// The dot product, q^T k; there is no v.

// A column's share of the score.
float term(float q, float k, float v) { return q * k; }

// Its backward pass from d: the query's share, the key's, and that of v.
float3 term_back(float q, float k, float v, float d) { return (float3)(d * k, d * q, 0.0f); }

// The Gaussian around a centre.

// How far entry s of a sentence is from the centre, in positions.
float bell_distance(uint s, uint length, uint reversed, float centre) {
    return (float)(reversed ? length - 1 - s : s) - centre;
}

float bell_factor(float distance, float sigma) {
    return exp(-distance * distance / (2.0f * sigma * sigma));
}

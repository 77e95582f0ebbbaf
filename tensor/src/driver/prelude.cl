// What all programs share. Group functions must be reached by every work-item of a work-group; they
// work along dimension 0, and `uninit` has one float for each work-item.

float sigmoid(float x) { return 1.0f / (1.0f + exp(-x)); }

// The sum of every work-item's v, for all of them; the group's size is a power of two.
float group_sum(float v, __local float *scratch) {
    const uint i = get_local_id(0);
    scratch[i] = v;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint half_size = get_local_size(0) / 2; half_size > 0; half_size /= 2) {
        if (i < half_size) scratch[i] += scratch[i + half_size];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const float sum = scratch[0];
    barrier(CLK_LOCAL_MEM_FENCE);
    return sum;
}

// The largest of every work-item's v; a NaN of any is passed over.
float group_max(float v, __local float *scratch) {
    const uint i = get_local_id(0);
    scratch[i] = v;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint half_size = get_local_size(0) / 2; half_size > 0; half_size /= 2) {
        if (i < half_size) scratch[i] = fmax(scratch[i], scratch[i + half_size]);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const float most = scratch[0];
    barrier(CLK_LOCAL_MEM_FENCE);
    return most;
}

// Philox4x32-10: four random words for a counter and a key.
uint4 philox(uint4 counter, uint2 key) {
    for (int round = 0; round < 10; round++) {
        const uint a_high = mul_hi(0xD2511F53u, counter.x), a_low = 0xD2511F53u * counter.x;
        const uint b_high = mul_hi(0xCD9E8D57u, counter.z), b_low = 0xCD9E8D57u * counter.z;
        counter = (uint4)(b_high ^ counter.y ^ key.x, b_low, a_high ^ counter.w ^ key.y, a_low);
        key += (uint2)(0x9E3779B9u, 0xBB67AE85u);
    }
    return counter;
}

/* Look-ups in plain C: tables of whole int32 entries, one look-up at a time. */
#include "engine.h"

static int runs_here(void) { return 1; }

float largest_portable(const float *x, size_t n) {
    float most = 0;
    for (size_t i = 0; i < n; i += 4) {
        float a[4] = {0};
        for (size_t j = 0; j < MIN(4, n - i); j++) a[j] = fabsf(x[i + j]);
        float norm = (a[0] + a[1]) + (a[2] + a[3]);
        if (!(norm <= FLT_MAX)) return INFINITY;
        if (norm > most) most = norm;
    }
    return most;
}

float largest_five_portable(const float *x, size_t n) { return largest_five_any(x, n); }

static void tables_portable(const float *x, int words, float scale, int planes, uint8_t *t) {
    (void)planes;
    for (int g = 0; g < 8 * words; g++)
        for (int e = 0; e < 16; e++) ((int32_t *)t)[g * 16 + e] = (int32_t)lrintf(signed_sum(x + 4 * g, e) * scale);
}

static void block_portable(const uint8_t *w, int words, const uint8_t *t, int n_x, int planes, int32_t *acc,
                           size_t stride) {
    for (int k = 0; k < n_x; k++, t += TABLE_BYTES, acc += stride)
        for (int r = 0; r < BLOCK; r++) {
            int32_t sum = 0; /* at most 256 groups of 24 bits: fits */
            for (int i = 0; i < words; i++) {
                uint32_t word = load_word(w + (size_t)i * PIECE, r, 4);
                const int32_t *table = (const int32_t *)t + i * 128;
                for (int g = 0; g < 8; g++) sum += table[g * 16 + (word >> 4 * g & 15)];
            }
            /* sum = 65536·high + 256·middle + low, as the byte planes of the other engines */
            for (int p = 0; p < planes - 1; p++, sum = (sum - (sum & 0xff)) / 256) acc[p * BLOCK + r] += sum & 0xff;
            acc[(planes - 1) * BLOCK + r] += sum;
        }
}

static void scaled_block_portable(const uint8_t *w, int words, const uint8_t *t, int n_x, int planes,
                                  const float *scales, const float *factor, float *out, size_t stride) {
    scaled_by(block_portable, w, words, t, n_x, planes, scales, factor, out, stride);
}

static void float_block_portable(const uint8_t *w, int words, const float *t, float *acc) {
    float_block_any(w, words, t, acc, 4);
}

void combine_portable(const int32_t *acc, int planes, double scale, int n, float *out) {
    combine_any(acc, planes, 256, scale, n, out);
}

void activate_portable(int activation, float *z, int n) { activate_any(activation, z, n); }

const Engine portable = {
    .name = "portable", .together = 4, .runs_here = runs_here, .largest = largest_portable,
    .largest_five = largest_five_portable, .tables = tables_portable, .block = block_portable,
    .scaled_block = scaled_block_portable, .float_block = float_block_portable, .combine = combine_portable,
    .activate = activate_portable,
};

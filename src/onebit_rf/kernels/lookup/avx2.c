/* Look-ups by AVX2.
 *
 * vpshufb looks 32 outputs up in one table, so the pieces are laid out by byte. Bytes are widened to 16 bits by
 * adding them twice: as 16-bit numbers (256·odd + even, modulo 2^16) and shifted (odd); 256 groups, one chunk, fit. */
#include "x86.h"
#ifdef HAVE_X86

#define AVX2 __attribute__((target("avx2,fma")))

AVX2 static void tables_avx2(const float *x, int words, float scale, int planes, uint8_t *t) {
    const int bias = 1 << (8 * planes - 1); /* makes the top plane unsigned; block_avx2 takes it off */
    for (int g = 0; g < 8 * words; g++) {
        uint8_t *to = t + (g / 8) * planes * 128 + (g & 1) * 64 + (g / 2 % 4) * 16;
        float sums[16];
        int32_t rounded[16];
        for (int e = 0; e < 16; e++)
            sums[e] = scale * ((SIGNS[0][e] * x[4 * g] + SIGNS[1][e] * x[4 * g + 1]) +
                               (SIGNS[2][e] * x[4 * g + 2] + SIGNS[3][e] * x[4 * g + 3]));
        for (int e = 0; e < 16; e += 8)
            _mm256_storeu_si256((__m256i *)(rounded + e), _mm256_cvtps_epi32(_mm256_loadu_ps(sums + e)));
        for (int p = 0; p < planes; p++)
            for (int e = 0; e < 16; e++) to[p * 128 + e] = (uint8_t)((rounded[e] + bias) >> 8 * p);
    }
}

AVX2 INLINE void block_avx2_for(const uint8_t *w, int words, const uint8_t *t, const int planes, int32_t *acc) {
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i both[3], odd[3];
    for (int p = 0; p < planes; p++) both[p] = odd[p] = _mm256_setzero_si256();
    for (int i = 0; i < words; i++, w += PIECE, t += planes * 128)
        for (int b = 0; b < 4; b++) {
            const __m256i bytes = _mm256_load_si256((const __m256i *)(w + b * BLOCK));
            _mm_prefetch((const char *)w + AHEAD + b * BLOCK, _MM_HINT_T0);
            for (int half = 0; half < 2; half++) {
                const __m256i index = _mm256_and_si256(half ? _mm256_srli_epi16(bytes, 4) : bytes, nibble);
                for (int p = 0; p < planes; p++) {
                    const __m128i *table = (const __m128i *)(t + p * 128 + half * 64 + b * 16);
                    __m256i found = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_load_si128(table)), index);
                    both[p] = _mm256_add_epi16(both[p], found);
                    odd[p] = _mm256_add_epi16(odd[p], _mm256_srli_epi16(found, 8));
                }
            }
        }
    for (int p = 0; p < planes; p++) {
        const int bias = p == planes - 1 ? words * 8 * 128 : 0;
        uint16_t even_sums[16], odd_sums[16];
        _mm256_storeu_si256((__m256i *)even_sums, _mm256_sub_epi16(both[p], _mm256_slli_epi16(odd[p], 8)));
        _mm256_storeu_si256((__m256i *)odd_sums, odd[p]);
        for (int r = 0; r < 16; r++) {
            acc[p * BLOCK + 2 * r] += even_sums[r] - bias;
            acc[p * BLOCK + 2 * r + 1] += odd_sums[r] - bias;
        }
    }
}

AVX2 static void block_avx2(const uint8_t *w, int words, const uint8_t *t, int n_x, int planes, int32_t *acc,
                            size_t stride) {
    for (int k = 0; k < n_x; k++)
        for (int side = 0; side < BLOCK; side += 32) {
            const uint8_t *tk = t + k * TABLE_BYTES;
            if (planes == 1) block_avx2_for(w + side, words, tk, 1, acc + k * stride + side);
            if (planes == 2) block_avx2_for(w + side, words, tk, 2, acc + k * stride + side);
            if (planes == 3) block_avx2_for(w + side, words, tk, 3, acc + k * stride + side);
        }
}

AVX2 static void float_block_avx2(const uint8_t *w, int words, const float *t, float *acc) {
    float_block_any(w, words, t, acc, 1);
}

AVX2 static void combine_avx2(const int32_t *acc, int planes, double scale, int n, float *out) {
    combine_any(acc, planes, scale, n, out);
}

static int runs_here(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const Engine avx2 = {
    .name = "avx2", .together = 1, .runs_here = runs_here, .largest = largest_portable, .tables = tables_avx2,
    .block = block_avx2, .float_block = float_block_avx2, .combine = combine_avx2,
};
#endif

/* Look-ups by AVX-512 with VBMI, VNNI and GFNI.
 *
 * Tables of a word (32 inputs, 8 groups): [plane][half][byte][16]; the low and the high nibbles of a row's four bytes
 * name an entry in the four tables of half 0 and 1. One vpermb then looks 16 outputs × 4 tables up, and one vpdpbusd
 * adds the four to the int32 of their output. */
#include "avx512.h"
#ifdef HAVE_X86

AVX512 static float largest_avx512(const float *x, size_t n) {
    __m512 most = _mm512_setzero_ps(), all_finite = most;
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 here = (__mmask16)(n - i < 16 ? (1u << (n - i)) - 1 : 0xffff);
        const __m512 norms = norms_of_fours(_mm512_maskz_loadu_ps(here, x + i));
        most = _mm512_max_ps(most, norms);
        /* max drops a NaN; 0·a keeps it, and makes one of inf */
        all_finite = _mm512_fmadd_ps(norms, _mm512_setzero_ps(), all_finite);
    }
    return _mm512_reduce_max_ps(most) + _mm512_reduce_add_ps(all_finite);
}

AVX512 static void tables_avx512(const float *x, int words, float scale, int planes, uint8_t *t) {
    const __m512 s = _mm512_set1_ps(scale);
    for (int i = 0; i < words; i++, x += 32)
        for (int half = 0; half < 2; half++) {
            __m512i entries[4];
            for (int b = 0; b < 4; b++)
                entries[b] = _mm512_cvtps_epi32(_mm512_mul_ps(signed_sums(x + 8 * b + 4 * half), s));
            store_entries(entries, planes, t + i * planes * 128 + half * 64);
        }
}

/* With one plane the two halves have their own sums: four chains of additions would be too few. */
INLINE int slots_of(int planes) { return planes == 1 ? 2 : planes; }

AVX512 INLINE void add_words(const uint8_t *w, int words, const uint8_t *t, const int n_x, const int planes,
                             __m512i sum[2][3][4]) {
    const __m512i nibble = _mm512_set1_epi32(0x0f0f0f0f), table_of_byte = _mm512_set1_epi32(0x30201000);
    const __m512i ones = _mm512_set1_epi8(1);
    for (int i = 0; i < words; i++, w += PIECE, t += planes * 128) {
        ask_ahead(w, planes == 1);
        UNROLL for (int half = 0; half < 2; half++) {
            UNROLL for (int q = 0; q < 4; q++) {
                __m512i word = _mm512_load_si512(w + 64 * q);
                if (half) word = _mm512_srli_epi32(word, 4);
                __m512i index = _mm512_ternarylogic_epi32(word, nibble, table_of_byte, 0xea); /* (a & b) | c */
                UNROLL for (int k = 0; k < n_x; k++)
                    UNROLL for (int p = 0; p < planes; p++) {
                        const __m512i table = _mm512_load_si512(t + k * TABLE_BYTES + p * 128 + half * 64);
                        __m512i *to = &sum[k][planes == 1 ? half : p][q];
                        const __m512i found = _mm512_permutexvar_epi8(index, table);
                        /* vpdpbusd multiplies unsigned by signed bytes; only the top plane has a sign */
                        *to = p == planes - 1 ? _mm512_dpbusd_epi32(*to, ones, found)
                                              : _mm512_dpbusd_epi32(*to, found, ones);
                    }
            }
        }
    }
    if (planes > 1) return;
    UNROLL for (int k = 0; k < n_x; k++)
        UNROLL for (int q = 0; q < 4; q++) sum[k][0][q] = _mm512_add_epi32(sum[k][0][q], sum[k][1][q]);
}

AVX512 INLINE void block_avx512_for(const uint8_t *w, int words, const uint8_t *t, const int n_x, const int planes,
                                    int32_t *acc, size_t stride) {
    __m512i sum[2][3][4];
    UNROLL for (int k = 0; k < n_x; k++)
        UNROLL for (int p = 0; p < slots_of(planes); p++)
            UNROLL for (int q = 0; q < 4; q++)
                sum[k][p][q] = p < planes ? _mm512_loadu_si512(acc + k * stride + p * BLOCK + q * 16)
                                          : _mm512_setzero_si512();
    add_words(w, words, t, n_x, planes, sum);
    UNROLL for (int k = 0; k < n_x; k++)
        UNROLL for (int p = 0; p < planes; p++)
            UNROLL for (int q = 0; q < 4; q++)
                _mm512_storeu_si512(acc + k * stride + p * BLOCK + q * 16, sum[k][p][q]);
}

AVX512 INLINE void scaled_avx512_for(const uint8_t *w, int words, const uint8_t *t, const int n_x, const int planes,
                                     const float *scales, const float *factor, float *out, size_t stride) {
    __m512i sum[2][3][4];
    UNROLL for (int k = 0; k < n_x; k++)
        UNROLL for (int p = 0; p < slots_of(planes); p++)
            UNROLL for (int q = 0; q < 4; q++) sum[k][p][q] = _mm512_setzero_si512();
    add_words(w, words, t, n_x, planes, sum);
    UNROLL for (int k = 0; k < n_x; k++)
        UNROLL for (int q = 0; q < 4; q++) {
            __m512i total = sum[k][planes - 1][q];
            UNROLL for (int p = planes - 2; p >= 0; p--)
                total = _mm512_add_epi32(_mm512_slli_epi32(total, 8), sum[k][p][q]);
            const __m512 z = _mm512_mul_ps(_mm512_set1_ps(factor[k]), _mm512_cvtepi32_ps(total));
            float *to = out + k * stride + 16 * q;
            _mm512_storeu_ps(to, _mm512_fmadd_ps(_mm512_loadu_ps(scales + 16 * q), z, _mm512_loadu_ps(to)));
        }
}

AVX512 static void block_avx512(const uint8_t *w, int words, const uint8_t *t, int n_x, int planes, int32_t *acc,
                                size_t stride) {
    if (planes == 1 && n_x == 1) block_avx512_for(w, words, t, 1, 1, acc, stride);
    if (planes == 1 && n_x == 2) block_avx512_for(w, words, t, 2, 1, acc, stride);
    if (planes == 2 && n_x == 1) block_avx512_for(w, words, t, 1, 2, acc, stride);
    if (planes == 2 && n_x == 2) block_avx512_for(w, words, t, 2, 2, acc, stride);
    if (planes == 3 && n_x == 1) block_avx512_for(w, words, t, 1, 3, acc, stride);
    if (planes == 3 && n_x == 2) block_avx512_for(w, words, t, 2, 3, acc, stride);
}

AVX512 static void scaled_block_avx512(const uint8_t *w, int words, const uint8_t *t, int n_x, int planes,
                                       const float *scales, const float *factor, float *out, size_t stride) {
    if (planes == 1 && n_x == 1) scaled_avx512_for(w, words, t, 1, 1, scales, factor, out, stride);
    if (planes == 1 && n_x == 2) scaled_avx512_for(w, words, t, 2, 1, scales, factor, out, stride);
    if (planes == 2 && n_x == 1) scaled_avx512_for(w, words, t, 1, 2, scales, factor, out, stride);
    if (planes == 2 && n_x == 2) scaled_avx512_for(w, words, t, 2, 2, scales, factor, out, stride);
    if (planes == 3 && n_x == 1) scaled_avx512_for(w, words, t, 1, 3, scales, factor, out, stride);
    if (planes == 3 && n_x == 2) scaled_avx512_for(w, words, t, 2, 3, scales, factor, out, stride);
}

/* A float table is one register, and vpermps looks sixteen outputs up (it reads only the low four bits). */
AVX512 static void float_block_avx512(const uint8_t *w, int words, const float *t, float *acc) {
    __m512 sum[4][2];
    for (int q = 0; q < 4; q++) sum[q][0] = sum[q][1] = _mm512_setzero_ps();
    for (int i = 0; i < words; i++, w += PIECE, t += 128) {
        __m512i word[4];
        ask_ahead(w, 0);
        for (int q = 0; q < 4; q++) word[q] = _mm512_load_si512(w + 64 * q);
        for (int g = 0; g < 8; g++) {
            const __m512 table = _mm512_load_ps(t + 16 * g);
            for (int q = 0; q < 4; q++)
                sum[q][g & 1] = _mm512_add_ps(
                    sum[q][g & 1], _mm512_permutexvar_ps(_mm512_srli_epi32(word[q], (unsigned)(4 * g)), table));
        }
    }
    for (int q = 0; q < 4; q++)
        _mm512_storeu_ps(acc + 16 * q, _mm512_add_ps(_mm512_loadu_ps(acc + 16 * q), _mm512_add_ps(sum[q][0], sum[q][1])));
}

AVX512 static void combine_avx512(const int32_t *acc, int planes, double scale, int n, float *out) {
    combine_any(acc, planes, 256, scale, n, out);
}

AVX512 static void activate_avx512(int activation, float *z, int n) { activate_any(activation, z, n); }

static int runs_here(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("gfni");
}

const Engine avx512 = {
    .name = "avx512", .together = 4, .runs_here = runs_here, .largest = largest_avx512,
    .largest_five = largest_five_avx512, .tables = tables_avx512,
    .block = block_avx512, .tables_by_fives = tables_by_fives_avx512, .block_by_fives = block_by_fives_avx512,
    .scaled_block = scaled_block_avx512, .float_block = float_block_avx512, .combine = combine_avx512,
    .activate = activate_avx512,
};
#endif

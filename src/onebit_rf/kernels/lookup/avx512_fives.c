/* Look-ups by AVX-512 that take a fifth input along: it is added in their tables, and the dot product that adds four of
 * them up adds or subtracts each, by the sign of its fifth weight, which one vgf2p8affineqb makes of a bit.
 *
 * Words are stored as `relate` leaves them: ±(x4 ± x0 ± x1 ± x2 ± x3) with the outer sign apart. vpdpbusd multiplies
 * unsigned by signed bytes, and the signs are the signed ones; so entries have 2^23 more, which the matrix's start
 * takes off again. Words after the last fifth one have tables of four, and plus signs. */
#include "avx512.h"
#ifdef HAVE_X86

AVX512 float largest_five_avx512(const float *x, size_t n) {
    /* Sixteen fours lie in four lanes each; of sixteen fifths those of word 0 are at 0, 1, 8 and 9. */
    const __m512i first = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 8, 8, 8, 8, 9, 9, 9, 9);
    __m512 most = _mm512_setzero_ps();
    for (; n > 0; n--, x += 160)
        for (int j = 0; j < 2; j++) {
            const __m512 fifths = _mm512_abs_ps(_mm512_loadu_ps(x + 128 + 16 * j));
            for (int i = 0; i < 4; i++) {
                const __m512i with = _mm512_add_epi32(first, _mm512_set1_epi32(2 * i));
                const __m512 norms = norms_of_fours(_mm512_loadu_ps(x + 32 * i + 16 * j));
                most = _mm512_max_ps(_mm512_add_ps(norms, _mm512_permutexvar_ps(with, fifths)), most);
            }
        }
    return _mm512_reduce_max_ps(most);
}

/* Of n words of x, each entry with the fifth input of its four if there are such, and never below 0. */
AVX512 INLINE void tables_with(const float *x, int n, const int32_t *fifths, uint8_t *t) {
    for (int i = 0; i < n; i++, x += 32)
        for (int half = 0; half < 2; half++) {
            __m512i entries[4];
            for (int b = 0; b < 4; b++)
                entries[b] = _mm512_add_epi32(_mm512_cvtps_epi32(signed_sums(x + 8 * b + 4 * half)),
                                              _mm512_set1_epi32(fifths ? fifths[8 * b + 2 * i + half] : 1 << 23));
            store_entries(entries, 3, t + i * 3 * 128 + half * 64);
        }
}

AVX512 void tables_by_fives_avx512(const float *x, int words, float scale, uint8_t *t) {
    const __m512 s = _mm512_set1_ps(scale);
    float scaled[4 * 32];
    int32_t fifths[32];
    for (; words > 0; words -= FIVES, x += 32 * FIVES, t += 4 * 3 * 128) {
        const int n = MIN(4, words);
        for (int j = 0; j < 32 * n; j += 16) _mm512_storeu_ps(scaled + j, _mm512_mul_ps(_mm512_loadu_ps(x + j), s));
        for (int j = 0; j < 32 && words >= FIVES; j += 16) {
            const __m512i rounded = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x + 128 + j), s));
            _mm512_storeu_si512(fifths + j, _mm512_add_epi32(rounded, _mm512_set1_epi32(1 << 23)));
        }
        tables_with(scaled, n, words >= FIVES ? fifths : NULL, t);
    }
}

/* One half of a word, of which `signs` has the fifth weights at bit `bit` of each byte; all are + at bit −1. */
AVX512 INLINE void add_signed(const uint8_t *w, const uint8_t *signs, const int bit, const int half, const uint8_t *t,
                              const int n_x, const int width, __m512i sum[2][3][4]) {
    const __m512i nibble = _mm512_set1_epi32(0x0f0f0f0f), table_of_byte = _mm512_set1_epi32(0x30201000);
    /* All bits of a byte but the last are the complement of this one, and the last is 1. */
    const __m512i spread = _mm512_set1_epi64(0x0001010101010101 << (bit < 0 ? 0 : bit));
    UNROLL for (int q = 0; q < width; q++) {
        __m512i word = _mm512_load_si512(w + 64 * q);
        if (half) word = _mm512_srli_epi32(word, 4);
        const __m512i index = _mm512_ternarylogic_epi32(word, nibble, table_of_byte, 0xea); /* (a & b) | c */
        const __m512i sign = bit < 0 ? _mm512_set1_epi8(1)
                                     : _mm512_gf2p8affine_epi64_epi8(_mm512_load_si512(signs + 64 * q), spread, 0xff);
        UNROLL for (int k = 0; k < n_x; k++)
            UNROLL for (int p = 0; p < 3; p++) {
                const __m512i table = _mm512_load_si512(t + k * TABLE_BYTES + p * 128 + half * 64);
                sum[k][p][q] = _mm512_dpbusd_epi32(sum[k][p][q], _mm512_permutexvar_epi8(index, table), sign);
            }
    }
}

AVX512 INLINE void by_fives_for(const uint8_t *w, int words, const uint8_t *t, const int n_x, const int width,
                                const int is_first, int32_t *acc, size_t stride) {
    __m512i sum[2][3][4];
    UNROLL for (int k = 0; k < n_x; k++)
        UNROLL for (int p = 0; p < 3; p++)
            UNROLL for (int q = 0; q < width; q++)
                sum[k][p][q] = _mm512_loadu_si512(acc + k * stride + p * BLOCK + q * 16);
    for (; words >= FIVES; words -= FIVES, w += FIVES * PIECE, t += 4 * 3 * 128) {
        if (is_first) UNROLL for (int i = 0; i < FIVES; i++) ask_ahead(w + i * PIECE, 0);
        UNROLL for (int i = 0; i < 4; i++)
            UNROLL for (int half = 0; half < 2; half++)
                add_signed(w + i * PIECE, w + 4 * PIECE, 2 * i + half, half, t + i * 3 * 128, n_x, width, sum);
    }
    for (; words > 0; words--, w += PIECE, t += 3 * 128) {
        if (is_first) ask_ahead(w, 0);
        UNROLL for (int half = 0; half < 2; half++) add_signed(w, NULL, -1, half, t, n_x, width, sum);
    }
    UNROLL for (int k = 0; k < n_x; k++)
        UNROLL for (int p = 0; p < 3; p++)
            UNROLL for (int q = 0; q < width; q++)
                _mm512_storeu_si512(acc + k * stride + p * BLOCK + q * 16, sum[k][p][q]);
}

AVX512 void block_by_fives_avx512(const uint8_t *w, int words, const uint8_t *t, int n_x, int32_t *acc,
                                  size_t stride) {
    if (n_x == 1) by_fives_for(w, words, t, 1, 4, 1, acc, stride);
    if (n_x == 1) return;
    /* Of two rows the sums and tables of half a block fit the registers. */
    by_fives_for(w, words, t, 2, 2, 1, acc, stride);
    by_fives_for(w + 128, words, t, 2, 2, 0, acc + 32, stride);
}
#endif

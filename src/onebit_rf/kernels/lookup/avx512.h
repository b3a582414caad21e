/* What look-ups by AVX-512, plain and by fives, share: tables. */
#ifndef ONEBIT_RF_AVX512_H
#define ONEBIT_RF_AVX512_H
#include "x86.h"
#ifdef HAVE_X86

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,gfni,fma")))

float largest_five_avx512(const float *x, size_t n);
void tables_by_fives_avx512(const float *x, int words, float scale, uint8_t *t);
void block_by_fives_avx512(const uint8_t *w, int words, const uint8_t *t, int n_x, int32_t *acc, size_t stride);

/* |x0|+|x1|+|x2|+|x3| of each four of x, in all its lanes. */
AVX512 INLINE __m512 norms_of_fours(__m512 x) {
    x = _mm512_abs_ps(x);
    x = _mm512_add_ps(x, _mm512_permute_ps(x, 0xb1));
    return _mm512_add_ps(x, _mm512_permute_ps(x, 0x4e));
}

/* The sixteen signed sums of x[0..3]. */
AVX512 INLINE __m512 signed_sums(const float *x) {
    __m512 low = _mm512_mul_ps(_mm512_set1_ps(x[0]), _mm512_loadu_ps(SIGNS[0]));
    __m512 high = _mm512_mul_ps(_mm512_set1_ps(x[2]), _mm512_loadu_ps(SIGNS[2]));
    low = _mm512_fmadd_ps(_mm512_set1_ps(x[1]), _mm512_loadu_ps(SIGNS[1]), low);
    high = _mm512_fmadd_ps(_mm512_set1_ps(x[3]), _mm512_loadu_ps(SIGNS[3]), high);
    return _mm512_add_ps(low, high);
}

/* Byte 0, then byte 1, of sixteen int32 of one register and sixteen of a second one. */
#define FOUR_FROM(b) b, b + 4, b + 8, b + 12
#define SIXTEEN_FROM(b) FOUR_FROM(b), FOUR_FROM(b + 16), FOUR_FROM(b + 32), FOUR_FROM(b + 48)
static const uint8_t PICK[64] __attribute__((aligned(64))) = {
    SIXTEEN_FROM(0), SIXTEEN_FROM(64), SIXTEEN_FROM(1), SIXTEEN_FROM(65),
};

/* The bytes of sixteen entries of four tables. */
AVX512 INLINE void store_entries(const __m512i entries[4], int planes, uint8_t *to) {
    const __m512i first = _mm512_load_si512(PICK), third = _mm512_add_epi8(first, _mm512_set1_epi8(2));
    __m512i low = _mm512_permutex2var_epi8(entries[0], first, entries[1]);
    __m512i high = _mm512_permutex2var_epi8(entries[2], first, entries[3]);
    _mm512_store_si512(to, _mm512_shuffle_i64x2(low, high, 0x44));
    if (planes == 1) return;
    _mm512_store_si512(to + 128, _mm512_shuffle_i64x2(low, high, 0xee));
    if (planes == 2) return;
    low = _mm512_permutex2var_epi8(entries[0], third, entries[1]);
    high = _mm512_permutex2var_epi8(entries[2], third, entries[3]);
    _mm512_store_si512(to + 256, _mm512_shuffle_i64x2(low, high, 0x44));
}

#endif
#endif

/* Look-ups by AVX2.
 *
 * vpshufb looks 32 outputs up in one table, so the pieces are laid out by byte, and bytes have to be widened before
 * they overflow. An entry of 24 bits is therefore cut in four *digits* of 6 bits, of which four add up in a byte: the
 * groups of two bytes of a row. One of 8 or 16 bits is cut in whole bytes. Either is widened to 16 bits by adding it
 * twice: as 16-bit numbers (256·odd + even, modulo 2^16) and shifted (odd). 256 groups, one chunk, fit.
 *
 * Tables of two bytes of a row, four groups: [digit][group][16]. */
#include "x86.h"
#ifdef HAVE_X86

#define AVX2 __attribute__((target("avx2,fma")))
/* Additions stay in the order they are written in: gcc would sum a whole word first, on the stack. */
#define KEEP(v) __asm__("" : "+x"(v))

INLINE int digits_of(int planes) { return planes == 3 ? 4 : planes; }
INLINE int bits_of_digit(int planes) { return planes == 3 ? 6 : 8; }

AVX2 static float largest_avx2(const float *x, size_t n) {
    const __m256 zero = _mm256_setzero_ps(), sign = _mm256_set1_ps(-0.0f);
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256 most = zero, all_finite = zero;
    for (size_t i = 0; i < n; i += 8) {
        const __m256i here = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)MIN(8, n - i)), lane);
        __m256 a = _mm256_andnot_ps(sign, _mm256_maskload_ps(x + i, here));
        a = _mm256_add_ps(a, _mm256_permute_ps(a, 0xb1));
        a = _mm256_add_ps(a, _mm256_permute_ps(a, 0x4e));
        most = _mm256_max_ps(most, a);
        /* max drops a NaN; 0·a keeps it, and makes one of inf */
        all_finite = _mm256_fmadd_ps(a, zero, all_finite);
    }
    /* all four of a lane are alike */
    const float low = _mm256_cvtss_f32(most), high = _mm_cvtss_f32(_mm256_extractf128_ps(most, 1));
    all_finite = _mm256_add_ps(all_finite, _mm256_permute2f128_ps(all_finite, all_finite, 1));
    return (low > high ? low : high) + _mm256_cvtss_f32(all_finite);
}

AVX2 static float largest_five_avx2(const float *x, size_t n) { return largest_five_any(x, n); }

/* The first eight entries of the table of x[0..3], rounded; the others are minus these, from the last on. */
AVX2 INLINE __m256i first_entries(const float *x, __m256 scale) {
    __m256 low = _mm256_mul_ps(_mm256_set1_ps(x[0]), _mm256_loadu_ps(SIGNS[0]));
    low = _mm256_fmadd_ps(_mm256_set1_ps(x[1]), _mm256_loadu_ps(SIGNS[1]), low);
    const __m256 high = _mm256_fmsub_ps(_mm256_set1_ps(x[2]), _mm256_loadu_ps(SIGNS[2]), _mm256_set1_ps(x[3]));
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_add_ps(low, high), scale));
}

/* The low `bits` bits of sixteen numbers below 2^16 from each of a and b, and what is left of them. */
AVX2 INLINE __m256i cut_digit(__m256i *a, __m256i *b, int bits) {
    const __m256i digit = _mm256_set1_epi16((short)((1 << bits) - 1));
    const __m256i low = _mm256_packus_epi16(_mm256_and_si256(*a, digit), _mm256_and_si256(*b, digit));
    *a = _mm256_srli_epi16(*a, bits);
    *b = _mm256_srli_epi16(*b, bits);
    return _mm256_permutevar8x32_epi32(low, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)); /* in order again */
}

/* Two groups at a time, whose tables fill a register; an entry of 24 bits is two numbers of 12. */
AVX2 static void tables_avx2(const float *x, int words, float scale, int planes, uint8_t *t) {
    const int digits = digits_of(planes), bits = bits_of_digit(planes);
    const __m256i bias = _mm256_set1_epi32(1 << (8 * planes - 1)); /* no entry below 0; block_avx2 takes it off */
    const __m256i backwards = _mm256_setr_epi32(7, 6, 5, 4, 3, 2, 1, 0);
    const __m256i lower = _mm256_set1_epi32(planes == 3 ? 4095 : 65535);
    const __m256 s = _mm256_set1_ps(scale);
    for (int i = 0; i < 2 * words; i++, t += digits * 64)
        for (int g = 0; g < 4; g += 2, x += 8) {
            __m256i low[2], high[2];
            for (int k = 0; k < 2; k++) {
                const __m256i e = first_entries(x + 4 * k, s), first = _mm256_add_epi32(bias, e);
                const __m256i last = _mm256_permutevar8x32_epi32(_mm256_sub_epi32(bias, e), backwards);
                low[k] = _mm256_packus_epi32(_mm256_and_si256(first, lower), _mm256_and_si256(last, lower));
                high[k] = _mm256_packus_epi32(_mm256_srli_epi32(first, 12), _mm256_srli_epi32(last, 12));
            }
            for (int d = 0; d < digits; d++) {
                __m256i *from = d < 2 ? low : high;
                _mm256_store_si256((__m256i *)(t + d * 64 + g * 16), cut_digit(&from[0], &from[1], bits));
            }
        }
}

/* Sums of 32 outputs over one chunk, [digit][32]. */
AVX2 INLINE void sum_digits(const uint8_t *w, int words, const uint8_t *t, const int digits, const int in_bytes,
                           uint16_t *sums) {
    const int side_by_side = MIN(2, digits); /* digits, so that no addition waits for the one before */
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i both[4], odd[4];
    UNROLL for (int d = 0; d < digits; d++) both[d] = odd[d] = _mm256_setzero_si256();
    for (int i = 0; i < words; i++, w += PIECE) {
        ask_ahead(w, 0);
        UNROLL for (int b = 0; b < 4; b += 2, t += digits * 64) {
            __m256i index[4];
            UNROLL for (int k = 0; k < 2; k++) {
                __m256i bytes = _mm256_load_si256((const __m256i *)(w + (b + k) * BLOCK));
                KEEP(bytes);
                index[2 * k] = _mm256_and_si256(bytes, nibble);
                index[2 * k + 1] = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
            }
            UNROLL for (int d = 0; d < digits; d += side_by_side) {
                __m256i sum[2];
                UNROLL for (int g = 0; g < 4; g++)
                    UNROLL for (int e = 0; e < side_by_side; e++) {
                        const __m128i table = _mm_load_si128((const __m128i *)(t + (d + e) * 64 + g * 16));
                        const __m256i found = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), index[g]);
                        sum[e] = in_bytes && g ? _mm256_add_epi8(sum[e], found) : found;
                        KEEP(sum[e]);
                        if (in_bytes && g < 3) continue;
                        both[d + e] = _mm256_add_epi16(both[d + e], sum[e]);
                        odd[d + e] = _mm256_add_epi16(odd[d + e], _mm256_srli_epi16(sum[e], 8));
                        KEEP(both[d + e]);
                        KEEP(odd[d + e]);
                    }
            }
        }
    }
    UNROLL for (int d = 0; d < digits; d++) {
        const __m256i even = _mm256_sub_epi16(both[d], _mm256_slli_epi16(odd[d], 8));
        const __m256i low = _mm256_unpacklo_epi16(even, odd[d]), high = _mm256_unpackhi_epi16(even, odd[d]);
        _mm256_storeu_si256((__m256i *)(sums + 32 * d), _mm256_permute2x128_si256(low, high, 0x20));
        _mm256_storeu_si256((__m256i *)(sums + 32 * d + 16), _mm256_permute2x128_si256(low, high, 0x31));
    }
}

/* Of 24 bits: four digits become three of 12 bits, since the sums of chunks would not fit in two of int32. */
AVX2 static void add_four_digits(const uint16_t *sums, int bias, int32_t *acc) {
    for (int r = 0; r < 32; r++) {
        const int low = sums[r] + 64 * sums[32 + r];
        const int high = sums[64 + r] + 64 * sums[96 + r] - bias + (low >> 12);
        acc[r] += low & 4095;
        acc[BLOCK + r] += high & 4095;
        acc[2 * BLOCK + r] += high >> 12;
    }
}

AVX2 static void add_bytes(const uint16_t *sums, int planes, int bias, int32_t *acc) {
    for (int p = 0; p < planes; p++)
        for (int r = 0; r < 32; r++) acc[p * BLOCK + r] += sums[32 * p + r] - (p == planes - 1 ? bias : 0);
}

/* Sums of 32 outputs, [digit][32], each entry with the bias of `tables_avx2`. */
AVX2 static void side_avx2(const uint8_t *w, int words, const uint8_t *t, int planes, uint16_t *sums) {
    if (planes == 1) sum_digits(w, words, t, 1, 0, sums);
    if (planes == 2) sum_digits(w, words, t, 2, 0, sums);
    if (planes == 3) sum_digits(w, words, t, 4, 1, sums);
}

AVX2 static void block_avx2(const uint8_t *w, int words, const uint8_t *t, int n_x, int planes, int32_t *acc,
                            size_t stride) {
    const int groups = 8 * words;
    for (int k = 0; k < n_x; k++, t += TABLE_BYTES, acc += stride)
        for (int side = 0; side < BLOCK; side += 32) {
            uint16_t sums[4 * 32];
            side_avx2(w + side, words, t, planes, sums);
            if (planes == 3)
                add_four_digits(sums, groups * 2048, acc + side);
            else
                add_bytes(sums, planes, groups * 128, acc + side);
        }
}

AVX2 INLINE void add_scaled_side(const uint16_t *sums, const int planes, uint32_t bias, float factor,
                                const float *scales, float *out) {
    for (int r = 0; r < 32; r++) {
        uint32_t total = 0;
        UNROLL for (int d = digits_of(planes) - 1; d >= 0; d--)
            total = (total << bits_of_digit(planes)) + sums[32 * d + r];
        add_scaled(total - bias, factor, scales[r], out + r);
    }
}

AVX2 static void scaled_block_avx2(const uint8_t *w, int words, const uint8_t *t, int n_x, int planes,
                                   const float *scales, const float *factor, float *out, size_t stride) {
    const uint32_t bias = (uint32_t)words << (8 * planes + 2); /* of 8 groups a word */
    for (int k = 0; k < n_x; k++, t += TABLE_BYTES, out += stride)
        for (int side = 0; side < BLOCK; side += 32) {
            uint16_t sums[4 * 32];
            side_avx2(w + side, words, t, planes, sums);
            if (planes == 1) add_scaled_side(sums, 1, bias, factor[k], scales + side, out + side);
            if (planes == 2) add_scaled_side(sums, 2, bias, factor[k], scales + side, out + side);
            if (planes == 3) add_scaled_side(sums, 3, bias, factor[k], scales + side, out + side);
        }
}

/* A float table is two registers; bit 3 of the index, moved to the sign, says which. */
AVX2 static void float_block_avx2(const uint8_t *w, int words, const float *t, float *acc) {
    for (int side = 0; side < BLOCK; side += 32) {
        const uint8_t *ws = w + side;
        const float *table = t;
        __m256 sum[2][4];
        UNROLL for (int q = 0; q < 4; q++) sum[0][q] = sum[1][q] = _mm256_setzero_ps();
        for (int i = 0; i < words; i++, ws += PIECE)
            for (int b = 0; b < 4; b++)
                UNROLL for (int half = 0; half < 2; half++, table += 16) {
                    const __m256 low = _mm256_load_ps(table), high = _mm256_load_ps(table + 8);
                    UNROLL for (int q = 0; q < 4; q++) {
                        const __m128i *bytes = (const __m128i *)(ws + b * BLOCK + 8 * q);
                        __m256i index = _mm256_cvtepu8_epi32(_mm_loadl_epi64(bytes));
                        if (half) index = _mm256_srli_epi32(index, 4);
                        const __m256 is_high = _mm256_castsi256_ps(_mm256_slli_epi32(index, 28));
                        sum[half][q] = _mm256_add_ps(sum[half][q],
                                                     _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, index),
                                                                      _mm256_permutevar8x32_ps(high, index), is_high));
                    }
                }
        UNROLL for (int q = 0; q < 4; q++) {
            float *to = acc + side + 8 * q;
            _mm256_storeu_ps(to, _mm256_add_ps(_mm256_loadu_ps(to), _mm256_add_ps(sum[0][q], sum[1][q])));
        }
    }
}

AVX2 static void combine_avx2(const int32_t *acc, int planes, double scale, int n, float *out) {
    combine_any(acc, planes, planes == 3 ? 4096 : 256, scale, n, out);
}

AVX2 static void activate_avx2(int activation, float *z, int n) { activate_any(activation, z, n); }

static int runs_here(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const Engine avx2 = {
    .name = "avx2", .together = 1, .runs_here = runs_here, .largest = largest_avx2,
    .largest_five = largest_five_avx2, .tables = tables_avx2,
    .block = block_avx2, .scaled_block = scaled_block_avx2, .float_block = float_block_avx2, .combine = combine_avx2,
    .activate = activate_avx2,
};
#endif

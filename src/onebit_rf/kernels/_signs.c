/* z = x Wᵀ for W ∈ {−1,+1}^{d_out×d_in} stored one bit per weight, by table look-up.
 *
 * Four inputs x0..x3 have sixteen signed sums ±x0±x1±x2±x3, and four bits of a row of W name one of them.
 * So a product is: build the d_in/4 tables of x once, then add one table entry per four weights and output.
 *
 *   integer method  the entries are rounded to fixed-point numbers, one scale per row of x, of `planes` bytes: 3 (24
 *                   bits), 2 or 1 (8 bits). The byte planes are looked up and added apart, in int32, and meet in
 *                   float64. After the one rounding of a table entry everything is exact, hence the result
 *                   does not depend on threads, on how rows are batched, or on the instruction set.
 *   float method    the entries stay float32 and are added in float32, in one fixed order for every engine.
 *                   NaN, ±inf and sums that overflow go where float32 arithmetic takes them, so rows of x that
 *                   have no such scale (not finite, or all below 2^-104) take this method always.
 *
 * An engine is one instruction set. All read the same geometry: weights are cut in chunks of 1024 inputs (their
 * tables for two rows of x stay in the first-level cache) and blocks of 64 outputs; one *piece* is 64 outputs × 32
 * inputs = 256 bytes, and pieces lie in memory in the order they are used: [chunk][block][word].
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif
#ifdef _WIN32
#include <malloc.h>
#endif
#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define HAVE_X86 1
#endif

#define INLINE static inline __attribute__((always_inline))
/* Small loops over registers: one left rolled would move the whole array of sums to the stack. */
#define UNROLL _Pragma("GCC unroll 8")
#define MIN(a, b) ((a) < (b) ? (a) : (b))

/* Weights × rows that pay for a thread: starting one takes 40 µs, in which the AVX-512 engine does 2^24 of them. */
#ifndef WORTH_A_THREAD
#define WORTH_A_THREAD (1 << 26)
#endif

enum {
    BLOCK = 64,                    /* outputs per block */
    PIECE = BLOCK * 4,             /* bytes of 64 outputs × 32 inputs */
    CHUNK = 32,                    /* 32-bit words of inputs per chunk: 1024 inputs */
    TABLE_BYTES = CHUNK * 8 * 64,  /* room for the tables of one chunk of one row of x: 8 groups of 16 4-byte entries */
    TILE = 8,                      /* rows of x that share one pass over a panel; its sums stay in the L2 cache */
    PANEL = 64,                    /* most blocks of one panel, the unit of work with a tile */
    FLOAT = 0,                     /* the method without planes */
    MOST_INPUTS = 1 << 24,         /* so that the int32 sums of byte planes cannot overflow */
};

typedef struct {
    const char *name;
    /* Byte b of output r of a piece is at r*4+b (a word per output), or with by_byte at b*64+r. */
    int by_byte;
    /* max over groups of (|x0|+|x1|)+(|x2|+|x3|), or something that is not finite when an input is not. */
    float (*largest)(const float *x, size_t n);
    /* The tables of 32*words inputs, entries scaled and rounded to `planes` bytes. */
    void (*tables)(const float *x, int words, float scale, int planes, uint8_t *t);
    /* Sums of a block over one chunk for n_x ≤ 2 rows of x: [plane][64] at acc, the second row `stride` further. */
    void (*block)(const uint8_t *w, int words, const uint8_t *t, int n_x, int planes, int32_t *acc, size_t stride);
    void (*float_block)(const uint8_t *w, int words, const float *t, float *acc);
    /* out = scale·(… + 65536·plane2 + 256·plane1 + plane0) */
    void (*combine)(const int32_t *acc, int planes, double scale, int n, float *out);
} Engine;

/* ---------------------------------------------------------------- portable */

INLINE uint32_t load_word(const uint8_t *piece, int r, int by_byte) {
    const uint8_t *p = by_byte ? piece + r : piece + 4 * r;
    int step = by_byte ? BLOCK : 1;
    return p[0] | (uint32_t)p[step] << 8 | (uint32_t)p[2 * step] << 16 | (uint32_t)p[3 * step] << 24;
}

/* Entry e of the table of x[0..3]; bit j of e is the sign of x[j]. Every engine adds in this order: since rounding is
 * monotone, no entry exceeds `largest`, and all engines round to the same integers. */
INLINE float signed_sum(const float *x, int e) {
    return ((e & 1 ? x[0] : -x[0]) + (e & 2 ? x[1] : -x[1])) + ((e & 4 ? x[2] : -x[2]) + (e & 8 ? x[3] : -x[3]));
}

static float largest_portable(const float *x, size_t n) {
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
                uint32_t word = load_word(w + (size_t)i * PIECE, r, 0);
                const int32_t *table = (const int32_t *)t + i * 128;
                for (int g = 0; g < 8; g++) sum += table[g * 16 + (word >> 4 * g & 15)];
            }
            /* sum = 65536·high + 256·middle + low, as the byte planes of the other engines */
            for (int p = 0; p < planes - 1; p++, sum = (sum - (sum & 0xff)) / 256) acc[p * BLOCK + r] += sum & 0xff;
            acc[(planes - 1) * BLOCK + r] += sum;
        }
}

static void float_tables(const float *x, int words, float *t) {
    for (int g = 0; g < 8 * words; g++)
        for (int e = 0; e < 16; e++) t[g * 16 + e] = signed_sum(x + 4 * g, e);
}

/* Even and odd groups are added apart (two chains of additions instead of one), then chunk by chunk. */
INLINE void float_block_any(const uint8_t *w, int words, const float *t, float *acc, int by_byte) {
    for (int r = 0; r < BLOCK; r++) {
        float even = 0, odd = 0;
        for (int i = 0; i < words; i++) {
            uint32_t word = load_word(w + (size_t)i * PIECE, r, by_byte);
            const float *table = t + i * 128;
            for (int g = 0; g < 8; g += 2) {
                even += table[g * 16 + (word >> 4 * g & 15)];
                odd += table[g * 16 + 16 + (word >> (4 * g + 4) & 15)];
            }
        }
        acc[r] += even + odd;
    }
}

static void float_block_portable(const uint8_t *w, int words, const float *t, float *acc) {
    float_block_any(w, words, t, acc, 0);
}

INLINE void combine_any(const int32_t *acc, int planes, double scale, int n, float *out) {
    if (planes == 1)
        for (int r = 0; r < n; r++) out[r] = (float)(scale * acc[r]);
    else if (planes == 2)
        for (int r = 0; r < n; r++) out[r] = (float)(scale * (256.0 * acc[BLOCK + r] + acc[r]));
    else /* the sum is an integer below 2^53: exact in a double */
        for (int r = 0; r < n; r++)
            out[r] = (float)(scale * (65536.0 * acc[2 * BLOCK + r] + 256.0 * acc[BLOCK + r] + acc[r]));
}

static void combine_portable(const int32_t *acc, int planes, double scale, int n, float *out) {
    combine_any(acc, planes, scale, n, out);
}

static const Engine PORTABLE = {"portable",     0,        largest_portable, tables_portable, block_portable,
                                float_block_portable, combine_portable};

#ifdef HAVE_X86
/* ---------------------------------------------------------------- AVX-512 (VBMI, VNNI)
 *
 * Tables of a word (32 inputs, 8 groups): [plane][half][byte][16]; the low and the high nibbles of a row's four bytes
 * name an entry in the four tables of half 0 and 1. One vpermb then looks 16 outputs × 4 tables up, and one vpdpbusd
 * adds the four to the int32 of their output. */
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,fma")))

static const float SIGNS[4][16] = {
    {-1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1},
    {-1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1},
    {-1, -1, -1, -1, 1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1},
    {-1, -1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1},
};

AVX512 static float largest_avx512(const float *x, size_t n) {
    __m512 most = _mm512_setzero_ps(), all_finite = most;
    for (size_t i = 0; i < n; i += 16) {
        __m512 a = _mm512_abs_ps(_mm512_maskz_loadu_ps((__mmask16)(n - i < 16 ? (1u << (n - i)) - 1 : 0xffff), x + i));
        a = _mm512_add_ps(a, _mm512_permute_ps(a, 0xb1));
        a = _mm512_add_ps(a, _mm512_permute_ps(a, 0x4e));
        most = _mm512_max_ps(most, a);
        /* max drops a NaN; 0·a keeps it, and makes one of inf */
        all_finite = _mm512_fmadd_ps(a, _mm512_setzero_ps(), all_finite);
    }
    return _mm512_reduce_max_ps(most) + _mm512_reduce_add_ps(all_finite);
}

AVX512 INLINE __m512 group_sums_avx512(const float *x, __m512 scale) {
    __m512 low = _mm512_mul_ps(_mm512_set1_ps(x[0]), _mm512_loadu_ps(SIGNS[0]));
    __m512 high = _mm512_mul_ps(_mm512_set1_ps(x[2]), _mm512_loadu_ps(SIGNS[2]));
    low = _mm512_fmadd_ps(_mm512_set1_ps(x[1]), _mm512_loadu_ps(SIGNS[1]), low);
    high = _mm512_fmadd_ps(_mm512_set1_ps(x[3]), _mm512_loadu_ps(SIGNS[3]), high);
    return _mm512_mul_ps(_mm512_add_ps(low, high), scale);
}

AVX512 static void tables_avx512(const float *x, int words, float scale, int planes, uint8_t *t) {
    /* Bytes 0 and 1, then byte 2, of sixteen int32 of one register and sixteen of a second one. */
    uint8_t pick[64];
    for (int i = 0; i < 64; i++) pick[i] = (uint8_t)(4 * (i & 15) + (i & 16) * 4 + (i >> 5));
    const __m512i first = _mm512_loadu_si512(pick), third = _mm512_add_epi8(first, _mm512_set1_epi8(2));
    const __m512 s = _mm512_set1_ps(scale);
    for (int i = 0; i < words; i++, x += 32)
        for (int half = 0; half < 2; half++) {
            __m512i sums[4];
            for (int b = 0; b < 4; b++) sums[b] = _mm512_cvtps_epi32(group_sums_avx512(x + 8 * b + 4 * half, s));
            uint8_t *to = t + i * planes * 128 + half * 64;
            __m512i low = _mm512_permutex2var_epi8(sums[0], first, sums[1]);
            __m512i high = _mm512_permutex2var_epi8(sums[2], first, sums[3]);
            _mm512_store_si512(to, _mm512_shuffle_i64x2(low, high, 0x44));
            if (planes == 1) continue;
            _mm512_store_si512(to + 128, _mm512_shuffle_i64x2(low, high, 0xee));
            if (planes == 2) continue;
            low = _mm512_permutex2var_epi8(sums[0], third, sums[1]);
            high = _mm512_permutex2var_epi8(sums[2], third, sums[3]);
            _mm512_store_si512(to + 256, _mm512_shuffle_i64x2(low, high, 0x44));
        }
}

enum { AHEAD = 8192 }; /* bytes between a piece in use and the one asked for: DRAM latency × bandwidth, twice over */

AVX512 INLINE void block_avx512_for(const uint8_t *w, int words, const uint8_t *t, const int n_x, const int planes,
                                    int32_t *acc, size_t stride) {
    const __m512i nibble = _mm512_set1_epi32(0x0f0f0f0f), table_of_byte = _mm512_set1_epi32(0x30201000);
    const __m512i ones = _mm512_set1_epi8(1);
    /* With one plane the two halves have their own sums: four chains of additions would be too few. */
    const int slots = planes == 1 ? 2 : planes;
    __m512i sum[2][3][4];
    UNROLL for (int k = 0; k < n_x; k++)
        UNROLL for (int p = 0; p < slots; p++)
            UNROLL for (int q = 0; q < 4; q++)
                sum[k][p][q] = p < planes ? _mm512_loadu_si512(acc + k * stride + p * BLOCK + q * 16)
                                          : _mm512_setzero_si512();
    for (int i = 0; i < words; i++, w += PIECE, t += planes * 128) {
        UNROLL for (int q = 0; q < 4; q++) _mm_prefetch((const char *)w + AHEAD + 64 * q, _MM_HINT_T0);
        UNROLL for (int half = 0; half < 2; half++) {
            __m512i index[4];
            UNROLL for (int q = 0; q < 4; q++) {
                __m512i word = _mm512_load_si512(w + 64 * q);
                if (half) word = _mm512_srli_epi32(word, 4);
                index[q] = _mm512_ternarylogic_epi32(word, nibble, table_of_byte, 0xea); /* (a & b) | c */
            }
            UNROLL for (int k = 0; k < n_x; k++)
                UNROLL for (int p = 0; p < planes; p++) {
                    const __m512i table = _mm512_load_si512(t + k * TABLE_BYTES + p * 128 + half * 64);
                    __m512i *to = sum[k][planes == 1 ? half : p];
                    UNROLL for (int q = 0; q < 4; q++) {
                        __m512i found = _mm512_permutexvar_epi8(index[q], table);
                        /* vpdpbusd multiplies unsigned by signed bytes; only the top plane has a sign */
                        to[q] = p == planes - 1 ? _mm512_dpbusd_epi32(to[q], ones, found)
                                                : _mm512_dpbusd_epi32(to[q], found, ones);
                    }
                }
        }
    }
    UNROLL for (int k = 0; k < n_x; k++)
        UNROLL for (int p = 0; p < planes; p++)
            UNROLL for (int q = 0; q < 4; q++) {
                __m512i total = planes == 1 ? _mm512_add_epi32(sum[k][0][q], sum[k][1][q]) : sum[k][p][q];
                _mm512_storeu_si512(acc + k * stride + p * BLOCK + q * 16, total);
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

/* A float table is one register, and vpermps looks sixteen outputs up (it reads only the low four bits). */
AVX512 static void float_block_avx512(const uint8_t *w, int words, const float *t, float *acc) {
    __m512 sum[4][2];
    for (int q = 0; q < 4; q++) sum[q][0] = sum[q][1] = _mm512_setzero_ps();
    for (int i = 0; i < words; i++, w += PIECE, t += 128) {
        __m512i word[4];
        for (int q = 0; q < 4; q++) _mm_prefetch((const char *)w + AHEAD + 64 * q, _MM_HINT_T0);
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
    combine_any(acc, planes, scale, n, out);
}

static const Engine WITH_AVX512 = {"avx512",     0,        largest_avx512, tables_avx512, block_avx512,
                                   float_block_avx512, combine_avx512};

/* ---------------------------------------------------------------- AVX2
 *
 * vpshufb looks 32 outputs up in one table, so the pieces are laid out by byte. Bytes are widened to 16 bits by
 * adding them twice: as 16-bit numbers (256·odd + even, modulo 2^16) and shifted (odd); 256 groups, one chunk, fit. */
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

static const Engine WITH_AVX2 = {"avx2",     1,        largest_portable, tables_avx2, block_avx2,
                                 float_block_avx2, combine_avx2};
#endif

/* ---------------------------------------------------------------- engine choice and the packed matrix */

/* Engine number i of those this processor runs, fastest first; NULL past the last. */
static const Engine *engine_at(int i) {
#ifdef HAVE_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && i-- == 0)
        return &WITH_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && i-- == 0) return &WITH_AVX2;
#endif
    return i == 0 ? &PORTABLE : NULL;
}

typedef struct {
    const Engine *engine;
    size_t d_out, d_in, blocks, words; /* words of 32 inputs, rounded up */
    uint8_t *weights;
} Matrix;

/* Memory for `release`, or NULL. Pages of 2 MB spare a large matrix a thousand TLB misses per product, which cost as
 * much as the DRAM itself. */
static void *aligned(size_t bytes) {
    const size_t huge = (size_t)2 << 20, alignment = bytes < huge ? 64 : huge;
#ifdef _WIN32
    return _aligned_malloc(bytes, alignment);
#else
    void *memory = NULL;
    if (posix_memalign(&memory, alignment, bytes)) return NULL;
#ifdef MADV_HUGEPAGE
    if (bytes >= huge) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
    return memory;
#endif
}

static void release(void *memory) {
#ifdef _WIN32
    _aligned_free(memory);
#else
    free(memory);
#endif
}

/* Where the pieces of a block begin in a chunk. Only the last chunk is shorter than CHUNK words. */
static uint8_t *pieces_of(const Matrix *m, size_t chunk, size_t block, size_t words) {
    return m->weights + (chunk * CHUNK * m->blocks + block * words) * PIECE;
}

static void fill(Matrix *m, const uint8_t *bits) {
    const size_t row_bytes = (m->d_in + 7) / 8;
    memset(m->weights, 0, m->blocks * m->words * PIECE);
    for (size_t r = 0; r < m->d_out; r++)
        for (size_t j = 0; j < row_bytes; j++) {
            size_t word = j / 4, chunk = word / CHUNK, words = MIN(CHUNK, m->words - chunk * CHUNK);
            uint8_t *piece = pieces_of(m, chunk, r / BLOCK, words) + word % CHUNK * PIECE;
            piece[m->engine->by_byte ? j % 4 * BLOCK + r % BLOCK : r % BLOCK * 4 + j % 4] = bits[r * row_bytes + j];
        }
}

/* ---------------------------------------------------------------- the product */

typedef struct {
    const Matrix *matrix;
    const float *x;
    float *out;
    double scale;
    int planes;
    size_t rows, panel, panels, items; /* an item is a tile of rows × a panel of blocks */
    atomic_size_t next;
    atomic_int out_of_memory;
} Job;

typedef struct {
    uint8_t tables[2 * TABLE_BYTES]; /* first, so that it inherits the alignment */
    float x[CHUNK * 32];
    int32_t acc[];
} Scratch;

/* The inputs of one chunk, padded with zeros to whole words. */
static const float *chunk_of(const Job *job, size_t row, size_t chunk, size_t words, Scratch *scratch) {
    const size_t d_in = job->matrix->d_in, from = chunk * CHUNK * 32, n = MIN(words * 32, d_in - from);
    const float *x = job->x + row * d_in + from;
    if (n == words * 32) return x;
    memset(scratch->x, 0, sizeof scratch->x);
    return memcpy(scratch->x, x, n * sizeof *x);
}

static void float_row(const Job *job, size_t row, size_t first, size_t blocks, Scratch *scratch) {
    const Matrix *m = job->matrix;
    float *acc = (float *)scratch->acc, *t = (float *)scratch->tables;
    memset(acc, 0, blocks * BLOCK * sizeof *acc);
    for (size_t chunk = 0; chunk * CHUNK < m->words; chunk++) {
        const size_t words = MIN(CHUNK, m->words - chunk * CHUNK);
        float_tables(chunk_of(job, row, chunk, words, scratch), (int)words, t);
        for (size_t b = 0; b < blocks; b++)
            m->engine->float_block(pieces_of(m, chunk, first + b, words), (int)words, t, acc + b * BLOCK);
    }
    const size_t from = first * BLOCK, n = MIN(blocks * BLOCK, m->d_out - from);
    for (size_t i = 0; i < n; i++) job->out[row * m->d_out + from + i] = (float)(job->scale * acc[i]);
}

/* The factor that brings the largest table entry to the largest number of `bits` bits and a sign, or 0 where float32
 * has no such factor. One short of it for 24 bits, where the product may round up by one. */
static float grid(float largest, int bits) {
    if (largest == 0) return 1;
    double factor = ((1 << bits) - (bits > 8 ? 2 : 1)) / (double)largest;
    return largest <= FLT_MAX && factor <= FLT_MAX && factor >= FLT_MIN ? (float)factor : 0;
}

/* A block's sums are cleared just before its first chunk and combined just after its last: they are in the first-level
 * cache then, and where there is one chunk they never leave it. */
static void integer_rows(const Job *job, const size_t *row, const float *step, int n, size_t first, size_t blocks,
                         Scratch *scratch) {
    const Matrix *m = job->matrix;
    const Engine *engine = m->engine;
    const int one_chunk = m->words <= CHUNK;
    const size_t sums = (size_t)BLOCK * job->planes, stride = one_chunk ? sums : blocks * sums;
    for (size_t chunk = 0; chunk * CHUNK < m->words; chunk++) {
        const size_t words = MIN(CHUNK, m->words - chunk * CHUNK);
        const int is_last = (chunk + 1) * CHUNK >= m->words;
        for (int i = 0; i < n; i += 2) {
            const int n_x = MIN(2, n - i);
            for (int k = 0; k < n_x; k++)
                engine->tables(chunk_of(job, row[i + k], chunk, words, scratch), (int)words, step[i + k], job->planes,
                               scratch->tables + k * TABLE_BYTES);
            for (size_t b = 0; b < blocks; b++) {
                const size_t from = (first + b) * BLOCK;
                int32_t *acc = scratch->acc + (one_chunk ? 0 : i * stride + b * sums);
                for (int k = 0; chunk == 0 && k < n_x; k++) memset(acc + k * stride, 0, sums * sizeof *acc);
                engine->block(pieces_of(m, chunk, first + b, words), (int)words, scratch->tables, n_x, job->planes, acc,
                              stride);
                for (int k = 0; is_last && k < n_x; k++)
                    engine->combine(acc + k * stride, job->planes, job->scale / step[i + k],
                                    (int)MIN(BLOCK, m->d_out - from), job->out + row[i + k] * m->d_out + from);
            }
        }
    }
}

static void do_item(const Job *job, size_t item, Scratch *scratch) {
    const Matrix *m = job->matrix;
    const size_t first_row = item / job->panels * TILE, first = item % job->panels * job->panel;
    const size_t blocks = MIN(job->panel, m->blocks - first);
    size_t row[TILE];
    float step[TILE];
    int n = 0;
    for (size_t r = first_row; r < MIN(first_row + TILE, job->rows); r++) {
        step[n] = 0;
        if (job->planes != FLOAT)
            step[n] = grid(m->engine->largest(job->x + r * m->d_in, m->d_in), 8 * job->planes - 1);
        if (step[n] == 0)
            float_row(job, r, first, blocks, scratch);
        else
            row[n++] = r;
    }
    integer_rows(job, row, step, n, first, blocks, scratch);
}

static void *work(void *argument) {
    Job *job = argument;
    const size_t tile = MIN(job->rows, TILE), sums = tile * job->panel * BLOCK * (job->planes ? job->planes : 1);
    Scratch *scratch = aligned(sizeof(Scratch) + sums * sizeof(int32_t));
    if (!scratch) {
        job->out_of_memory = 1;
        return NULL;
    }
    for (size_t item; (item = job->next++) < job->items;) do_item(job, item, scratch);
    release(scratch);
    return NULL;
}

/* Threads claim items, so one that starts late or is pre-empted holds nobody up. They live for one call: nothing to
 * tear down, nothing that a fork could break. */
static int multiply(Job *job, size_t threads) {
    enum { MOST_THREADS = 256 };
    const Matrix *m = job->matrix;
    const size_t tiles = (job->rows + TILE - 1) / TILE;
    threads = MIN(threads, MOST_THREADS);
    threads = MIN(threads, 1 + m->blocks * BLOCK * m->words * 32 * job->rows / WORTH_A_THREAD);
    job->panel = MIN(PANEL, m->blocks);
    /* Too few tiles for the threads: split the outputs. Each item builds its tables anew, so not below 8 blocks. */
    if (threads > 1 && tiles < 8 * threads) {
        size_t fair = (m->blocks * tiles + 2 * threads - 1) / (2 * threads);
        job->panel = MIN(job->panel, fair < 8 ? 8 : fair);
    }
    job->panels = (m->blocks + job->panel - 1) / job->panel;
    job->items = tiles * job->panels;
    pthread_t helpers[MOST_THREADS];
    size_t started = 0;
    threads = MIN(threads, job->items);
    while (started + 1 < threads && !pthread_create(&helpers[started], NULL, work, job)) started++;
    work(job);
    for (size_t i = 0; i < started; i++) pthread_join(helpers[i], NULL);
    return job->out_of_memory;
}

/* ---------------------------------------------------------------- Python */

static const char *const CAPSULE = "onebit_rf.kernels._signs.Matrix";

static void free_matrix(PyObject *capsule) {
    Matrix *m = PyCapsule_GetPointer(capsule, CAPSULE);
    if (m) release(m->weights);
    free(m);
}

static PyObject *py_engines(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    PyObject *names = PyList_New(0);
    for (int i = 0; names && engine_at(i); i++) {
        PyObject *name = PyUnicode_FromString(engine_at(i)->name);
        if (!name || PyList_Append(names, name)) Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

static PyObject *py_pack(PyObject *module, PyObject *args) {
    (void)module;
    Py_buffer bits;
    Py_ssize_t d_out, d_in;
    const char *name;
    if (!PyArg_ParseTuple(args, "y*nns", &bits, &d_out, &d_in, &name)) return NULL;
    PyObject *capsule = NULL;
    Matrix *m = calloc(1, sizeof *m);
    for (int i = 0; m && engine_at(i); i++)
        if (!strcmp(engine_at(i)->name, name)) m->engine = engine_at(i);
    if (!m) {
        PyErr_NoMemory();
    } else if (!m->engine) {
        PyErr_Format(PyExc_ValueError, "this processor has no engine %s", name);
    } else if (d_out < 1 || d_in < 1 || d_in > MOST_INPUTS || d_out > PY_SSIZE_T_MAX / d_in || bits.len != d_out * ((d_in + 7) / 8)) {
        PyErr_SetString(PyExc_ValueError, "bits: need d_out rows of ceil(d_in/8) bytes, d_in ≤ 2^24");
    } else {
        m->d_out = (size_t)d_out, m->d_in = (size_t)d_in;
        m->blocks = (m->d_out + BLOCK - 1) / BLOCK, m->words = (m->d_in + 31) / 32;
        m->weights = aligned(m->blocks * m->words * PIECE);
        if (!m->weights) {
            PyErr_NoMemory();
        } else {
            Py_BEGIN_ALLOW_THREADS
            fill(m, bits.buf);
            Py_END_ALLOW_THREADS
            capsule = PyCapsule_New(m, CAPSULE, free_matrix);
        }
    }
    PyBuffer_Release(&bits);
    if (!capsule && m) {
        release(m->weights);
        free(m);
    }
    return capsule;
}

static int is_matrix_of(const Py_buffer *view, size_t columns) {
    return view->ndim == 2 && view->format && !strcmp(view->format, "f") && (size_t)view->shape[1] == columns;
}

static PyObject *py_apply(PyObject *module, PyObject *const *args, Py_ssize_t n_args) {
    (void)module;
    if (n_args != 6) return PyErr_Format(PyExc_TypeError, "apply(matrix, x, out, scale, planes, threads)");
    const Matrix *m = PyCapsule_GetPointer(args[0], CAPSULE);
    if (!m) return NULL;
    const double scale = PyFloat_AsDouble(args[3]);
    const long planes = PyLong_AsLong(args[4]), threads = PyLong_AsLong(args[5]);
    if (PyErr_Occurred()) return NULL;
    if (planes < FLOAT || planes > 3 || threads < 1)
        return PyErr_Format(PyExc_ValueError, "planes must be 0, 1, 2 or 3 and threads ≥ 1");
    Py_buffer x, out;
    if (PyObject_GetBuffer(args[1], &x, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)) return NULL;
    if (PyObject_GetBuffer(args[2], &out, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | PyBUF_WRITABLE)) {
        PyBuffer_Release(&x);
        return NULL;
    }
    const char *wrong = NULL;
    int out_of_memory = 0;
    if (!is_matrix_of(&x, m->d_in) || !is_matrix_of(&out, m->d_out) || x.shape[0] != out.shape[0]) {
        wrong = "x and out must be float32 of shapes (rows, d_in) and (rows, d_out)";
    } else if ((char *)x.buf < (char *)out.buf + out.len && (char *)out.buf < (char *)x.buf + x.len) {
        wrong = "x and out must not overlap";
    } else if (x.shape[0] > 0) {
        Job job = {.matrix = m, .x = x.buf, .out = out.buf, .scale = scale, .planes = (int)planes,
                   .rows = (size_t)x.shape[0]};
        Py_BEGIN_ALLOW_THREADS
        out_of_memory = multiply(&job, (size_t)threads);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&x);
    PyBuffer_Release(&out);
    if (wrong) return PyErr_Format(PyExc_ValueError, "%s", wrong);
    if (out_of_memory) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyMethodDef METHODS[] = {
    {"engines", py_engines, METH_NOARGS, "The instruction sets this processor can use, fastest first."},
    {"pack", py_pack, METH_VARARGS, "pack(bits, d_out, d_in, engine): lay a sign matrix out for an engine."},
    {"apply", (PyCFunction)(void (*)(void))py_apply, METH_FASTCALL,
     "apply(matrix, x, out, scale, planes, threads): out = scale·x Wᵀ; planes 3, 2, 1, or 0 for the float method."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot SLOTS[] = {
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED}, /* a packed matrix is never written to */
#endif
    {0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, .m_name = "_signs", .m_doc = "Products with packed sign matrices.", .m_size = 0,
    .m_methods = METHODS, .m_slots = SLOTS,
};

PyMODINIT_FUNC PyInit__signs(void) { return PyModuleDef_Init(&MODULE); }

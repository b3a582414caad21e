/* z = x Wᵀ for W ∈ {−1,+1}^{d_out×d_in} stored one bit per weight, by table look-up.
 *
 * Four inputs x0..x3 have sixteen signed sums ±x0±x1±x2±x3, and four bits of a row of W name one of them.
 * So a product is: build the d_in/4 tables of x once, then add one table entry per four weights and output.
 *
 *   integer method  the entries are rounded to fixed-point numbers, one scale per row of x, of `planes` bytes: 3 (24
 *                   bits), 2 or 1 (8 bits). Their bytes, or smaller digits, are looked up and added apart, as
 *                   integers, and meet in float64. After the one rounding of a table entry everything is exact,
 *                   hence the result does not depend on threads, on how rows are batched, or on the instruction set.
 *                   By fives: of 24 bits, every fifth word of inputs is rounded input by input. A look-up may then take
 *                   a fifth input along, since ±(x4 ± x0 ± x1 ± x2 ± x3) has sixteen values and a sign; or not.
 *   float method    the entries stay float32 and are added in float32, in one fixed order for every engine.
 *                   NaN, ±inf and sums that overflow go where float32 arithmetic takes them, so rows of x that
 *                   have no such scale (not finite, or all below 2^-104) take this method always.
 *
 * An engine is one instruction set. All read the same geometry: weights are cut in chunks of 1024 inputs, 960 by fives
 * (their tables for two rows of x stay in the first-level cache), and blocks of 64 outputs; one *piece* is 64 outputs
 * × 32 inputs = 256 bytes, and pieces lie in memory in the order they are used: [chunk][block][word].
 */
#ifndef ONEBIT_RF_ENGINE_H
#define ONEBIT_RF_ENGINE_H
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_X86 1
#endif
#if defined(__aarch64__) && defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HAVE_NEON 1
#endif

#define INLINE static inline __attribute__((always_inline))
/* Small loops over registers: one left rolled would move the whole array of sums to the stack. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif
#define MIN(a, b) ((a) < (b) ? (a) : (b))

enum {
    BLOCK = 64,                    /* outputs per block */
    PIECE = BLOCK * 4,             /* bytes of 64 outputs × 32 inputs */
    CHUNK = 32,                    /* most 32-bit words of inputs per chunk: 1024 inputs */
    FIVES = 5,                     /* words of 128 inputs and of the 32 that go with them, one with four */
    CHUNK_BY_FIVES = 30,           /* words per chunk by fives but the last, which has CHUNK at most */
    WORD_TABLES = 8 * 64,          /* room for the tables of one word of one row of x: 8 of 16 4-byte entries */
    TABLE_BYTES = CHUNK * WORD_TABLES,
    TILE = 8,                      /* rows of x that share one pass over a panel; its sums stay in the L2 cache */
    PANEL = 64,                    /* most blocks of one panel, the unit of work with a tile */
    FLOAT = 0,                     /* the method without planes */
    MOST_INPUTS = 1 << 24,         /* so that the int32 sums of byte planes cannot overflow */
};

typedef struct {
    const char *name;
    int (*runs_here)(void); /* on this processor */
    int together; /* bytes of an output that lie side by side in a piece: 4 (its word), 2 or 1; see `place` */
    /* max over groups of (|x0|+|x1|)+(|x2|+|x3|), or something that is not finite when an input is not. */
    float (*largest)(const float *x, size_t n);
    /* max over all n·160 inputs of ((|x0|+|x1|)+(|x2|+|x3|)) + |x4|, by fives; a NaN may be passed over. */
    float (*largest_five)(const float *x, size_t n);
    /* The tables of 32*words inputs, entries scaled and rounded to `planes` bytes. */
    void (*tables)(const float *x, int words, float scale, int planes, uint8_t *t);
    /* Add the sums of a block over one chunk, for n_x ≤ 2 rows of x, to acc, the second row `stride` further:
     * [planes][64], the digits of each sum in a base of the engine's choice. */
    void (*block)(const uint8_t *w, int words, const uint8_t *t, int n_x, int planes, int32_t *acc, size_t stride);
    /* The same by fives, with 3 planes, for words as `relate` leaves them and sums that begin at the matrix's start; or
     * NULL, where tables are made of inputs that were scaled and rounded before. */
    void (*tables_by_fives)(const float *x, int words, float scale, uint8_t *t);
    void (*block_by_fives)(const uint8_t *w, int words, const uint8_t *t, int n_x, int32_t *acc, size_t stride);
    /* out += factor·scales ⊙ the sums of a block over the words, for n_x ≤ 2 rows of x with a factor each. */
    void (*scaled_block)(const uint8_t *w, int words, const uint8_t *t, int n_x, int planes, const float *scales,
                         const float *factor, float *out, size_t stride);
    void (*float_block)(const uint8_t *w, int words, const float *t, float *acc);
    /* out = scale·sum, of the digits of 64 sums, or of the first n. */
    void (*combine)(const int32_t *acc, int planes, double scale, int n, float *out);
    /* z = φ(z) */
    void (*activate)(int activation, float *z, int n);
} Engine;

/* An engine is a file, a name here, and a line in engine.c. */
extern const Engine avx512, avx2, neon, portable;

/* Engine number i of those this processor runs, fastest first; NULL past the last. */
const Engine *engine_at(int i);

/* ---------------------------------------------------------------- what several engines share */

/* Where byte b of output r is in a piece. */
INLINE int place(int r, int b, int together) { return b / together * together * BLOCK + r * together + b % together; }

INLINE uint32_t load_word(const uint8_t *piece, int r, int together) {
    const uint8_t *p = piece + place(r, 0, together);
    const int b1 = place(0, 1, together), b2 = place(0, 2, together), b3 = place(0, 3, together);
    return p[0] | (uint32_t)p[b1] << 8 | (uint32_t)p[b2] << 16 | (uint32_t)p[b3] << 24;
}

/* Entry e of the table of x[0..3]; bit j of e is the sign of x[j]. Every engine adds in this order: since rounding is
 * monotone, no entry exceeds `largest`, and all engines round to the same integers. */
INLINE float signed_sum(const float *x, int e) {
    return ((e & 1 ? x[0] : -x[0]) + (e & 2 ? x[1] : -x[1])) + ((e & 4 ? x[2] : -x[2]) + (e & 8 ? x[3] : -x[3]));
}

/* The input of five words, 128 to 159, that goes with those from 4·four on: the one that byte b of the fifth word has
 * at bit 2·i + half if the four are the low or high half of byte b of word i. */
INLINE int input_with(int four) { return 128 + four / 2 % 4 * 8 + four / 8 * 2 + four % 2; }

INLINE float largest_five_any(const float *x, size_t n) {
    float most = 0;
    for (; n > 0; n--, x += 160) {
        float sums[32];
        for (int g = 0; g < 32; g++)
            sums[g] = (fabsf(x[4 * g]) + fabsf(x[4 * g + 1])) + (fabsf(x[4 * g + 2]) + fabsf(x[4 * g + 3]));
        UNROLL for (int i = 0; i < 4; i++)
            for (int j = 0; j < 8; j++) sums[8 * i + j] += fabsf(x[input_with(8 * i + j)]);
        for (int g = 0; g < 32; g++) most = sums[g] > most ? sums[g] : most;
    }
    return most;
}

/* Even and odd groups are added apart (two chains of additions instead of one), then chunk by chunk. */
INLINE void float_block_any(const uint8_t *w, int words, const float *t, float *acc, int together) {
    for (int r = 0; r < BLOCK; r++) {
        float even = 0, odd = 0;
        for (int i = 0; i < words; i++) {
            uint32_t word = load_word(w + (size_t)i * PIECE, r, together);
            const float *table = t + i * 128;
            for (int g = 0; g < 8; g += 2) {
                even += table[g * 16 + (word >> 4 * g & 15)];
                odd += table[g * 16 + 16 + (word >> (4 * g + 4) & 15)];
            }
        }
        acc[r] += even + odd;
    }
}

/* out = scale·(… + base²·digit2 + base·digit1 + digit0): the sum is an integer below 2^53, exact in a double. */
INLINE void combine_any(const int32_t *acc, int planes, double base, double scale, int n, float *out) {
    if (planes == 1)
        for (int r = 0; r < n; r++) out[r] = (float)(scale * acc[r]);
    else if (planes == 2)
        for (int r = 0; r < n; r++) out[r] = (float)(scale * (base * acc[BLOCK + r] + acc[r]));
    else
        for (int r = 0; r < n; r++)
            out[r] = (float)(scale * (base * base * acc[2 * BLOCK + r] + base * acc[BLOCK + r] + acc[r]));
}

/* The sums over a chunk at most, made of their digits, fit in int32: 256 entries of 24 bits. One fmaf, so that no
 * compiler chooses how often to round. */
INLINE void add_scaled(uint32_t sum, float factor, float scale, float *out) {
    *out = fmaf(scale, factor * (float)(int32_t)sum, *out);
}

#include "activation.h"

/* Those of plain C, which compilers vectorise well enough. */
float largest_portable(const float *x, size_t n);
float largest_five_portable(const float *x, size_t n);
void combine_portable(const int32_t *acc, int planes, double scale, int n, float *out);
/* `scaled_block` by the `block` of an engine whose digits are bytes. */
INLINE void scaled_by(void (*block)(const uint8_t *, int, const uint8_t *, int, int, int32_t *, size_t),
                      const uint8_t *w, int words, const uint8_t *t, int n_x, int planes, const float *scales,
                      const float *factor, float *out, size_t stride) {
    int32_t acc[2 * 3 * BLOCK] = {0};
    block(w, words, t, n_x, planes, acc, 3 * BLOCK);
    for (int k = 0; k < n_x; k++, out += stride)
        for (int r = 0; r < BLOCK; r++) {
            const int32_t *digit = acc + k * 3 * BLOCK + r;
            const uint32_t high = ((uint32_t)digit[2 * BLOCK] << 8) + (uint32_t)digit[BLOCK];
            add_scaled((high << 8) + (uint32_t)digit[0], factor[k], scales[r], out + r);
        }
}
void activate_portable(int activation, float *z, int n);

#endif

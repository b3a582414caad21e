/* Look-ups by NEON, which every 64-bit ARM processor has.
 *
 * Tables of a word (32 inputs, 8 groups): [plane][half][byte][16]; half 1 is of the high nibbles. One tbl of two
 * registers looks eight outputs up in two tables, for two bytes that lie side by side in a piece, and one uadalp adds
 * both entries to the 16 bits of their output; 256 groups, one chunk, fit. A tbl of one register would need two uaddw;
 * one of four registers, for udot, takes three times as long on Neoverse N1 and V2. */
#include "engine.h"
#ifdef HAVE_NEON
#ifndef __clang__
/* Before it allocates registers gcc 12 to 14 would move the loads of all tables up, and sums to the stack. */
#pragma GCC optimize("no-schedule-insns")
#endif
#include <arm_neon.h>

_Static_assert(CHUNK * 8 * UINT8_MAX <= UINT16_MAX, "16 bits hold the sum of a chunk");

static int runs_here(void) { return 1; }

static float largest_neon(const float *x, size_t n) {
    const size_t whole = n - n % 16;
    float32x4_t most = vdupq_n_f32(largest_portable(x + whole, n - whole));
    for (size_t i = 0; i < whole; i += 16) {
        float32x4_t pairs[4];
        UNROLL for (int g = 0; g < 4; g++) pairs[g] = vabsq_f32(vld1q_f32(x + i + 4 * g));
        float32x4_t norms = vpaddq_f32(vpaddq_f32(pairs[0], pairs[1]), vpaddq_f32(pairs[2], pairs[3]));
        most = vmaxq_f32(most, norms); /* keeps a NaN */
    }
    return vmaxvq_f32(most);
}

static void tables_neon(const float *x, int words, float scale, int planes, uint8_t *t) {
    const float32x4_t first = {-1, 1, -1, 1}, second = {-1, -1, 1, 1};
    const uint8x16_t byte_0 = {0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60};
    for (int g = 0; g < 8 * words; g++, x += 4) {
        const float32x4_t low = vaddq_f32(vmulq_n_f32(first, x[0]), vmulq_n_f32(second, x[1]));
        const float32x4_t high = vaddq_f32(vmulq_n_f32(first, x[2]), vmulq_n_f32(second, x[3]));
        uint8x16x4_t rounded; /* sixteen int32 */
        UNROLL for (int q = 0; q < 4; q++) {
            const float32x4_t sums = vaddq_f32(low, vdupq_n_f32(high[q]));
            rounded.val[q] = vreinterpretq_u8_s32(vcvtnq_s32_f32(vmulq_n_f32(sums, scale)));
        }
        uint8_t *to = t + g / 8 * planes * 128 + (g & 1) * 64 + g / 2 % 4 * 16;
        for (int p = 0; p < planes; p++)
            vst1q_u8(to + p * 128, vqtbl4q_u8(rounded, vaddq_u8(byte_0, vdupq_n_u8((uint8_t)p))));
    }
}

/* Only the top plane has a sign. */
INLINE uint16x8_t add_pairs(uint16x8_t sum, uint8x16_t found, int is_signed) {
    if (!is_signed) return vpadalq_u8(sum, found);
    return vreinterpretq_u16_s16(vpadalq_s8(vreinterpretq_s16_u16(sum), vreinterpretq_s8_u8(found)));
}

/* The first 8·width outputs of the block whose weights begin at w. */
INLINE void block_neon_for(const uint8_t *w, int words, const uint8_t *t, const int n_x, const int planes,
                           const int width, int32_t *acc, size_t stride) {
    const uint8x16_t nibble = vdupq_n_u8(15), second_table = vreinterpretq_u8_u16(vdupq_n_u16(0x1000));
    uint16x8_t sum[2][3][4];
    UNROLL for (int k = 0; k < n_x; k++)
        UNROLL for (int p = 0; p < planes; p++)
            UNROLL for (int q = 0; q < width; q++) sum[k][p][q] = vdupq_n_u16(0);
    for (int i = 0; i < words; i++, w += PIECE, t += planes * 128)
        UNROLL for (int pair = 0; pair < 2; pair++)
            UNROLL for (int half = 0; half < 2; half++) {
                uint8x16_t index[4];
                UNROLL for (int q = 0; q < width; q++) {
                    const uint8x16_t bytes = vld1q_u8(w + pair * 2 * BLOCK + 16 * q);
                    index[q] = vorrq_u8(half ? vshrq_n_u8(bytes, 4) : vandq_u8(bytes, nibble), second_table);
                }
                UNROLL for (int k = 0; k < n_x; k++)
                    UNROLL for (int p = 0; p < planes; p++) {
                        const uint8x16x2_t two = vld1q_u8_x2(t + k * TABLE_BYTES + p * 128 + half * 64 + pair * 32);
                        UNROLL for (int q = 0; q < width; q++)
                            sum[k][p][q] = add_pairs(sum[k][p][q], vqtbl2q_u8(two, index[q]), p == planes - 1);
                    }
            }
    UNROLL for (int k = 0; k < n_x; k++)
        UNROLL for (int p = 0; p < planes; p++)
            UNROLL for (int q = 0; q < width; q++) {
                uint16_t sums[8];
                int32_t *to = acc + k * stride + p * BLOCK + 8 * q;
                vst1q_u16(sums, sum[k][p][q]);
                for (int r = 0; r < 8; r++) to[r] += p == planes - 1 ? (int16_t)sums[r] : sums[r];
            }
}

static void block_neon(const uint8_t *w, int words, const uint8_t *t, int n_x, int planes, int32_t *acc,
                       size_t stride) {
    const int width = n_x * planes <= 4 ? 4 : 2; /* whose sums, indices and tables fit 32 registers */
    for (int from = 0; from < BLOCK; from += 8 * width, w += 16 * width, acc += 8 * width) {
        if (planes == 1 && n_x == 1) block_neon_for(w, words, t, 1, 1, 4, acc, stride);
        if (planes == 1 && n_x == 2) block_neon_for(w, words, t, 2, 1, 4, acc, stride);
        if (planes == 2 && n_x == 1) block_neon_for(w, words, t, 1, 2, 4, acc, stride);
        if (planes == 2 && n_x == 2) block_neon_for(w, words, t, 2, 2, 4, acc, stride);
        if (planes == 3 && n_x == 1) block_neon_for(w, words, t, 1, 3, 4, acc, stride);
        if (planes == 3 && n_x == 2) block_neon_for(w, words, t, 2, 3, 2, acc, stride);
    }
}

static void scaled_block_neon(const uint8_t *w, int words, const uint8_t *t, int n_x, int planes, const float *scales,
                              const float *factor, float *out, size_t stride) {
    scaled_by(block_neon, w, words, t, n_x, planes, scales, factor, out, stride);
}

static void float_block_neon(const uint8_t *w, int words, const float *t, float *acc) {
    float_block_any(w, words, t, acc, 2);
}

const Engine neon = {
    .name = "neon", .together = 2, .runs_here = runs_here, .largest = largest_neon,
    .largest_five = largest_five_portable, .tables = tables_neon, .block = block_neon,
    .scaled_block = scaled_block_neon, .float_block = float_block_neon, .combine = combine_portable,
    .activate = activate_portable,
};
#endif

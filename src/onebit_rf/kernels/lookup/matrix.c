/* Layout of a sign matrix, in memory of large pages. */
#include "matrix.h"
#include <stdlib.h>
#ifdef __linux__
#include <sys/mman.h>
#endif
#ifdef _WIN32
#include <malloc.h>
#endif

/* Pages of 2 MB spare a large matrix a thousand TLB misses per product, which cost as
 * much as the DRAM itself. */
void *aligned(size_t bytes) {
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

void release(void *memory) {
#ifdef _WIN32
    _aligned_free(memory);
#else
    free(memory);
#endif
}

void relate(uint8_t *pieces, size_t words) {
    for (; words >= FIVES; words -= FIVES, pieces += FIVES * PIECE)
        for (int i = 0; i < 4; i++)
            for (int byte = 0; byte < PIECE; byte++) {
                const int signs = pieces[4 * PIECE + byte] >> 2 * i;
                pieces[i * PIECE + byte] ^= (uint8_t)((signs & 1 ? 0 : 15) | (signs & 2 ? 0 : 240));
            }
}

/* By fives no entry is below 0: each has 128 more in its top byte, which comes with the sign of its fifth weight, or
 * with a plus where a word has none. */
static void take_off(const uint8_t *pieces, size_t words, int together, int32_t *start) {
    const size_t fives = words - words % FIVES;
    for (int r = 0; r < BLOCK; r++) {
        int balance = 8 * (int)(words - fives);
        for (size_t word = 0; word < fives; word += FIVES)
            balance += 2 * __builtin_popcount(load_word(pieces + (word + 4) * PIECE, r, together)) - 32;
        start[r] -= 128 * balance;
    }
}

static void fill(Matrix *m, const uint8_t *bits) {
    const size_t row_bytes = (m->d_in + 7) / 8;
    const int together = m->engine->together;
    memset(m->weights, 0, m->blocks * m->words * PIECE);
    for (size_t r = 0; r < m->d_out; r++, bits += row_bytes)
        for (size_t chunk = 0, j = 0; chunk < m->chunks; chunk++) {
            const size_t words = words_in(m, chunk);
            uint8_t *piece = pieces_of(m, chunk, r / BLOCK, words);
            for (size_t word = 0; word < words; word++, piece += PIECE)
                for (int b = 0; b < 4 && j < row_bytes; b++) piece[place((int)(r % BLOCK), b, together)] = bits[j++];
        }
    if (!m->is_related) return;
    memset(m->start, 0, m->blocks * BLOCK * sizeof *m->start);
    for (size_t chunk = 0; chunk < m->chunks; chunk++)
        for (size_t block = 0; block < m->blocks; block++) {
            const size_t words = words_in(m, chunk);
            uint8_t *pieces = pieces_of(m, chunk, block, words);
            take_off(pieces, words, together, m->start + block * BLOCK);
            relate(pieces, words);
        }
}

static void fill_scales(Matrix *m, const float *scales) {
    memset(m->scales, 0, m->blocks * m->groups * BLOCK * sizeof *scales);
    for (size_t r = 0; r < m->d_out; r++)
        for (size_t g = 0; g < m->groups; g++)
            m->scales[(r / BLOCK * m->groups + g) * BLOCK + r % BLOCK] = scales[g * m->d_out + r];
}

Matrix *new_matrix(const Engine *engine, const uint8_t *bits, size_t d_out, size_t d_in, const float *scales,
                   size_t groups, int planes) {
    Matrix *m = malloc(sizeof *m);
    if (!m) return NULL;
    *m = (Matrix){.engine = engine, .d_out = d_out, .d_in = d_in, .planes = planes, .groups = scales ? groups : 0};
    m->blocks = (d_out + BLOCK - 1) / BLOCK;
    m->words = (d_in + 31) / 32;
    m->by_fives = planes == 3 && m->groups <= 1 && m->words >= FIVES;
    m->is_related = m->by_fives && engine->block_by_fives;
    m->chunk = m->by_fives ? CHUNK_BY_FIVES : CHUNK;
    m->chunks = m->words <= CHUNK ? 1 : 1 + (m->words - CHUNK + m->chunk - 1) / m->chunk;
    m->weights = aligned(m->blocks * m->words * PIECE);
    if (m->is_related) m->start = aligned(m->blocks * BLOCK * sizeof *m->start);
    if (scales) m->scales = aligned(m->blocks * groups * BLOCK * sizeof *scales);
    if (!m->weights || (m->is_related && !m->start) || (scales && !m->scales)) {
        free_matrix(m);
        return NULL;
    }
    fill(m, bits);
    if (scales) fill_scales(m, scales);
    return m;
}

void free_matrix(Matrix *m) {
    if (!m) return;
    release(m->weights);
    release(m->start);
    release(m->scales);
    free(m);
}

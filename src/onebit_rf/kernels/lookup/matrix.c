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

static void fill(Matrix *m, const uint8_t *bits) {
    const size_t row_bytes = (m->d_in + 7) / 8;
    const int together = m->engine->together;
    const int place_of[4] = {place(0, 0, together), place(0, 1, together), place(0, 2, together), place(0, 3, together)};
    memset(m->weights, 0, m->blocks * m->words * PIECE);
    for (size_t r = 0; r < m->d_out; r++)
        for (size_t j = 0; j < row_bytes; j++) {
            size_t word = j / 4, chunk = word / CHUNK, words = MIN(CHUNK, m->words - chunk * CHUNK);
            uint8_t *piece = pieces_of(m, chunk, r / BLOCK, words) + word % CHUNK * PIECE;
            piece[r % BLOCK * together + place_of[j % 4]] = bits[r * row_bytes + j];
        }
}

static void fill_scales(Matrix *m, const float *scales) {
    memset(m->scales, 0, m->blocks * m->groups * BLOCK * sizeof *scales);
    for (size_t r = 0; r < m->d_out; r++)
        for (size_t g = 0; g < m->groups; g++)
            m->scales[(r / BLOCK * m->groups + g) * BLOCK + r % BLOCK] = scales[g * m->d_out + r];
}

Matrix *new_matrix(const Engine *engine, const uint8_t *bits, size_t d_out, size_t d_in, const float *scales,
                   size_t groups) {
    Matrix *m = malloc(sizeof *m);
    if (!m) return NULL;
    *m = (Matrix){engine, d_out, d_in, (d_out + BLOCK - 1) / BLOCK, (d_in + 31) / 32, scales ? groups : 0, NULL, NULL};
    m->weights = aligned(m->blocks * m->words * PIECE);
    if (scales) m->scales = aligned(m->blocks * groups * BLOCK * sizeof *scales);
    if (!m->weights || (scales && !m->scales)) {
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
    release(m->scales);
    free(m);
}

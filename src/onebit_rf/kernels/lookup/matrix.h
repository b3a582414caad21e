/* A sign matrix laid out for an engine, and its product. */
#ifndef ONEBIT_RF_MATRIX_H
#define ONEBIT_RF_MATRIX_H
#include "engine.h"

typedef struct {
    const Engine *engine;
    size_t d_out, d_in, blocks, words; /* words of 32 inputs, rounded up */
    size_t chunk, chunks;              /* words per chunk but the last; how many */
    size_t groups;                     /* of words with scales of their own; 0 without scales */
    int planes;                        /* of the tables */
    int by_fives, is_related;          /* whether tables are rounded, and words stored, so */
    uint8_t *weights;
    int32_t *start; /* [block][64], where the top digits of sums begin if words are related */
    float *scales;  /* [block][group][64] */
} Matrix;

/* Lay d_out rows of ceil(d_in/8) bytes out for `engine` and tables of so many planes, and scales (groups, d_out), for
 * groups of d_in/groups inputs that are whole words unless there is one; NULL without memory. */
Matrix *new_matrix(const Engine *engine, const uint8_t *bits, size_t d_out, size_t d_in, const float *scales,
                   size_t groups, int planes);
void free_matrix(Matrix *m);

INLINE size_t words_in(const Matrix *m, size_t chunk) {
    return chunk + 1 < m->chunks ? m->chunk : m->words - chunk * m->chunk;
}

/* Where the pieces of a block begin in a chunk of so many words. */
INLINE uint8_t *pieces_of(const Matrix *m, size_t chunk, size_t block, size_t words) {
    return m->weights + (chunk * m->chunk * m->blocks + block * words) * PIECE;
}

/* Complement the fours of 64 outputs whose fifth weight is −1, in the words of a block; done twice, it is undone. */
void relate(uint8_t *pieces, size_t words);

INLINE const float *scales_of(const Matrix *m, size_t block, size_t group) {
    return m->scales + (block * m->groups + group) * BLOCK;
}

/* out = φ(z) for x (rows, d_in), out (rows, d_out): z = scale·x Wᵀ, with scales α ⊙ (scale·x Wᵀ), with those of groups
 * g of inputs Σ_g α_g ⊙ (scale·x_g W_gᵀ). Says whether it was done: there was memory to work in. */
int multiply(const Matrix *m, const float *x, size_t rows, float *out, double scale, int activation, size_t threads);

/* Memory for `release`, or NULL. */
void *aligned(size_t bytes);
void release(void *memory);

#endif

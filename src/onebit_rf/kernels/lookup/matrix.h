/* A sign matrix laid out for an engine, and its product. */
#ifndef ONEBIT_RF_MATRIX_H
#define ONEBIT_RF_MATRIX_H
#include "engine.h"

typedef struct {
    const Engine *engine;
    size_t d_out, d_in, blocks, words; /* words of 32 inputs, rounded up */
    uint8_t *weights;
} Matrix;

/* Lay d_out rows of ceil(d_in/8) bytes out for `engine`; NULL without memory. */
Matrix *new_matrix(const Engine *engine, const uint8_t *bits, size_t d_out, size_t d_in);
void free_matrix(Matrix *m);

/* Where the pieces of a block begin in a chunk. Only the last chunk is shorter than CHUNK words. */
INLINE uint8_t *pieces_of(const Matrix *m, size_t chunk, size_t block, size_t words) {
    return m->weights + (chunk * CHUNK * m->blocks + block * words) * PIECE;
}

/* What becomes of the sums z: φ(scale·z), or φ(scales ⊙ (scale·z)) with d_out scales. */
typedef struct {
    double scale;
    const float *scales; /* or NULL */
    int activation;
} Finish;

/* out = φ(scale·x Wᵀ) for x (rows, d_in), out (rows, d_out). Says whether it was done: there was memory to work in. */
int multiply(const Matrix *m, const float *x, size_t rows, float *out, Finish finish, int planes, size_t threads);

/* Memory for `release`, or NULL. */
void *aligned(size_t bytes);
void release(void *memory);

#endif

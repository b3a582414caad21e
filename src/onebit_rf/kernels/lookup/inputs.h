/* A row of x as look-ups take it: on its grid, and chunk by chunk in tables. */
#ifndef ONEBIT_RF_INPUTS_H
#define ONEBIT_RF_INPUTS_H
#include "matrix.h"

/* What brings the table entries of a row onto the grid, or 0 if the float method is to be taken. */
float step_of(const Matrix *m, const float *x);

/* The inputs of one chunk of a row, padded with zeros to whole words; there, or in `room` for CHUNK words. */
const float *chunk_of(const Matrix *m, const float *x, size_t chunk, float *room);

void float_tables(const float *x, int words, float *t);

/* The tables of one chunk of a row for the engine's `block`, or for its `block_by_fives`. */
void integer_tables(const Matrix *m, const float *x, size_t chunk, float step, float *room, uint8_t *tables);

#endif

/* A row of x on its grid and in tables; see inputs.h. */
#include "inputs.h"

const float *chunk_of(const Matrix *m, const float *x, size_t chunk, float *room) {
    const size_t from = chunk * m->chunk * 32, whole = words_in(m, chunk) * 32, n = MIN(whole, m->d_in - from);
    if (n == whole) return x + from;
    memset(room, 0, whole * sizeof *x);
    return memcpy(room, x + from, n * sizeof *x);
}

/* The inputs of a chunk times step; by fives each input of a fifth word is rounded. */
static const float *rounded_fifths(const Matrix *m, const float *x, size_t chunk, float step, float *room) {
    const size_t words = words_in(m, chunk);
    x = chunk_of(m, x, chunk, room);
    for (size_t i = 0; i < 32 * words; i++) room[i] = x[i] * step;
    for (size_t word = 4; word < words; word += FIVES)
        for (int j = 0; j < 32; j++) room[32 * word + j] = (float)lrintf(room[32 * word + j]);
    return room;
}

void float_tables(const float *x, int words, float *t) {
    for (int g = 0; g < 8 * words; g++)
        for (int e = 0; e < 16; e++) t[g * 16 + e] = signed_sum(x + 4 * g, e);
}

/* The factor that brings the largest table entry to the largest number of `bits` bits and a sign, or 0 where float32
 * has no such factor. Four short of it for 24 bits: products and sums of float32 may round up by two, and so may the
 * four or five roundings of what an entry is made of. */
static float grid(float largest, int bits) {
    if (largest == 0) return 1;
    double factor = ((1 << bits) - (bits > 16 ? 5 : bits > 8 ? 2 : 1)) / (double)largest;
    return largest <= FLT_MAX && factor <= FLT_MAX && factor >= FLT_MIN ? (float)factor : 0;
}

float step_of(const Matrix *m, const float *x) {
    if (m->planes == FLOAT) return 0;
    const int bits = 8 * m->planes - 1;
    const float largest = m->engine->largest(x, m->d_in);
    if (!m->by_fives) return grid(largest, bits);
    const size_t fives = m->words / FIVES, whole = MIN(fives, m->d_in / 160);
    float most = m->engine->largest_five(x, whole);
    if (whole < fives) { /* inputs end in the last fifth word */
        float padded[160] = {0};
        memcpy(padded, x + 160 * whole, (m->d_in - 160 * whole) * sizeof *x);
        const float last = m->engine->largest_five(padded, 1);
        most = last > most ? last : most;
    }
    return grid(largest > most || !(largest <= FLT_MAX) ? largest : most, bits);
}

void integer_tables(const Matrix *m, const float *x, size_t chunk, float step, float *room, uint8_t *tables) {
    const int words = (int)words_in(m, chunk);
    if (m->is_related)
        m->engine->tables_by_fives(chunk_of(m, x, chunk, room), words, step, tables);
    else if (m->by_fives)
        m->engine->tables(rounded_fifths(m, x, chunk, step, room), words, 1, m->planes, tables);
    else
        m->engine->tables(chunk_of(m, x, chunk, room), words, step, m->planes, tables);
}
